//! Shapes of frames under a fixed policy, at every length.

use std::collections::BTreeSet;

use netverdict_abi::Reason;
use netverdict_policy::frame::{
    Body, ExtensionHeader, Fragment, FrameSpec, IcmpKind, IpOption, IpPacket, Lengths, TcpFlags,
    Transport, VlanTag, length,
};
use netverdict_policy::journey::Point;
use netverdict_policy::model::{DefaultAction, Policy};

use crate::given::{cilium, cluster, frame, inside, listed, node_port, packet, prefilter};
use crate::parties::Parties;

/// `web` is reached by nobody outside, and 80/tcp is guarded at the uplink, too.
fn strict() -> Policy {
    Policy {
        node_ports: vec![node_port("80/tcp", 80, &[0])],
        prefilters: vec![prefilter("80/tcp", "", "", DefaultAction::Drop, false)],
        ..cluster(vec![cilium(
            "front:app=web",
            &["ingress allow front: on 80/tcp"],
        )])
    }
}

/// What a frame comes to at both hooks that it may meet: a row gives the reason of its
/// shape, or `None` where it is read and judged.
fn reasons(policy: &Policy, frame: &FrameSpec) -> [Reason; 2] {
    [Point::Uplink, Point::Ingress(0)].map(|point| {
        (Parties::untracked(policy).judge(point, frame))
            .unwrap_or_else(|difference| panic!("{difference}"))
            .reason
    })
}

/// The reasons of a packet to 80/tcp that is read and judged.
const REACHED: [Reason; 2] = [Reason::PrefilterDefaultDrop, Reason::PolicyNoMatch];

/// The reasons of one of another protocol.
const OTHER: [Reason; 2] = [Reason::OtherProtocol, Reason::PolicyNoMatch];

fn v4() -> IpPacket {
    inside(&packet("198.51.100.7 > 10.0.0.10 80/tcp")).clone()
}

fn v6() -> IpPacket {
    inside(&packet("2001:db8:bad::7 > fd00::a 80/tcp")).clone()
}

fn tagged(tags: &[u16], packet: IpPacket) -> FrameSpec {
    FrameSpec {
        tags: (tags.iter())
            .map(|tpid| VlanTag {
                tpid: *tpid,
                id: 21,
                priority: 0,
            })
            .collect(),
        ..frame(packet)
    }
}

fn fragment(offset: u16, more: bool) -> Option<Fragment> {
    Some(Fragment {
        offset,
        more,
        identification: None,
    })
}

fn total(total: u16) -> Lengths {
    Lengths {
        total: Some(total),
        ..Lengths::default()
    }
}

