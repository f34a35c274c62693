//! How long a packet of each description is: announced as that long it is whole, and
//! announced as a byte longer it is not.

use std::net::IpAddr;

use netverdict_abi::{MAX_EXTENSION_HEADERS, Reason};
use netverdict_policy::frame::{
    ExtensionHeader, Fragment, FrameSpec, IcmpKind, IpOption, IpPacket, Lengths, ProbeId, Quoted,
    QuotedTransport, TcpFlags, Transport, build,
};
use netverdict_policy::journey::Point;

use crate::given::{cilium, cluster, frame, inside, packet};
use crate::parties::Parties;

fn v4() -> IpPacket {
    inside(&packet("198.51.100.7 > 10.0.0.10 80/tcp")).clone()
}

fn v6() -> IpPacket {
    inside(&packet("2001:db8:bad::7 > fd00::a 80/tcp")).clone()
}

/// At the uplink, by a policy that drops nothing there.
fn reason(packet: IpPacket) -> Reason {
    let policy = cluster(Vec::new());
    let judged = Parties::untracked(&policy).judge(Point::Uplink, &frame(packet));
    judged
        .unwrap_or_else(|difference| panic!("{difference}"))
        .reason
}

fn announced(packet: &IpPacket, total: usize) -> IpPacket {
    IpPacket {
        lengths: Lengths {
            total: Some(u16::try_from(total).expect("it is short")),
            ..Lengths::default()
        },
        ..packet.clone()
    }
}

/// What the length field would say: its IPv4 header counts, that of IPv6 does not.
fn true_length(spec: &FrameSpec, packet: &IpPacket) -> usize {
    let bytes = build(spec, ProbeId(1), [2, 0, 0, 0, 0, 1]).expect("it has bytes");
    bytes.len() - if packet.source.is_ipv4() { 14 } else { 14 + 40 }
}

fn check(name: &str, packet: &IpPacket) {
    let length = true_length(&frame(packet.clone()), packet);
    let whole = reason(announced(packet, length));
    assert_ne!(whole, Reason::Truncated, "{name}: {packet:?}");
    let longer = reason(announced(packet, length + 1));
    assert_eq!(longer, Reason::Truncated, "{name}: {packet:?}");
}

fn message(kind: u8) -> IcmpKind {
    IcmpKind::Other { kind, code: 0 }
}

/// An error, as routers send them, about a packet between these.
fn error(kind: u8, [source, destination]: [IpAddr; 2], words: u8, later: bool) -> IcmpKind {
    IcmpKind::Error {
        kind,
        code: 0,
        about: Quoted {
            source,
            destination,
            option_words: words,
            later_fragment: later,
            transport: QuotedTransport::Other { protocol: 47 },
        },
    }
}

#[test]
fn options() {
    let each = [
        ("none", vec![]),
        ("no operation", vec![IpOption::Nop]),
        ("router alert", vec![IpOption::RouterAlert]),
        ("record route", vec![IpOption::RecordRoute(3)]),
        ("timestamp", vec![IpOption::Timestamp(3)]),
        ("source route", vec![IpOption::LooseSourceRoute]),
        ("bytes", vec![IpOption::Raw(vec![1; 5])]),
        (
            "several",
            vec![
                IpOption::RouterAlert,
                IpOption::RecordRoute(2),
                IpOption::Nop,
            ],
        ),
    ];
    for (name, options) in each {
        check(name, &IpPacket { options, ..v4() });
    }
}

#[test]
fn what_is_carried() {
    let tcp = Transport::Tcp {
        source: 40000,
        destination: 80,
        flags: TcpFlags::SYN,
    };
    let udp = Transport::Udp {
        source: 40000,
        destination: 80,
    };
    let sctp = Transport::Sctp {
        source: 40000,
        destination: 80,
    };
    let echo = Transport::Icmp(IcmpKind::EchoRequest { identifier: 7 });
    let both = [v4(), v6()];
    for payload in [0, 1, 4, 7, 8, 9, 10, 11, 15, 16, 17, 18, 100] {
        for packet in &both {
            for transport in [tcp, udp, sctp, echo, Transport::Other { protocol: 47 }] {
                let carrying = IpPacket {
                    transport,
                    payload,
                    ..packet.clone()
                };
                check("payload", &carrying);
            }
        }
        let solicitation = IpPacket {
            transport: Transport::Icmp(IcmpKind::NeighbourSolicitation),
            payload,
            ..v6()
        };
        check("solicitation", &solicitation);
    }
    check(
        "message",
        &IpPacket {
            transport: Transport::Icmp(message(13)),
            ..v4()
        },
    );
}

