//! ICMP errors about packets of connections.

use super::*;

/// An error from `source` to `destination` about a packet such as
/// `10.0.0.10 > 10.0.0.12 80/tcp`.
pub(super) fn error(source: &str, destination: &str, about: &str) -> Error {
    let about = packet(about);
    let inner = inside(&about);
    let ports = |protocol, source, destination| QuotedTransport::Ports {
        protocol,
        source,
        destination,
    };
    Error {
        source: source.parse().expect(source),
        destination: destination.parse().expect(destination),
        quoted: Quoted {
            source: inner.source,
            destination: inner.destination,
            option_words: 0,
            later_fragment: false,
            transport: match inner.transport {
                Transport::Tcp {
                    source,
                    destination,
                    ..
                } => ports(Protocol::Tcp, source, destination),
                Transport::Udp {
                    source,
                    destination,
                } => ports(Protocol::Udp, source, destination),
                Transport::Sctp {
                    source,
                    destination,
                } => ports(Protocol::Sctp, source, destination),
                Transport::Icmp(IcmpKind::EchoRequest { identifier }) => {
                    QuotedTransport::EchoRequest { identifier }
                }
                Transport::Icmp(IcmpKind::EchoReply { identifier }) => {
                    QuotedTransport::EchoReply { identifier }
                }
                Transport::Icmp(_) => panic!("not quoted here"),
                Transport::Other { protocol } => QuotedTransport::Other { protocol },
            },
        },
    }
}

pub(super) struct Error {
    source: IpAddr,
    destination: IpAddr,
    quoted: Quoted,
}

impl Error {
    pub(super) fn frame(&self) -> FrameSpec {
        let kind = if self.source.is_ipv4() { 3 } else { 1 };
        let any = packet("10.0.0.10 > 10.0.0.12 echo 1");
        frame(IpPacket {
            source: self.source,
            destination: self.destination,
            transport: Transport::Icmp(IcmpKind::Error {
                kind,
                code: 1,
                about: self.quoted,
            }),
            ..inside(&any).clone()
        })
    }
}

#[test]
fn errors() {
    let request = "10.0.0.10 > 10.0.0.12 40000>5432/tcp";
    let router = "172.16.0.1";
    let sent = || (packet(request), ALLOW);
    let cases: Vec<(&str, Vec<(FrameSpec, Reason)>)> = vec![
        (
            "about what was sent, from anybody on the way",
            vec![
                (error(router, "10.0.0.10", request).frame(), NO_MATCH),
                sent(),
                (error(router, "10.0.0.10", request).frame(), RELATED),
                (error("10.0.0.12", "10.0.0.10", request).frame(), RELATED),
            ],
        ),
        (
            "about another packet",
            vec![
                sent(),
                (
                    error(router, "10.0.0.10", "10.0.0.10 > 10.0.0.12 40001>5432/tcp").frame(),
                    NO_MATCH,
                ),
                (
                    error(router, "10.0.0.10", "10.0.0.10 > 10.0.0.12 40000>5432/udp").frame(),
                    NO_MATCH,
                ),
                (
                    error(router, "10.0.0.10", "10.0.0.12 > 10.0.0.10 5432>40000/tcp").frame(),
                    NO_MATCH,
                ),
            ],
        ),
        (
            "about what was received, sent",
            vec![
                (packet("10.0.0.11 > 10.0.0.10 40000>80/udp"), ALLOW),
                (
                    error(
                        "10.0.0.10",
                        "10.0.0.11",
                        "10.0.0.11 > 10.0.0.10 40000>80/udp",
                    )
                    .frame(),
                    RELATED,
                ),
                (
                    error(
                        "10.0.0.10",
                        "10.0.0.11",
                        "10.0.0.11 > 10.0.0.10 40000>81/udp",
                    )
                    .frame(),
                    NO_MATCH,
                ),
            ],
        ),
        (
            "about echoes",
            vec![
                (packet("10.0.0.10 > 10.0.0.12 echo 7"), ALLOW),
                (
                    error(router, "10.0.0.10", "10.0.0.10 > 10.0.0.12 echo 7").frame(),
                    RELATED,
                ),
                (
                    error(router, "10.0.0.10", "10.0.0.10 > 10.0.0.12 echo 8").frame(),
                    NO_MATCH,
                ),
                (
                    error(router, "10.0.0.10", "10.0.0.10 > 10.0.0.12 echo-reply 7").frame(),
                    NO_MATCH,
                ),
            ],
        ),
        (
            "of IPv6, and about protocols without ports",
            vec![
                (packet("fd00::a > fd00::c protocol 47"), ALLOW),
                (
                    error("2001:db8::1", "fd00::a", "fd00::a > fd00::c protocol 47").frame(),
                    RELATED,
                ),
                (
                    error("2001:db8::1", "fd00::a", "fd00::a > fd00::c protocol 50").frame(),
                    NO_MATCH,
                ),
            ],
        ),
        (
            "an inner header of any length, of any fragment but a later one",
            vec![
                sent(),
                (
                    Error {
                        quoted: Quoted {
                            option_words: 10,
                            ..error(router, "10.0.0.10", request).quoted
                        },
                        ..error(router, "10.0.0.10", request)
                    }
                    .frame(),
                    RELATED,
                ),
                (
                    Error {
                        quoted: Quoted {
                            later_fragment: true,
                            ..error(router, "10.0.0.10", request).quoted
                        },
                        ..error(router, "10.0.0.10", request)
                    }
                    .frame(),
                    NO_MATCH,
                ),
            ],
        ),
    ];
    for (name, packets) in cases {
        check(name, &narrow(), &packets);
    }
}

