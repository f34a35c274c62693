//! Shapes of frames under a fixed policy, at every length.

use netverdict_abi::Reason;
use netverdict_policy::frame::{
    Body, ExtensionHeader, Fragment, FrameSpec, IcmpKind, IpOption, IpPacket, Lengths, TcpFlags,
    Transport, VlanTag, length,
};
use netverdict_policy::image::MapImage;
use netverdict_policy::lower::lower;
use netverdict_policy::model::Policy;

use crate::given::{allow, for_inventory, inventory, port};
use crate::parties::{agreed_reason, frame, packet};

/// Sources of 198.51.100.0/24 and 2001:db8:bad::/48 are refused.
fn strict() -> (Policy, MapImage) {
    let policy = inventory(vec![for_inventory(vec![allow("10.0.0.0/8", "all")])]);
    let image = lower(&policy).expect("a valid policy");
    (policy, image)
}

const REACHED: Reason = Reason::PolicyDefaultDeny;

fn v4() -> IpPacket {
    packet([198, 51, 100, 7].into(), port("30007/tcp"))
}

fn v6() -> IpPacket {
    packet(
        [0x2001, 0xdb8, 0xbad, 0, 0, 0, 0, 7].into(),
        port("30007/tcp"),
    )
}

fn tag(tpid: u16, id: u16) -> VlanTag {
    VlanTag {
        tpid,
        id,
        priority: 0,
    }
}

#[test]
fn what_each_shape_comes_to() {
    let fragment = |offset, more| Some(Fragment { offset, more });
    let headers = |count| vec![ExtensionHeader::Destination; count];
    let (policy, image) = strict();
    for (name, spec, expected) in [
        ("plain", frame(v4()), REACHED),
        ("plain IPv6", frame(v6()), REACHED),
        (
            "one tag",
            FrameSpec {
                tags: vec![tag(0x8100, 21)],
                ..frame(v4())
            },
            REACHED,
        ),
        (
            "two tags",
            FrameSpec {
                tags: vec![tag(0x88a8, 0); 2],
                ..frame(v6())
            },
            REACHED,
        ),
        (
            "three tags",
            FrameSpec {
                tags: vec![tag(0x8100, 0); 3],
                ..frame(v4())
            },
            Reason::TooManyTags,
        ),
        (
            "40 bytes of options",
            frame(IpPacket {
                options: vec![IpOption::Timestamp(9)],
                ..v4()
            }),
            REACHED,
        ),
        (
            "odd options",
            frame(IpPacket {
                options: vec![IpOption::Nop; 5],
                ..v4()
            }),
            REACHED,
        ),
        (
            "eight extension headers",
            frame(IpPacket {
                extension_headers: headers(8),
                ..v6()
            }),
            REACHED,
        ),
        (
            "nine extension headers",
            frame(IpPacket {
                extension_headers: headers(9),
                ..v6()
            }),
            Reason::TooManyExtensionHeaders,
        ),
        (
            "a fragment header is one of them",
            frame(IpPacket {
                extension_headers: headers(8),
                fragment: fragment(0, true),
                ..v6()
            }),
            Reason::TooManyExtensionHeaders,
        ),
        (
            "first fragment",
            frame(IpPacket {
                fragment: fragment(0, true),
                ..v4()
            }),
            REACHED,
        ),
        (
            "later fragment with port bytes",
            frame(IpPacket {
                fragment: fragment(8, true),
                ..v4()
            }),
            Reason::LaterFragment,
        ),
        (
            "later fragment, IPv6",
            frame(IpPacket {
                fragment: fragment(65_528, false),
                ..v6()
            }),
            Reason::LaterFragment,
        ),
        (
            "atomic fragment",
            frame(IpPacket {
                fragment: fragment(0, false),
                ..v6()
            }),
            REACHED,
        ),
        (
            "first fragment without ports",
            frame(IpPacket {
                fragment: fragment(0, true),
                lengths: Lengths {
                    total: Some(23),
                    ..Lengths::default()
                },
                ..v4()
            }),
            Reason::FirstFragmentWithoutPorts,
        ),
        (
            "the same in IPv6",
            frame(IpPacket {
                fragment: fragment(0, true),
                lengths: Lengths {
                    total: Some(11),
                    ..Lengths::default()
                },
                ..v6()
            }),
            Reason::FirstFragmentWithoutPorts,
        ),
        (
            "ports alone",
            frame(IpPacket {
                lengths: Lengths {
                    total: Some(24),
                    ..Lengths::default()
                },
                ..v4()
            }),
            REACHED,
        ),
        (
            "version",
            frame(IpPacket {
                lengths: Lengths {
                    version: Some(6),
                    ..Lengths::default()
                },
                ..v4()
            }),
            Reason::BadIpHeader,
        ),
        (
            "header length",
            frame(IpPacket {
                lengths: Lengths {
                    ihl: Some(4),
                    ..Lengths::default()
                },
                ..v4()
            }),
            Reason::BadIpHeader,
        ),
        (
            "echo request",
            frame(IpPacket {
                transport: Transport::Icmp(IcmpKind::EchoRequest),
                ..v4()
            }),
            Reason::OtherProtocol,
        ),
        (
            "neighbour solicitation",
            frame(IpPacket {
                transport: Transport::Icmp(IcmpKind::NeighbourSolicitation),
                ..v6()
            }),
            Reason::OtherProtocol,
        ),
        (
            "ESP",
            frame(IpPacket {
                transport: Transport::Other { protocol: 50 },
                ..v6()
            }),
            Reason::OtherProtocol,
        ),
        (
            "ARP",
            FrameSpec {
                body: Body::Arp {
                    sender: [198, 51, 100, 7].into(),
                    target: [192, 0, 2, 10].into(),
                },
                ..frame(v4())
            },
            Reason::NotIp,
        ),
        (
            "LLDP",
            FrameSpec {
                body: Body::Other { ethertype: 0x88cc },
                ..frame(v4())
            },
            Reason::NotIp,
        ),
    ] {
        assert_eq!(agreed_reason(&policy, &image, &spec), expected, "{name}");
    }
}

