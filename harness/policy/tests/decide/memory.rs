//! What is remembered: connections, echoes, errors about them, first fragments.

use std::net::IpAddr;

use netverdict_abi::Reason;
use netverdict_policy::frame::{
    Fragment, FrameSpec, IcmpKind, IpPacket, Quoted, QuotedTransport, Transport,
};
use netverdict_policy::journey::Point;
use netverdict_policy::model::Policy;
use netverdict_policy::port::Protocol;

use crate::given::{cilium, cluster, frame, inside, packet};
use crate::parties::Parties;

const REPLY: Reason = Reason::Reply;
const RELATED: Reason = Reason::Related;
const ALLOW: Reason = Reason::PolicyAllow;
const NO_MATCH: Reason = Reason::PolicyNoMatch;
const DEFAULT: Reason = Reason::PolicyDefaultDeny;
const LOST: Reason = Reason::UntrackedFragment;

/// `web` may be reached by `api` and may reach `db`, and nothing else.
fn narrow() -> Policy {
    cluster(vec![cilium(
        "front:app=web",
        &[
            "ingress allow front:app=api on all",
            "egress allow back:app=db on all",
        ],
    )])
}

/// Packets at `web`'s hooks, one after the other.
fn check(name: &str, policy: &Policy, packets: &[(FrameSpec, Reason)]) {
    let mut parties = Parties::tracking(policy);
    for (index, (sent, expected)) in packets.iter().enumerate() {
        let decision = (parties.judge(point(sent), sent))
            .unwrap_or_else(|difference| panic!("{name}: {difference}"));
        assert_eq!(decision.reason, *expected, "{name}: packet {index}");
    }
}

fn point(frame: &FrameSpec) -> Point {
    let web: [IpAddr; 2] = ["10.0.0.10", "fd00::a"].map(|address| address.parse().expect(address));
    if web.contains(&inside(frame).source) {
        Point::Egress(0)
    } else {
        Point::Ingress(0)
    }
}

fn check_texts(rows: &[(&str, &[(&str, Reason)])]) {
    for (name, packets) in rows {
        let packets: Vec<_> = (packets.iter())
            .map(|(text, expected)| (packet(text), *expected))
            .collect();
        check(name, &narrow(), &packets);
    }
}