/// An error about a reply belongs to the connection as one about a request does:
/// how else would a server learn that its answers are too big (RFC 1191 §3)?
#[test]
fn errors_about_replies() {
    let (router, router_v6) = ("172.16.0.1", "2001:db8::1");
    let request = "10.0.0.11 > 10.0.0.10 40000>80/tcp";
    let answer = "10.0.0.10 > 10.0.0.11 80>40000/tcp";
    let asked = "10.0.0.10 > 10.0.0.12 40000>5432/udp";
    let answered = "10.0.0.12 > 10.0.0.10 5432>40000/udp";
    let to_web = |about| error(router, "10.0.0.10", about).frame();
    let to_web_v6 = |about| error(router_v6, "fd00::a", about).frame();
    let by_web = |about| error("10.0.0.10", "10.0.0.12", about).frame();
    let by_web_v6 = |about| error("fd00::a", "fd00::c", about).frame();
    let to_another = |about| error("10.0.0.10", "10.0.0.11", about).frame();
    let cases: Vec<(&str, Vec<(FrameSpec, Reason)>)> = vec![
        (
            "about what was answered, from somebody on the way",
            vec![
                (to_web(answer), NO_MATCH),
                (packet(request), ALLOW),
                (to_web(answer), RELATED),
                (to_web("10.0.0.10 > 10.0.0.11 80>40001/tcp"), NO_MATCH),
                (to_web("10.0.0.10 > 10.0.0.11 81>40000/tcp"), NO_MATCH),
                (to_web("10.0.0.10 > 10.0.0.11 40000>80/tcp"), NO_MATCH),
                (to_web("10.0.0.10 > 10.0.0.11 80>40000/udp"), NO_MATCH),
                (to_web("10.0.0.10 > 10.0.0.12 80>40000/tcp"), NO_MATCH),
            ],
        ),
        (
            "about an answer that was received",
            vec![
                (by_web(answered), NO_MATCH),
                (packet(asked), ALLOW),
                (by_web(answered), RELATED),
                (to_another(answered), NO_MATCH),
                (by_web("10.0.0.12 > 10.0.0.10 5432>40001/udp"), NO_MATCH),
                (by_web("10.0.0.12 > 10.0.0.10 40000>5432/udp"), NO_MATCH),
            ],
        ),
        (
            "a question that was dropped has no answer",
            vec![
                (packet("10.0.0.12 > 10.0.0.10 40000>80/tcp"), NO_MATCH),
                (to_web("10.0.0.10 > 10.0.0.12 80>40000/tcp"), NO_MATCH),
            ],
        ),
        (
            "about echo replies that were sent, by identifier",
            vec![
                (packet("fd00::b > fd00::a echo 7"), ALLOW),
                (to_web_v6("fd00::a > fd00::b echo-reply 7"), RELATED),
                (to_web_v6("fd00::a > fd00::b echo-reply 8"), NO_MATCH),
                (to_web_v6("fd00::a > fd00::b echo 7"), NO_MATCH),
            ],
        ),
        (
            "about echo replies that were received",
            vec![
                (packet("10.0.0.10 > 10.0.0.12 echo 7"), ALLOW),
                (by_web("10.0.0.12 > 10.0.0.10 echo-reply 7"), RELATED),
                (by_web("10.0.0.12 > 10.0.0.10 echo-reply 8"), NO_MATCH),
                (by_web("10.0.0.12 > 10.0.0.10 echo 7"), NO_MATCH),
            ],
        ),
        (
            "a request of identifier 0 is nobody's reply, a reply nobody's request",
            vec![
                (packet("10.0.0.11 > 10.0.0.10 echo 0"), ALLOW),
                (to_web("10.0.0.10 > 10.0.0.11 echo 0"), NO_MATCH),
                (to_web("10.0.0.10 > 10.0.0.11 echo-reply 0"), RELATED),
                (packet("10.0.0.10 > 10.0.0.12 echo 0"), ALLOW),
                (to_web("10.0.0.10 > 10.0.0.12 echo-reply 0"), NO_MATCH),
                (to_web("10.0.0.10 > 10.0.0.12 echo 0"), RELATED),
            ],
        ),
        (
            "of IPv6, and about protocols without ports",
            vec![
                (packet("fd00::b > fd00::a protocol 47"), ALLOW),
                (to_web_v6("fd00::a > fd00::b protocol 47"), RELATED),
                (to_web_v6("fd00::a > fd00::b protocol 50"), NO_MATCH),
                (packet("fd00::a > fd00::c 40000>53/udp"), ALLOW),
                (by_web_v6("fd00::c > fd00::a 53>40000/udp"), RELATED),
                (by_web_v6("fd00::c > fd00::a 54>40000/udp"), NO_MATCH),
            ],
        ),
        (
            "whoever sent the answer hears of it, and whoever received it speaks of it",
            vec![
                (packet(request), ALLOW),
                (packet(asked), ALLOW),
                // The wrong end of each.
                (to_web(answered), NO_MATCH),
                (by_web(answer), NO_MATCH),
            ],
        ),
    ];
    // As `narrow`, but errors need a connection.
    let policy = cluster(vec![cilium(
        "front:app=web",
        &[
            "ingress allow front:app=api on all",
            "egress allow back:app=db on 5432/udp, 53/udp, 8/icmp",
        ],
    )]);
    for (name, packets) in cases {
        check(name, &policy, &packets);
    }
}

