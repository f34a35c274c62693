//! What the lab saw a Linux 6.18 node do with each shape.

use super::options::Options;
use super::*;
use crate::frame::{IcmpKind, IpOption, Lengths, Transport, VlanTag};
use crate::port::Protocol;

const NODE: [&str; 2] = ["192.0.2.10", "2001:db8::10"];

fn from(source: &str) -> IpPacket {
    let source: IpAddr = source.parse().expect(source);
    let node = NODE[usize::from(source.is_ipv6())];
    let transport = Transport::opening(Protocol::Tcp, 40000, 30007);
    IpPacket::plain(source, node.parse().expect(node), transport)
}

fn v4() -> IpPacket {
    from("198.51.100.7")
}

fn v6() -> IpPacket {
    from("2001:db8:bad::7")
}

fn frame(packet: IpPacket) -> FrameSpec {
    FrameSpec {
        tags: Vec::new(),
        body: Body::Ip(packet),
        truncate: None,
    }
}

/// What keeps the frame from the node's own sockets, and from a workload.
fn both_ways(spec: &FrameSpec) -> [Option<Undeliverable>; 2] {
    let node = NODE.map(|address| address.parse().expect(address));
    [Path::Local, Path::Forwarded].map(|path| undeliverable(spec, &node, path))
}

#[test]
fn sources() {
    const MARTIAN: Option<Undeliverable> = Some(Undeliverable::MartianSource);
    const OWN: Option<Undeliverable> = Some(Undeliverable::OwnSource);
    for (source, expected) in [
        ("198.51.100.7", [None, None]),
        ("0.0.0.0", [MARTIAN, MARTIAN]),
        ("0.0.0.1", [None, None]),
        ("126.255.255.255", [None, None]),
        ("127.0.0.0", [MARTIAN, MARTIAN]),
        ("127.255.255.255", [MARTIAN, MARTIAN]),
        ("169.254.1.1", [None, None]),
        ("224.0.0.0", [MARTIAN, MARTIAN]),
        ("239.255.255.255", [MARTIAN, MARTIAN]),
        ("240.0.0.1", [None, None]),
        ("255.255.255.254", [None, None]),
        ("255.255.255.255", [MARTIAN, MARTIAN]),
        ("192.0.2.10", [OWN, OWN]),
        ("2001:db8:bad::7", [None, None]),
        ("::", [None, MARTIAN]),
        ("::1", [MARTIAN, MARTIAN]),
        ("::2", [None, None]),
        ("fe80::1", [None, MARTIAN]),
        ("fec0::1", [None, None]),
        ("ff02::1", [MARTIAN, MARTIAN]),
        ("2001:db8::10", [None, None]),
    ] {
        assert_eq!(both_ways(&frame(from(source))), expected, "{source}");
    }
}

#[test]
fn shapes() {
    use Undeliverable::{ExtensionHeader as Header, LoneFragment, Malformed, UnknownVlan};
    let tagged = |ids: &[u16]| FrameSpec {
        tags: (ids.iter())
            .map(|id| VlanTag {
                tpid: 0x8100,
                id: *id,
                priority: 0,
            })
            .collect(),
        ..frame(v4())
    };
    let fragment = |packet, offset, more| {
        frame(IpPacket {
            fragment: Some(Fragment {
                offset,
                more,
                identification: None,
            }),
            ..packet
        })
    };
    let headers = |extension_headers: &[ExtensionHeader]| {
        frame(IpPacket {
            extension_headers: extension_headers.to_vec(),
            ..v6()
        })
    };
    let lies = |packet, lengths| frame(IpPacket { lengths, ..packet });
    let version = |version| Lengths {
        version: Some(version),
        ..Lengths::default()
    };
    let total = |total| Lengths {
        total: Some(total),
        ..Lengths::default()
    };
    let ihl = Lengths {
        ihl: Some(4),
        ..Lengths::default()
    };
    let cut = |bytes| FrameSpec {
        truncate: Some(bytes),
        ..frame(v4())
    };
    let everywhere = |why| [Some(why), Some(why)];
    for (name, spec, expected) in [
        ("three priority tags", tagged(&[0, 0, 0]), [None, None]),
        ("a VLAN", tagged(&[21]), everywhere(UnknownVlan)),
        (
            "a VLAN in a priority tag",
            tagged(&[0, 4095]),
            everywhere(UnknownVlan),
        ),
        (
            "a first fragment",
            fragment(v4(), 0, true),
            [Some(LoneFragment), None],
        ),
        (
            "a first fragment, IPv6",
            fragment(v6(), 0, true),
            [Some(LoneFragment), None],
        ),
        (
            "a middle fragment",
            fragment(v4(), 8, true),
            everywhere(LoneFragment),
        ),
        (
            "a last fragment",
            fragment(v6(), 8, false),
            everywhere(LoneFragment),
        ),
        ("an only fragment", fragment(v6(), 0, false), [None, None]),
        ("true lengths", lies(v4(), total(48)), [None, None]),
        (
            "a total too short",
            lies(v4(), total(47)),
            everywhere(Malformed),
        ),
        (
            "a total too long",
            lies(v4(), total(49)),
            everywhere(Malformed),
        ),
        ("a true IPv6 length", lies(v6(), total(28)), [None, None]),
        (
            "an IPv6 length too short",
            lies(v6(), total(27)),
            everywhere(Malformed),
        ),
        ("a header length", lies(v4(), ihl), everywhere(Malformed)),
        ("a true version", lies(v4(), version(4)), [None, None]),
        (
            "a false version",
            lies(v4(), version(6)),
            everywhere(Malformed),
        ),
        (
            "a false version, IPv6",
            lies(v6(), version(4)),
            everywhere(Malformed),
        ),
        ("cut", cut(61), everywhere(Malformed)),
        ("cut nowhere", cut(62), [None, None]),
        (
            "headers that are passed over",
            headers(&[
                ExtensionHeader::HopByHop,
                ExtensionHeader::Destination,
                ExtensionHeader::Routing,
                ExtensionHeader::Destination,
            ]),
            [None, None],
        ),
        (
            "hop-by-hop not at once",
            headers(&[ExtensionHeader::Destination, ExtensionHeader::HopByHop]),
            [Some(Header), None],
        ),
        (
            "authentication",
            headers(&[ExtensionHeader::Authentication]),
            everywhere(Header),
        ),
        (
            "mobility",
            headers(&[ExtensionHeader::Mobility]),
            everywhere(Header),
        ),
        (
            "host identity",
            headers(&[ExtensionHeader::HostIdentity]),
            everywhere(Header),
        ),
        (
            "shim6",
            headers(&[ExtensionHeader::Shim6]),
            everywhere(Header),
        ),
        (
            "echo request",
            frame(IpPacket {
                transport: Transport::Icmp(IcmpKind::EchoRequest { identifier: 7 }),
                ..v4()
            }),
            [None, None],
        ),
        (
            "no packet",
            FrameSpec {
                body: Body::Other { ethertype: 0x88cc },
                ..frame(v4())
            },
            everywhere(Undeliverable::NotIp),
        ),
    ] {
        assert_eq!(both_ways(&spec), expected, "{name}");
    }
}

