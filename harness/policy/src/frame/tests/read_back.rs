//! Reads built frames back field by field, headers by pnet's parsers, checksums
//! by a sum of their own.

use std::net::IpAddr;

use pnet_packet::Packet;
use pnet_packet::ethernet::EthernetPacket;
use pnet_packet::ipv4::Ipv4Packet;
use pnet_packet::ipv6::Ipv6Packet;
use pnet_packet::tcp::TcpPacket;
use pnet_packet::udp::UdpPacket;
use pnet_packet::vlan::VlanPacket;

use super::*;

const UDP: Transport = Transport::Udp {
    source: 53,
    destination: 5353,
};
const SCTP: Transport = Transport::Sctp {
    source: 9,
    destination: 30007,
};
const ECHO: Transport = Transport::Icmp(IcmpKind::EchoRequest { identifier: 7 });
const SOLICITATION: Transport = Transport::Icmp(IcmpKind::NeighbourSolicitation);
const REPLY: Transport = Transport::Icmp(IcmpKind::EchoReply { identifier: 0x1234 });
const OTHER_MESSAGE: Transport = Transport::Icmp(IcmpKind::Other { kind: 13, code: 2 });
const GRE: Transport = Transport::Other { protocol: 47 };

#[test]
fn every_transport_in_every_shape() {
    let fragment = |offset, more| {
        Some(Fragment {
            offset,
            more,
            identification: None,
        })
    };
    let mut seen = 0;
    for transport in [
        SYN,
        UDP,
        SCTP,
        ECHO,
        REPLY,
        OTHER_MESSAGE,
        SOLICITATION,
        GRE,
    ] {
        for packet in [v4(transport), v6(transport)] {
            if transport == SOLICITATION && packet.source.is_ipv4() {
                continue;
            }
            for tags in [
                vec![],
                vec![tag(0x8100, 21)],
                vec![tag(0x88a8, 0), tag(0x8100, 4095), tag(0x8100, 1)],
            ] {
                for fragment in [None, fragment(0, true), fragment(65_528, false)] {
                    // Odd and even payloads: a checksum treats them differently.
                    for payload in [0, 8, 9, 15, 17, 1400] {
                        for richer in [false, true] {
                            let mut packet = IpPacket {
                                fragment,
                                payload,
                                ..packet.clone()
                            };
                            if richer {
                                enrich(&mut packet);
                            }
                            read(&tags, &packet);
                            seen += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(seen, 15 * 3 * 3 * 6 * 2);
}

fn enrich(packet: &mut IpPacket) {
    if packet.source.is_ipv4() {
        packet.options = vec![
            IpOption::Timestamp(2),
            IpOption::LooseSourceRoute,
            IpOption::RecordRoute(1),
            IpOption::Raw(vec![0x42, 3, 9]),
        ];
    } else {
        packet.extension_headers = vec![
            ExtensionHeader::HopByHop,
            ExtensionHeader::Destination,
            ExtensionHeader::Routing,
            ExtensionHeader::Authentication,
            ExtensionHeader::Mobility,
            ExtensionHeader::HostIdentity,
            ExtensionHeader::Shim6,
        ];
    }
}

/// Builds the frame and compares all of it with the description.
fn read(tags: &[VlanTag], packet: &IpPacket) {
    let spec = FrameSpec {
        tags: tags.to_vec(),
        ..frame(packet.clone())
    };
    let name = describe(&spec);
    let bytes = build(&spec, ID, MAC).expect(&name);
    assert_eq!(bytes.len(), length(&spec), "{name}");
    assert_eq!(find_id(&bytes), Some(ID), "{name}");
    let tail = *bytes.last_chunk().expect("8 bytes");
    assert_eq!(id_of_tail(tail), Some(ID), "{name}");

    let ethernet = EthernetPacket::new(&bytes).expect("Ethernet");
    assert_eq!(ethernet.get_destination().octets(), MAC, "{name}");
    assert_eq!(ethernet.get_source().octets(), probe_mac(ID), "{name}");
    let mut ethertype = ethernet.get_ethertype().0;
    let mut rest = ethernet.payload().to_vec();
    for tag in tags {
        assert_eq!(ethertype, tag.tpid, "{name}");
        let vlan = VlanPacket::new(&rest).expect("a tag");
        assert_eq!(vlan.get_vlan_identifier(), tag.id, "{name}");
        assert_eq!(vlan.get_priority_code_point().0, tag.priority, "{name}");
        assert_eq!(vlan.get_drop_eligible_indicator(), 0, "{name}");
        ethertype = vlan.get_ethertype().0;
        rest = vlan.payload().to_vec();
    }
    match packet.source {
        IpAddr::V4(_) => assert_eq!(ethertype, 0x0800, "{name}"),
        IpAddr::V6(_) => assert_eq!(ethertype, 0x86dd, "{name}"),
    }
    let (protocol, destination, upper) = match packet.source {
        IpAddr::V4(_) => read_v4(&name, packet, &rest),
        IpAddr::V6(_) => read_v6(&name, packet, &rest),
    };
    let pseudo = pseudo_header(packet.source, destination, protocol, upper.len());
    read_transport(&name, packet, protocol, &upper, &pseudo);
}

fn read_v4(name: &str, packet: &IpPacket, bytes: &[u8]) -> (u8, IpAddr, Vec<u8>) {
    let header = Ipv4Packet::new(bytes).expect("IPv4");
    let header_length = usize::from(header.get_header_length()) * 4;
    assert_eq!(header.get_version(), 4, "{name}");
    assert_eq!(
        usize::from(header.get_total_length()),
        bytes.len(),
        "{name}"
    );
    assert_eq!(IpAddr::V4(header.get_source()), packet.source, "{name}");
    assert_eq!(sum(&[&bytes[..header_length]]), 0xffff, "{name}");
    let fragment = packet.fragment.unwrap_or(Fragment {
        offset: 0,
        more: false,
        identification: None,
    });
    assert_eq!(header.get_fragment_offset() * 8, fragment.offset, "{name}");
    assert_eq!(header.get_flags(), u8::from(fragment.more), "{name}");
    let options: &[u8] = if packet.options.is_empty() {
        &[]
    } else {
        &[
            68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, // timestamp
            131, 7, 4, 192, 0, 2, 10, // loose source route
            7, 7, 4, 0, 0, 0, 0, // record route
            0x42, 3, 9, // raw
            0, 0, 0, // padding
        ]
    };
    assert_eq!(&bytes[20..header_length], options, "{name}");
    (
        header.get_next_level_protocol().0,
        header.get_destination().into(),
        bytes[header_length..].to_vec(),
    )
}

fn read_v6(name: &str, packet: &IpPacket, bytes: &[u8]) -> (u8, IpAddr, Vec<u8>) {
    let header = Ipv6Packet::new(bytes).expect("IPv6");
    assert_eq!(header.get_version(), 6, "{name}");
    let announced = usize::from(header.get_payload_length());
    assert_eq!(announced, bytes.len() - 40, "{name}");
    assert_eq!(IpAddr::V6(header.get_source()), packet.source, "{name}");
    let mut next = header.get_next_header().0;
    let mut rest = header.payload().to_vec();
    let mut chain = Vec::new();
    let numbers = [0_u8, 43, 44, 51, 60, 135, 139, 140];
    while numbers.contains(&next) {
        let length = match next {
            44 => 8,
            51 => (usize::from(rest[1]) + 2) * 4,
            _ => (usize::from(rest[1]) + 1) * 8,
        };
        if next == 44 {
            let fragment = packet.fragment.expect("a fragment");
            let field = u16::from_be_bytes([rest[2], rest[3]]);
            assert_eq!(field & !7, fragment.offset, "{name}");
            assert_eq!(field & 7, u16::from(fragment.more), "{name}");
        }
        if next == 135 || next == 139 {
            let destination = header.get_destination().into();
            let pseudo = pseudo_header(packet.source, destination, next, length);
            assert_eq!(sum(&[&pseudo, &rest[..length]]), 0xffff, "{name}");
        }
        chain.push(next);
        next = rest[0];
        rest.drain(..length);
    }
    let mut expected = if packet.extension_headers.is_empty() {
        vec![]
    } else {
        vec![0, 60, 43, 51, 135, 139, 140]
    };
    expected.extend(packet.fragment.map(|_| 44));
    assert_eq!(chain, expected, "{name}");
    (next, header.get_destination().into(), rest)
}

fn read_transport(name: &str, packet: &IpPacket, protocol: u8, upper: &[u8], pseudo: &[u8]) {
    let id = [0x9f, 0x6e, 0x76, 0xe3, 1, 2, 3, 4];
    let payload_at = |at: usize| {
        let length = match packet.payload {
            0..=8 => 8,
            9..=15 => 16,
            more => more,
        };
        assert_eq!(upper.len() - at, length, "{name}");
        assert_eq!(upper[at..at + 8], id, "{name}");
        if length > 8 {
            let zeros = &upper[at + 8..upper.len() - 8];
            assert!(zeros.iter().all(|byte| *byte == 0), "{name}");
        }
    };
    match packet.transport {
        Transport::Tcp { .. } => {
            let tcp = TcpPacket::new(upper).expect("TCP");
            assert_eq!(protocol, 6, "{name}");
            let ports = (tcp.get_source(), tcp.get_destination());
            assert_eq!(ports, (40000, 30007), "{name}");
            assert_eq!((tcp.get_data_offset(), tcp.get_flags()), (5, 2), "{name}");
            assert_eq!(sum(&[pseudo, upper]), 0xffff, "{name}");
            payload_at(20);
        }
        Transport::Udp { .. } => {
            let udp = UdpPacket::new(upper).expect("UDP");
            assert_eq!(protocol, 17, "{name}");
            let ports = (udp.get_source(), udp.get_destination());
            assert_eq!(ports, (53, 5353), "{name}");
            assert_eq!(usize::from(udp.get_length()), upper.len(), "{name}");
            assert_ne!(udp.get_checksum(), 0, "{name}");
            assert_eq!(sum(&[pseudo, upper]), 0xffff, "{name}");
            payload_at(8);
        }
        Transport::Sctp { .. } => {
            assert_eq!(protocol, 132, "{name}");
            assert_eq!(upper[..4], [0, 9, 0x75, 0x37], "{name}");
            assert_eq!(upper[12..16], [1, 0, 0, 20], "{name}");
            // Checked by itself against the published check value.
            let without = [&upper[..8], &[0; 4], &upper[12..]].concat();
            let sum = crate::frame::transport::crc32c(&without);
            assert_eq!(upper[8..12], sum.to_le_bytes(), "{name}");
            payload_at(32);
        }
        Transport::Icmp(
            kind @ (IcmpKind::EchoRequest { .. }
            | IcmpKind::EchoReply { .. }
            | IcmpKind::Other { .. }),
        ) => {
            let is_v4 = packet.source.is_ipv4();
            let expected = match (kind, is_v4) {
                (IcmpKind::EchoRequest { .. }, true) => [8, 0, 0, 7, 0, 1],
                (IcmpKind::EchoRequest { .. }, false) => [128, 0, 0, 7, 0, 1],
                (IcmpKind::EchoReply { .. }, true) => [0, 0, 0x12, 0x34, 0, 1],
                (IcmpKind::EchoReply { .. }, false) => [129, 0, 0x12, 0x34, 0, 1],
                _ => [13, 2, 0, 0, 0, 0],
            };
            assert_eq!([&upper[..2], &upper[4..8]].concat(), expected, "{name}");
            if is_v4 {
                assert_eq!(protocol, 1, "{name}");
                assert_eq!(sum(&[upper]), 0xffff, "{name}");
            } else {
                assert_eq!(protocol, 58, "{name}");
                assert_eq!(sum(&[pseudo, upper]), 0xffff, "{name}");
            }
            payload_at(8);
        }
        Transport::Icmp(IcmpKind::Error { .. }) => panic!("read by another test"),
        Transport::Icmp(IcmpKind::NeighbourSolicitation) => {
            assert_eq!((protocol, upper[0]), (58, 135), "{name}");
            assert_eq!(pseudo[16..32], SOLICITED_NODE, "{name}");
            assert_eq!(
                upper[8..24],
                "2001:db8::10"
                    .parse::<std::net::Ipv6Addr>()
                    .expect("an address")
                    .octets(),
                "{name}"
            );
            assert_eq!(upper[24..32], [1, 1, 0x02, 0x6e, 1, 2, 3, 4], "{name}");
            assert_eq!(upper[32], 253, "{name}");
            assert_eq!(usize::from(upper[33]) * 8, upper.len() - 32, "{name}");
            let padding = upper.len() - 34 - super::payload_length(packet.payload);
            assert!(padding < 8, "{name}");
            assert_eq!(upper[34 + padding..][..8], id, "{name}");
            assert_eq!(sum(&[pseudo, upper]), 0xffff, "{name}");
        }
        Transport::Other { protocol: number } => {
            assert_eq!(protocol, number, "{name}");
            payload_at(0);
        }
    }
}

/// ff02::1:ff00:10.
const SOLICITED_NODE: [u8; 16] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0x10];

/// RFC 9293 §3.1 for IPv4, RFC 8200 §8.1 for IPv6.
fn pseudo_header(source: IpAddr, destination: IpAddr, protocol: u8, length: usize) -> Vec<u8> {
    let length = u32::try_from(length).expect("short");
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => [
            &source.octets()[..],
            &destination.octets(),
            &[0, protocol],
            &length.to_be_bytes()[2..],
        ]
        .concat(),
        (IpAddr::V6(source), IpAddr::V6(destination)) => [
            &source.octets()[..],
            &destination.octets(),
            &length.to_be_bytes(),
            &[0, 0, 0, protocol],
        ]
        .concat(),
        _ => panic!("mixed families"),
    }
}

/// The ones' complement sum of 16-bit words: 0xffff over data with a right
/// checksum in it (RFC 1071). Every part but the last has an even length.
fn sum(parts: &[&[u8]]) -> u16 {
    let bytes = parts.concat();
    let words = bytes.chunks(2).map(|word| match word {
        [high, low] => u64::from(u16::from_be_bytes([*high, *low])),
        [high] => u64::from(*high) << 8,
        _ => unreachable!("chunks of 1 or 2"),
    });
    let mut total: u64 = words.sum();
    while total > 0xffff {
        total = (total >> 16) + (total & 0xffff);
    }
    u16::try_from(total).expect("folded")
}

#[test]
fn an_error_quotes_a_packet() {
    let about = |transport, option_words, later_fragment, v6| Quoted {
        source: if v6 { "2001:db8:1::2" } else { "10.0.0.2" }
            .parse()
            .expect("an address"),
        destination: if v6 { "2001:db8:bad::9" } else { "10.9.9.9" }
            .parse()
            .expect("an address"),
        option_words,
        later_fragment,
        transport,
    };
    let ports = QuotedTransport::Ports {
        protocol: crate::port::Protocol::Udp,
        source: 0x1111,
        destination: 0x2222,
    };
    let request = QuotedTransport::EchoRequest { identifier: 0x3333 };
    let reply = QuotedTransport::EchoReply { identifier: 0x3333 };
    let other = QuotedTransport::Other { protocol: 47 };
    for (transport, protocol, first) in [
        (ports, [17, 17], [[0x11, 0x11, 0x22, 0x22, 0, 0, 0, 0]; 2]),
        (
            request,
            [1, 58],
            [
                [8, 0, 0, 0, 0x33, 0x33, 0, 1],
                [128, 0, 0, 0, 0x33, 0x33, 0, 1],
            ],
        ),
        (
            reply,
            [1, 58],
            [
                [0, 0, 0, 0, 0x33, 0x33, 0, 1],
                [129, 0, 0, 0, 0x33, 0x33, 0, 1],
            ],
        ),
        (other, [47, 47], [[0; 8]; 2]),
    ] {
        for (kind, later, words) in [(3, false, 0), (11, true, 0), (12, false, 10)] {
            let error = Transport::Icmp(IcmpKind::Error {
                kind,
                code: 3,
                about: about(transport, words, later, false),
            });
            let spec = frame(v4(error));
            let name = describe(&spec);
            let bytes = build(&spec, ID, MAC).expect(&name);
            assert_eq!(bytes.len(), length(&spec), "{name}");
            assert_eq!(
                id_of_tail(*bytes.last_chunk().expect("8")),
                Some(ID),
                "{name}"
            );
            let message = &bytes[34..];
            assert_eq!(sum(&[message]), 0xffff, "{name}");
            assert_eq!(message[..2], [kind, 3], "{name}");
            let inner = Ipv4Packet::new(&message[8..]).expect("IPv4");
            let header = 20 + 4 * usize::from(words);
            assert_eq!(usize::from(inner.get_header_length()) * 4, header, "{name}");
            assert_eq!(
                usize::from(inner.get_total_length()),
                message.len() - 8,
                "{name}"
            );
            assert_eq!(inner.get_fragment_offset(), u16::from(later), "{name}");
            assert_eq!(inner.get_next_level_protocol().0, protocol[0], "{name}");
            assert_eq!(inner.get_source().octets(), [10, 0, 0, 2], "{name}");
            assert_eq!(inner.get_destination().octets(), [10, 9, 9, 9], "{name}");
            assert_eq!(sum(&[&message[8..8 + header]]), 0xffff, "{name}");
            assert_eq!(message[8 + header..][..8], first[0], "{name}");
        }
        for (kind, later) in [(1, false), (4, true)] {
            let error = Transport::Icmp(IcmpKind::Error {
                kind,
                code: 0,
                about: about(transport, 0, later, true),
            });
            let spec = frame(v6(error));
            let name = describe(&spec);
            let bytes = build(&spec, ID, MAC).expect(&name);
            assert_eq!(bytes.len(), length(&spec), "{name}");
            assert_eq!(
                id_of_tail(*bytes.last_chunk().expect("8")),
                Some(ID),
                "{name}"
            );
            let message = &bytes[54..];
            let inner = Ipv6Packet::new(&message[8..]).expect("IPv6");
            assert_eq!(
                usize::from(inner.get_payload_length()),
                message.len() - 48,
                "{name}"
            );
            assert_eq!(
                IpAddr::V6(inner.get_source()).to_string(),
                "2001:db8:1::2",
                "{name}"
            );
            let at = if later {
                assert_eq!(inner.get_next_header().0, 44, "{name}");
                assert_eq!(message[48], protocol[1], "{name}");
                assert_ne!(message[50..52], [0, 0], "{name}");
                56
            } else {
                assert_eq!(inner.get_next_header().0, protocol[1], "{name}");
                48
            };
            assert_eq!(message[at..][..8], first[1], "{name}");
        }
    }
}

#[test]
fn identification_and_hops_stand_as_given() {
    let with = |packet| IpPacket {
        fragment: Some(Fragment {
            offset: 0,
            more: true,
            identification: Some(0xaabb_ccdd),
        }),
        hop_limit: Some(3),
        ..packet
    };
    let bytes = build(&frame(with(v4(SYN))), ID, MAC).expect("a frame");
    assert_eq!((&bytes[18..20], bytes[22]), (&[0xcc, 0xdd][..], 3));
    let bytes = build(&frame(with(v6(SYN))), ID, MAC).expect("a frame");
    assert_eq!(
        (&bytes[58..62], bytes[21]),
        (&[0xaa, 0xbb, 0xcc, 0xdd][..], 3)
    );
    let hops = |transport| build(&frame(v6(transport)), ID, MAC).expect("a frame")[21];
    assert_eq!((hops(SOLICITATION), hops(ECHO)), (255, 64));
}

#[test]
fn a_udp_checksum_is_never_zero() {
    // Zero would say that there is none; its other name is sent instead.
    let mut sums = std::collections::BTreeSet::new();
    for id in 0..=u32::from(u16::MAX) {
        let bytes = build(&frame(v4(UDP)), ProbeId(id), MAC).expect("a frame");
        sums.insert([bytes[40], bytes[41]]);
    }
    assert!(!sums.contains(&[0, 0]));
    assert!(sums.contains(&[0xff, 0xff]));
}

#[test]
fn lies_stand_as_given_and_change_nothing_else() {
    let honest = build(&frame(v4(SYN)), ID, MAC).expect("a frame");
    let lying = build(
        &frame(IpPacket {
            lengths: Lengths {
                version: Some(9),
                ihl: Some(3),
                total: Some(0x1234),
            },
            ..v4(SYN)
        }),
        ID,
        MAC,
    )
    .expect("a frame");
    assert_eq!(lying[14..18], [0x93, 0, 0x12, 0x34]);
    assert_eq!(
        sum(&[&lying[14..34]]),
        0xffff,
        "the checksum covers the lie"
    );
    assert_eq!(lying[18..24], honest[18..24]);
    assert_eq!(lying[26..], honest[26..]);

    let honest = build(&frame(v6(SYN)), ID, MAC).expect("a frame");
    let lying = build(
        &frame(IpPacket {
            lengths: Lengths {
                version: Some(4),
                ihl: None,
                total: Some(3),
            },
            ..v6(SYN)
        }),
        ID,
        MAC,
    )
    .expect("a frame");
    assert_eq!(lying[14], 0x40);
    assert_eq!(lying[18..20], [0, 3]);
    assert_eq!(lying[20..], honest[20..]);
}

#[test]
fn truncation_takes_from_the_end() {
    let whole = build(&frame(v6(SYN)), ID, MAC).expect("a frame");
    for to in 14..=whole.len() {
        let spec = FrameSpec {
            truncate: Some(to),
            ..frame(v6(SYN))
        };
        assert_eq!(build(&spec, ID, MAC).expect("a frame"), whole[..to]);
        assert_eq!(length(&spec), to);
    }
}