#[test]
fn replies() {
    check_texts(&[
        (
            "to what was received",
            &[
                ("10.0.0.10 > 10.0.0.11 80>40000/tcp", NO_MATCH),
                ("10.0.0.11 > 10.0.0.10 40000>80/tcp", ALLOW),
                ("10.0.0.10 > 10.0.0.11 80>40000/tcp", REPLY),
                ("10.0.0.10 > 10.0.0.11 80>40001/tcp", NO_MATCH),
                ("10.0.0.10 > 10.0.0.11 81>40000/tcp", NO_MATCH),
                ("10.0.0.10 > 10.0.0.11 80>40000/udp", NO_MATCH),
            ],
        ),
        (
            "to what was sent, and no new connection the other way",
            &[
                ("10.0.0.10 > 10.0.0.12 40000>5432/tcp", ALLOW),
                ("10.0.0.12 > 10.0.0.10 5432>40000/tcp", REPLY),
                ("10.0.0.12 > 10.0.0.10 40000>5432/tcp", NO_MATCH),
                ("10.0.0.12 > 10.0.0.10 5432>80/tcp", NO_MATCH),
                ("10.0.0.11 > 10.0.0.10 5432>40000/tcp", ALLOW),
            ],
        ),
        (
            "of other families and protocols",
            &[
                ("fd00::a > fd00::c 40000>53/udp", ALLOW),
                ("fd00::c > fd00::a 53>40000/udp", REPLY),
                ("10.0.0.12 > 10.0.0.10 53>40000/udp", NO_MATCH),
                ("10.0.0.10 > 10.0.0.12 40000>99/sctp", ALLOW),
                ("10.0.0.12 > 10.0.0.10 99>40000/sctp", REPLY),
                ("10.0.0.10 > 10.0.0.12 protocol 47", ALLOW),
                ("10.0.0.12 > 10.0.0.10 protocol 47", REPLY),
                ("10.0.0.12 > 10.0.0.10 protocol 50", NO_MATCH),
            ],
        ),
        (
            "not to what was dropped",
            &[
                ("10.0.0.12 > 10.0.0.10 40000>80/tcp", NO_MATCH),
                ("10.0.0.10 > 10.0.0.11 80>40000/tcp", NO_MATCH),
            ],
        ),
        (
            "a reply begins no connection",
            &[
                ("10.0.0.11 > 10.0.0.10 40000>80/tcp", ALLOW),
                ("10.0.0.10 > 10.0.0.11 80>40000/tcp", REPLY),
                // Received still because it is allowed, not as the reply's reply.
                ("10.0.0.11 > 10.0.0.10 40000>80/tcp", ALLOW),
            ],
        ),
        (
            "echoes, by identifier",
            &[
                ("10.0.0.10 > 10.0.0.12 echo 7", ALLOW),
                ("10.0.0.12 > 10.0.0.10 echo-reply 7", REPLY),
                ("10.0.0.12 > 10.0.0.10 echo-reply 8", NO_MATCH),
                ("10.0.0.12 > 10.0.0.10 echo 7", NO_MATCH),
                ("10.0.0.12 > 10.0.0.10 icmp 14", NO_MATCH),
            ],
        ),
        (
            "an echo request is no reply, not even with identifier 0",
            &[
                ("fd00::a > fd00::c echo 0", ALLOW),
                ("fd00::c > fd00::a echo 0", NO_MATCH),
                ("fd00::c > fd00::a echo-reply 0", REPLY),
            ],
        ),
        (
            "no other message of ICMP begins anything",
            &[
                ("10.0.0.10 > 10.0.0.12 icmp 13", ALLOW),
                ("10.0.0.12 > 10.0.0.10 icmp 13", NO_MATCH),
                ("10.0.0.10 > 10.0.0.12 echo-reply 7", ALLOW),
                ("10.0.0.12 > 10.0.0.10 echo 7", NO_MATCH),
            ],
        ),
    ]);
}

#[test]
fn what_no_policy_selects_is_remembered_too() {
    let policy = cluster(vec![cilium(
        "front:app=web",
        &["egress allow nobody on all"],
    )]);
    let packets = [
        (
            packet("10.0.0.11 > 10.0.0.10 40000>80/tcp"),
            Reason::PolicyNotSelected,
        ),
        (packet("10.0.0.10 > 10.0.0.11 80>40000/tcp"), REPLY),
        (packet("10.0.0.10 > 10.0.0.11 80>40001/tcp"), DEFAULT),
    ];
    check("free to receive", &policy, &packets);
}

#[test]
fn without_tracking_every_packet_is_the_first() {
    let policy = narrow();
    let mut parties = Parties::untracked(&policy);
    for (text, expected) in [
        ("10.0.0.11 > 10.0.0.10 40000>80/tcp", ALLOW),
        ("10.0.0.10 > 10.0.0.11 80>40000/tcp", NO_MATCH),
    ] {
        let sent = packet(text);
        let decision = parties.judge(point(&sent), &sent).expect(text);
        assert_eq!(decision.reason, expected, "{text}");
    }
}