#[test]
fn every_flag_combination_is_judged_alike() {
    let (policy, image) = strict();
    for flags in 0..=u8::MAX {
        let transport = Transport::Tcp {
            source: 40000,
            destination: 30007,
            flags: TcpFlags(flags),
        };
        let spec = frame(IpPacket { transport, ..v4() });
        assert_eq!(
            agreed_reason(&policy, &image, &spec),
            REACHED,
            "{flags:#04x}"
        );
    }
}

/// The richest frames of both families, with and without a fragment header.
fn rich() -> Vec<FrameSpec> {
    let mut specs = Vec::new();
    for fragment in [
        None,
        Some(Fragment {
            offset: 0,
            more: true,
        }),
        Some(Fragment {
            offset: 16,
            more: false,
        }),
    ] {
        let v4 = IpPacket {
            options: vec![IpOption::RouterAlert, IpOption::Nop],
            fragment,
            ..v4()
        };
        let v6 = IpPacket {
            extension_headers: vec![
                ExtensionHeader::HopByHop,
                ExtensionHeader::Authentication,
                ExtensionHeader::Routing,
                ExtensionHeader::HostIdentity,
                ExtensionHeader::Mobility,
                ExtensionHeader::Shim6,
            ],
            fragment,
            ..v6()
        };
        specs.extend([v4, v6].map(|packet| FrameSpec {
            tags: vec![tag(0x88a8, 5), tag(0x8100, 21)],
            ..frame(packet)
        }));
    }
    specs
}

#[test]
fn truncation_at_every_length() {
    let (policy, image) = strict();
    let mut reasons = std::collections::BTreeSet::new();
    for spec in rich() {
        let whole = length(&spec);
        for bytes in 14..=whole {
            let spec = FrameSpec {
                truncate: Some(bytes),
                ..spec.clone()
            };
            let reason = agreed_reason(&policy, &image, &spec);
            if bytes < whole {
                assert_eq!(reason, Reason::Truncated, "{bytes} of {whole}");
            }
            reasons.insert(reason);
        }
    }
    assert!(reasons.contains(&REACHED), "a whole frame is judged");
}

#[test]
fn every_announced_length() {
    let (policy, image) = strict();
    let mut reasons = std::collections::BTreeSet::new();
    for spec in rich() {
        for total in (0..200).chain([65_535]) {
            let mut spec = spec.clone();
            let Body::Ip(packet) = &mut spec.body else {
                unreachable!("the rich frames are IP");
            };
            packet.lengths.total = Some(total);
            reasons.insert(agreed_reason(&policy, &image, &spec));
        }
    }
    let all = [
        Reason::LaterFragment,
        REACHED,
        Reason::Truncated,
        Reason::BadIpHeader,
        Reason::FirstFragmentWithoutPorts,
    ];
    assert_eq!(Vec::from_iter(reasons), all);
}