#[test]
fn what_each_shape_comes_to() {
    let headers = |count| vec![ExtensionHeader::Destination; count];
    let both = |reason| [reason, reason];
    let with = |transport, packet| {
        frame(IpPacket {
            transport,
            ..packet
        })
    };
    let message = |kind| Transport::Icmp(IcmpKind::Other { kind, code: 0 });
    let first = |total_length, packet| {
        frame(IpPacket {
            fragment: fragment(0, true),
            lengths: total(total_length),
            ..packet
        })
    };
    let lying = |lengths| frame(IpPacket { lengths, ..v4() });
    let policy = strict();
    for (name, spec, expected) in [
        ("plain", frame(v4()), REACHED),
        ("plain IPv6", frame(v6()), REACHED),
        ("one tag", tagged(&[0x8100], v4()), REACHED),
        ("two tags", tagged(&[0x88a8, 0x8100], v6()), REACHED),
        (
            "three tags",
            tagged(&[0x8100; 3], v4()),
            both(Reason::TooManyTags),
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
            both(Reason::TooManyExtensionHeaders),
        ),
        (
            "a fragment header is one of them",
            frame(IpPacket {
                extension_headers: headers(8),
                fragment: fragment(0, true),
                ..v6()
            }),
            both(Reason::TooManyExtensionHeaders),
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
            both(Reason::UntrackedFragment),
        ),
        (
            "later fragment, IPv6",
            frame(IpPacket {
                fragment: fragment(65_528, false),
                ..v6()
            }),
            both(Reason::UntrackedFragment),
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
            "first fragment, no ports",
            first(23, v4()),
            both(Reason::FirstFragmentWithoutPorts),
        ),
        (
            "the same in IPv6",
            first(11, v6()),
            both(Reason::FirstFragmentWithoutPorts),
        ),
        (
            "first fragment, half an echo",
            first(
                27,
                IpPacket {
                    transport: message(13),
                    ..v4()
                },
            ),
            both(Reason::FirstFragmentWithoutPorts),
        ),
        ("ports alone", lying(total(24)), REACHED),
        ("no ports", lying(total(23)), both(Reason::Truncated)),
        (
            "half an ICMP header",
            frame(IpPacket {
                transport: message(13),
                lengths: total(27),
                ..v4()
            }),
            both(Reason::Truncated),
        ),
        (
            "version",
            lying(Lengths {
                version: Some(6),
                ..Lengths::default()
            }),
            both(Reason::BadIpHeader),
        ),
        (
            "header length",
            lying(Lengths {
                ihl: Some(4),
                ..Lengths::default()
            }),
            both(Reason::BadIpHeader),
        ),
        (
            "echo request",
            packet("198.51.100.7 > 10.0.0.10 echo 7"),
            OTHER,
        ),
        ("any message", with(message(13), v4()), OTHER),
        ("ESP", with(Transport::Other { protocol: 50 }, v6()), OTHER),
        (
            "ICMPv6 in IPv4",
            with(Transport::Other { protocol: 58 }, v4()),
            OTHER,
        ),
        (
            "neighbour solicitation",
            with(Transport::Icmp(IcmpKind::NeighbourSolicitation), v6()),
            [Reason::OtherProtocol, Reason::NeighbourDiscovery],
        ),
        (
            "one that came by a router",
            frame(IpPacket {
                hop_limit: Some(254),
                transport: Transport::Icmp(IcmpKind::NeighbourSolicitation),
                ..v6()
            }),
            // To a multicast group, which is no workload's address.
            [Reason::OtherProtocol, Reason::ForeignDestination],
        ),
        (
            "a redirect, and a message of the next type",
            frame(IpPacket {
                hop_limit: Some(255),
                transport: message(137),
                ..v6()
            }),
            [Reason::OtherProtocol, Reason::NeighbourDiscovery],
        ),
        (
            "a message of the next type",
            frame(IpPacket {
                hop_limit: Some(255),
                transport: message(138),
                ..v6()
            }),
            OTHER,
        ),
        (
            "ICMP in IPv4 has no neighbours",
            frame(IpPacket {
                hop_limit: Some(255),
                transport: message(135),
                ..v4()
            }),
            OTHER,
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
            both(Reason::NotIp),
        ),
        (
            "LLDP",
            FrameSpec {
                body: Body::Other { ethertype: 0x88cc },
                ..frame(v4())
            },
            both(Reason::NotIp),
        ),
    ] {
        assert_eq!(reasons(&policy, &spec), expected, "{name}");
    }
}