#[test]
fn quoted_packets() {
    let v4_ends = ["10.0.0.10", "198.51.100.7"].map(|end| end.parse().expect(end));
    let v6_ends = ["fd00::a", "2001:db8:bad::7"].map(|end| end.parse().expect(end));
    for words in [0, 1, 10] {
        for later in [false, true] {
            let transport = Transport::Icmp(error(3, v4_ends, words, later));
            check("quoted IPv4", &IpPacket { transport, ..v4() });
        }
    }
    for later in [false, true] {
        let transport = Transport::Icmp(error(1, v6_ends, 0, later));
        check("quoted IPv6", &IpPacket { transport, ..v6() });
    }
}

/// A packet that was seen somewhere, with less behind its header than its description
/// has.
#[test]
fn packets_that_end_early() {
    let described = true_length(&frame(v4()), &v4()) - 20;
    for bytes in [
        0,
        4,
        described - 1,
        described,
        described + 1,
        described + 40,
    ] {
        let packet = IpPacket {
            shortened_to: Some(bytes),
            ..v4()
        };
        let length = 20 + bytes.min(described);
        assert_eq!(true_length(&frame(packet.clone()), &packet), length);
        let whole = reason(announced(&packet, length));
        assert_eq!(whole == Reason::Truncated, bytes < 4, "{bytes}");
        let longer = reason(announced(&packet, length + 1));
        assert_eq!(longer, Reason::Truncated, "{bytes}");
    }
}

#[test]
fn extension_headers_end_where_the_packet_does() {
    let with = |count, transport| IpPacket {
        extension_headers: vec![ExtensionHeader::Destination; count],
        transport,
        ..v6()
    };
    // Nothing has to be behind them.
    let other = with(1, Transport::Other { protocol: 47 });
    assert_eq!(reason(announced(&other, 8)), Reason::OtherProtocol);
    assert_eq!(reason(announced(&other, 7)), Reason::Truncated);
    // The first that is not there ends it, however many would follow.
    let many = with(MAX_EXTENSION_HEADERS + 1, Transport::Other { protocol: 47 });
    assert_eq!(reason(announced(&many, 4)), Reason::Truncated);
    let fragment = Some(Fragment {
        offset: 0,
        more: true,
        identification: None,
    });
    let first = IpPacket { fragment, ..other };
    assert_eq!(reason(announced(&first, 16)), Reason::OtherProtocol);
    assert_eq!(reason(announced(&first, 15)), Reason::Truncated);
}

/// Who is asked about: the group that the target listens on (RFC 4291 §2.7.1).
#[test]
fn solicitations_go_to_a_group() {
    let group = "egress allow ff02::1:ff12:3456/128 on all";
    let policy = cluster(vec![cilium("front:app=web", &[group])]);
    for (target, expected) in [
        ("2001:db8::ab12:3456", Reason::PolicyAllow),
        ("2001:db8::3456", Reason::PolicyNoMatch),
    ] {
        let solicitation = IpPacket {
            source: "fd00::a".parse().expect("an address"),
            destination: target.parse().expect(target),
            transport: Transport::Icmp(IcmpKind::NeighbourSolicitation),
            // With 255 it would be discovery, which no policy is asked about.
            hop_limit: Some(64),
            ..v6()
        };
        let judged = Parties::untracked(&policy).judge(Point::Egress(0), &frame(solicitation));
        assert_eq!(judged.map(|it| it.reason), Ok(expected), "{target}");
    }
}