#[test]
fn options_of_a_frame() {
    let with = |options| frame(IpPacket { options, ..v4() });
    for (options, expected) in [
        (vec![IpOption::RouterAlert, IpOption::Nop], None),
        (vec![IpOption::RecordRoute(9)], None),
        (vec![IpOption::Timestamp(9)], None),
        (
            vec![IpOption::RecordRoute(1), IpOption::RecordRoute(1)],
            Some(Undeliverable::Malformed),
        ),
        (
            vec![IpOption::LooseSourceRoute],
            Some(Undeliverable::SourceRoute),
        ),
        (
            vec![IpOption::Raw(vec![0x42])],
            Some(Undeliverable::Malformed),
        ),
    ] {
        assert_eq!(
            both_ways(&with(options.clone())),
            [expected; 2],
            "{options:?}"
        );
    }
}

#[test]
fn option_bytes() {
    use Options::{Harmless, Malformed, SourceRoute};
    for (bytes, expected) in [
        (&[][..], Harmless),
        (&[1, 1, 1, 1], Harmless),
        // Behind the end anything may stand.
        (&[0, 0xff, 0xff, 0xff], Harmless),
        // An unknown kind, its length beyond the end, and none at all.
        (&[0x42, 3, 0xff, 0], Harmless),
        (&[0x42, 0xff, 0, 0], Malformed),
        (&[0x42, 1, 0, 0], Malformed),
        (&[1, 1, 1, 0x42], Malformed),
        // Record route: full, pointing at itself, no room, room.
        (&[7, 3, 4, 0], Harmless),
        (&[7, 3, 3, 0], Malformed),
        (&[7, 2, 0, 0], Malformed),
        (&[7, 6, 4, 0, 0, 0, 0, 0], Malformed),
        (&[7, 7, 4, 0, 0, 0, 0, 0], Harmless),
        (&[7, 7, 5, 0, 0, 0, 0, 0], Malformed),
        (&[7, 7, 8, 0, 0, 0, 0, 0], Harmless),
        (&[7, 7, 0xff, 0, 0, 0, 0, 0], Harmless),
        // Source routes, also a complete one; a second one is one too many.
        (&[137, 7, 4, 127, 0, 0, 1, 0], SourceRoute),
        (&[131, 3, 4, 0], SourceRoute),
        (&[131, 3, 3, 0], Malformed),
        (&[131, 2, 0, 0], Malformed),
        (&[131, 3, 4, 137, 3, 4, 0, 0], Malformed),
        // Timestamps: full, hosts without room, with addresses.
        (&[68, 3, 5, 0], Malformed),
        (&[68, 4, 5, 0], Harmless),
        (&[68, 4, 5, 0xf0], Malformed),
        (&[68, 4, 5, 0xe0], Harmless),
        (&[68, 4, 5, 0xf3], Harmless),
        (&[68, 8, 4, 0, 0, 0, 0, 0], Malformed),
        (&[68, 8, 5, 0, 0, 0, 0, 0], Harmless),
        (&[68, 8, 6, 0, 0, 0, 0, 0], Malformed),
        (&[68, 8, 5, 1, 0, 0, 0, 0], Malformed),
        (&[68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0], Harmless),
        (&[68, 12, 5, 3, 0, 0, 0, 0, 0, 0, 0, 0], Harmless),
        (&[68, 4, 5, 0, 68, 4, 5, 0], Malformed),
        // Router alerts, whatever they say.
        (&[148, 3, 0, 0], Malformed),
        (&[148, 4, 0, 1, 148, 4, 0, 0], Harmless),
        // Labels: Cisco's needs an agreement, the basic one is not read.
        (&[134, 6, 0, 0, 0, 1, 0, 0], Malformed),
        (&[130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Harmless),
    ] {
        assert_eq!(Options::of(bytes), expected, "{bytes:02x?}");
    }
}