/// An error from `source` to `destination` about a packet such as
/// `10.0.0.10 > 10.0.0.12 80/tcp`.
fn error(source: &str, destination: &str, about: &str) -> Error {
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

struct Error {
    source: IpAddr,
    destination: IpAddr,
    quoted: Quoted,
}

impl Error {
    fn frame(&self) -> FrameSpec {
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

/// The packet as this fragment of packet `number`.
fn fragment(text: &str, offset: u16, number: u32) -> FrameSpec {
    let whole = packet(text);
    frame(IpPacket {
        fragment: Some(Fragment {
            offset,
            more: offset == 0,
            identification: Some(number),
        }),
        ..inside(&whole).clone()
    })
}

#[test]
fn later_fragments_share_the_fate_of_the_first() {
    let policy = cluster(vec![cilium(
        "front:app=web",
        &["ingress allow front: on 80/tcp"],
    )]);
    let open = "10.0.0.11 > 10.0.0.10 80/tcp";
    let shut = "10.0.0.11 > 10.0.0.10 81/tcp";
    let open_v6 = "fd00::b > fd00::a 80/tcp";
    let cases: Vec<(&str, Vec<(FrameSpec, Reason)>)> = vec![
        (
            "allowed",
            vec![
                (fragment(open, 1480, 1), LOST),
                (fragment(open, 0, 1), ALLOW),
                (fragment(open, 1480, 1), ALLOW),
                (fragment(open, 1480, 2), LOST),
            ],
        ),
        (
            "dropped, whatever their own bytes say",
            vec![
                (fragment(shut, 0, 1), NO_MATCH),
                (fragment(open, 1480, 1), NO_MATCH),
            ],
        ),
        (
            "of another sender or protocol",
            vec![
                (fragment(open, 0, 1), ALLOW),
                (fragment("10.0.0.12 > 10.0.0.10 80/tcp", 1480, 1), LOST),
                (fragment("10.0.0.11 > 10.0.0.10 80/udp", 1480, 1), LOST),
            ],
        ),
        (
            "IPv4 has 16 bits of identification",
            vec![
                (fragment(open, 0, 0x0001_0005), ALLOW),
                (fragment(open, 1480, 5), ALLOW),
            ],
        ),
        (
            "IPv6 has 32, and no protocol",
            vec![
                (fragment(open_v6, 0, 0x0001_0005), ALLOW),
                (fragment(open_v6, 1480, 5), LOST),
                (
                    fragment("fd00::b > fd00::a 80/udp", 1480, 0x0001_0005),
                    ALLOW,
                ),
            ],
        ),
        (
            "the last first fragment counts",
            vec![
                (fragment(open, 0, 1), ALLOW),
                (fragment(shut, 0, 1), NO_MATCH),
                (fragment(open, 1480, 1), NO_MATCH),
            ],
        ),
    ];
    for (name, packets) in cases {
        check(name, &policy, &packets);
    }
}

#[test]
fn fragments_of_replies() {
    let packets = [
        (packet("10.0.0.10 > 10.0.0.12 echo 7"), ALLOW),
        (fragment("10.0.0.12 > 10.0.0.10 echo-reply 7", 0, 1), REPLY),
        (
            fragment("10.0.0.12 > 10.0.0.10 echo-reply 7", 1480, 1),
            REPLY,
        ),
        (packet("10.0.0.10 > 10.0.0.12 40000>53/udp"), ALLOW),
        (fragment("10.0.0.12 > 10.0.0.10 53>40000/udp", 0, 2), REPLY),
        (
            fragment("10.0.0.12 > 10.0.0.10 53>40000/udp", 1480, 2),
            REPLY,
        ),
    ];
    check("replies", &narrow(), &packets);
    // An error is about a packet in its first fragment alone.
    let request = "10.0.0.10 > 10.0.0.12 40000>5432/tcp";
    let part = |offset| {
        let whole = error("172.16.0.1", "10.0.0.10", request).frame();
        frame(IpPacket {
            fragment: Some(Fragment {
                offset,
                more: offset == 0,
                identification: Some(9),
            }),
            ..inside(&whole).clone()
        })
    };
    let packets = [
        (packet(request), ALLOW),
        (part(0), RELATED),
        (part(1480), NO_MATCH),
    ];
    check("errors", &narrow(), &packets);
}

#[test]
fn each_hook_remembers_its_own() {
    let policy = cluster(Vec::new());
    let mut parties = Parties::tracking(&policy);
    let text = "10.0.0.11 > 10.0.0.10 80/tcp";
    let mut ask = |point, offset| {
        (parties.judge(point, &fragment(text, offset, 1)))
            .expect("agreed")
            .reason
    };
    assert_eq!(ask(Point::Egress(1), 0), Reason::PolicyNotSelected);
    assert_eq!(ask(Point::Ingress(0), 1480), LOST);
    assert_eq!(ask(Point::Egress(1), 1480), Reason::PolicyNotSelected);
}