#[test]
fn whose_frames_they_are() {
    let policy = cluster(Vec::new());
    let ask = |point, text: &str| {
        (Parties::untracked(&policy).judge(point, &packet(text)))
            .expect("agreed")
            .reason
    };
    const FREE: Reason = Reason::PolicyNotSelected;
    for (name, point, text, expected) in [
        (
            "own",
            Point::Egress(0),
            "10.0.0.10 > 198.51.100.7 80/tcp",
            FREE,
        ),
        (
            "another workload's",
            Point::Egress(0),
            "10.0.0.11 > 198.51.100.7 80/tcp",
            Reason::ForeignSource,
        ),
        (
            "the node's",
            Point::Egress(0),
            "192.0.2.10 > 198.51.100.7 80/tcp",
            Reason::ForeignSource,
        ),
        (
            "nobody's, for a neighbour",
            Point::Egress(0),
            "fd00::99 > fd00::a 80/tcp",
            Reason::ForeignSource,
        ),
        (
            "for the workload",
            Point::Ingress(0),
            "198.51.100.7 > 10.0.0.10 80/tcp",
            FREE,
        ),
        (
            "for the node",
            Point::Ingress(0),
            "198.51.100.7 > 192.0.2.10 80/tcp",
            Reason::ForeignDestination,
        ),
        (
            "for somebody outside",
            Point::Ingress(0),
            "198.51.100.7 > 203.0.113.6 80/tcp",
            Reason::ForeignDestination,
        ),
    ] {
        assert_eq!(ask(point, text), expected, "{name}");
    }
}

/// The deny list is asked before anything behind the IP header is read.
#[test]
fn the_deny_list_needs_no_ports() {
    let policy = Policy {
        deny_list: listed("198.51.100.0/24, 2001:db8:bad::/48"),
        ..strict()
    };
    for spec in [
        frame(IpPacket {
            fragment: fragment(8, true),
            ..v4()
        }),
        frame(IpPacket {
            lengths: total(20),
            ..v4()
        }),
        frame(IpPacket {
            extension_headers: vec![ExtensionHeader::HopByHop; 9],
            ..v6()
        }),
    ] {
        assert_eq!(
            reasons(&policy, &spec)[0],
            Reason::PrefilterDeny,
            "{spec:?}"
        );
    }
    let shorter = frame(IpPacket {
        lengths: total(19),
        ..v4()
    });
    assert_eq!(reasons(&policy, &shorter)[0], Reason::BadIpHeader);
}

#[test]
fn every_flag_combination_is_judged_alike() {
    let policy = strict();
    for flags in 0..=u8::MAX {
        let transport = Transport::Tcp {
            source: 40000,
            destination: 80,
            flags: TcpFlags(flags),
        };
        let spec = frame(IpPacket { transport, ..v4() });
        assert_eq!(reasons(&policy, &spec), REACHED, "{flags:#04x}");
    }
}

/// The richest frames of both families, with and without a fragment header.
fn rich() -> Vec<FrameSpec> {
    let mut specs = Vec::new();
    for fragment in [None, fragment(0, true), fragment(16, false)] {
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
        specs.extend([v4, v6].map(|packet| tagged(&[0x88a8, 0x8100], packet)));
    }
    specs
}

#[test]
fn truncation_at_every_length() {
    let policy = strict();
    let mut reasons_seen = BTreeSet::new();
    for spec in rich() {
        let whole = length(&spec);
        for bytes in 14..=whole {
            let spec = FrameSpec {
                truncate: Some(bytes),
                ..spec.clone()
            };
            let reasons = reasons(&policy, &spec);
            if bytes < whole {
                assert_eq!(reasons, [Reason::Truncated; 2], "{bytes} of {whole}");
            }
            reasons_seen.insert(reasons);
        }
    }
    assert!(reasons_seen.contains(&REACHED), "a whole frame is judged");
}

#[test]
fn every_announced_length() {
    let policy = strict();
    let mut reasons_seen = BTreeSet::new();
    for spec in rich() {
        for announced in (0..200).chain([65_535]) {
            let mut spec = spec.clone();
            let Body::Ip(packet) = &mut spec.body else {
                unreachable!("the rich frames are IP");
            };
            packet.lengths.total = Some(announced);
            reasons_seen.insert(reasons(&policy, &spec));
        }
    }
    let both = |reason| [reason, reason];
    let all = BTreeSet::from([
        REACHED,
        both(Reason::UntrackedFragment),
        both(Reason::Truncated),
        both(Reason::BadIpHeader),
        both(Reason::FirstFragmentWithoutPorts),
    ]);
    assert_eq!(reasons_seen, all);
}