/// An error about somebody else's packet is none about one's own.
#[test]
fn errors_for_others() {
    let policy = cluster(vec![cilium(
        "front:app=web",
        &["ingress allow back: on 80/tcp"],
    )]);
    let mut parties = Parties::tracking(&policy);
    let request = "10.0.0.11 > 10.0.0.12 40000>5432/tcp";
    let mut ask = |point, frame: &FrameSpec| parties.judge(point, frame).expect("agreed").reason;
    assert_eq!(
        ask(Point::Egress(1), &packet(request)),
        Reason::PolicyNotSelected
    );
    let to_api = error("172.16.0.1", "10.0.0.11", request).frame();
    assert_eq!(ask(Point::Ingress(1), &to_api), RELATED);
    let to_web = error("172.16.0.1", "10.0.0.10", request).frame();
    assert_eq!(ask(Point::Ingress(0), &to_web), NO_MATCH);
    // Nor is one sent by another than who received it.
    assert_eq!(
        ask(Point::Ingress(2), &packet(request)),
        Reason::PolicyNotSelected
    );
    let policy = cluster(vec![cilium(
        "front:app=web",
        &["egress allow back: on 80/tcp"],
    )]);
    let mut parties = Parties::tracking(&policy);
    let mut ask = |point, frame: &FrameSpec| parties.judge(point, frame).expect("agreed").reason;
    assert_eq!(
        ask(Point::Ingress(2), &packet(request)),
        Reason::PolicyNotSelected
    );
    let by_db = error("10.0.0.12", "10.0.0.11", request).frame();
    assert_eq!(ask(Point::Egress(2), &by_db), RELATED);
    // Nor is one that is not for whoever sent the packet.
    let told_to_web = error("10.0.0.12", "10.0.0.10", request).frame();
    assert_eq!(
        ask(Point::Egress(2), &told_to_web),
        Reason::PolicyNotSelected
    );
    let by_web = error("10.0.0.10", "10.0.0.11", request).frame();
    assert_eq!(ask(Point::Egress(0), &by_web), NO_MATCH);
}

/// What is read of the inner packet must be there.
#[test]
fn errors_cut_short() {
    let request = "10.0.0.10 > 10.0.0.12 40000>5432/tcp";
    for (behind_header, expected) in [(0, NO_MATCH), (3, NO_MATCH), (4, RELATED), (8, RELATED)] {
        let whole = error("172.16.0.1", "10.0.0.10", request).frame();
        let mut body = inside(&whole).clone();
        body.lengths.total = Some(20 + 8 + 20 + behind_header);
        let packets = [(packet(request), ALLOW), (frame(body), expected)];
        check(&format!("{behind_header} bytes"), &narrow(), &packets);
    }
}
