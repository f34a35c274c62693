use super::*;

#[test]
fn descriptions_without_bytes() {
    let tagged = |tpid, id, priority| FrameSpec {
        tags: vec![VlanTag { tpid, id, priority }],
        ..frame(v4(SYN))
    };
    let other = |ethertype| FrameSpec {
        tags: Vec::new(),
        body: Body::Other { ethertype },
        truncate: None,
    };
    let cut = |to| FrameSpec {
        truncate: Some(to),
        ..frame(v4(SYN))
    };
    let options = |options| frame(IpPacket { options, ..v4(SYN) });
    let lengths = |lengths, packet| frame(IpPacket { lengths, ..packet });
    let lie = Lengths::default();
    let payload = |payload, packet| frame(IpPacket { payload, ..packet });
    let error = |kind, option_words, quoted: &str| {
        Transport::Icmp(IcmpKind::Error {
            kind,
            code: 0,
            about: Quoted {
                source: quoted.parse().expect(quoted),
                destination: quoted.parse().expect(quoted),
                option_words,
                later_fragment: false,
                transport: QuotedTransport::Other { protocol: 47 },
            },
        })
    };
    let solicitation = Transport::Icmp(IcmpKind::NeighbourSolicitation);
    for (spec, expected) in [
        (
            tagged(0x9100, 1, 0),
            "tag protocol identifier 0x9100 is neither 0x8100 nor 0x88a8",
        ),
        (tagged(0x8100, 4096, 0), "VLAN id 4096 is beyond 4095"),
        (tagged(0x8100, 1, 8), "VLAN priority 8 is beyond 7"),
        (
            other(0x0800),
            "ethertype 0x0800 is that of IP or a VLAN tag: describe those as such",
        ),
        (
            cut(13),
            "a frame of 62 bytes can be cut to 14 to 62 bytes, not to 13",
        ),
        (
            cut(63),
            "a frame of 62 bytes can be cut to 14 to 62 bytes, not to 63",
        ),
        (
            frame(packet(SYN, "198.51.100.7", "2001:db8::10")),
            "source 198.51.100.7 and destination 2001:db8::10 are of different families",
        ),
        (
            options(vec![IpOption::RecordRoute(9), IpOption::Nop, IpOption::Nop]),
            "options of 44 bytes with padding are beyond the 40 that an IPv4 header holds",
        ),
        (
            options(vec![IpOption::Timestamp(0)]),
            "an IPv4 option has room for 1 to 9 entries, not 0",
        ),
        (
            frame(IpPacket {
                options: vec![IpOption::Nop],
                ..v6(SYN)
            }),
            "an IPv6 packet has no IPv4 options",
        ),
        (
            frame(IpPacket {
                extension_headers: vec![ExtensionHeader::HopByHop],
                ..v4(SYN)
            }),
            "an IPv4 packet has no IPv6 extension headers",
        ),
        (
            frame(IpPacket {
                fragment: Some(Fragment {
                    offset: 12,
                    more: false,
                    identification: None,
                }),
                ..v4(SYN)
            }),
            "fragment offset 12 is not a multiple of 8",
        ),
        (
            lengths(
                Lengths {
                    version: Some(16),
                    ..lie
                },
                v4(SYN),
            ),
            "IP version 16 is beyond 15",
        ),
        (
            lengths(
                Lengths {
                    ihl: Some(5),
                    ..lie
                },
                v4(SYN),
            ),
            "header length 5 is beyond 4, in units of 4 bytes",
        ),
        (
            lengths(
                Lengths {
                    ihl: Some(4),
                    ..lie
                },
                v6(SYN),
            ),
            "an IPv6 packet has no header length field",
        ),
        (
            frame(v4(solicitation)),
            "an IPv4 packet carries no neighbour solicitation",
        ),
        (
            payload(2039, v6(solicitation)),
            "a neighbour solicitation has room for 2038 bytes of payload, not 2039",
        ),
        (
            frame(v4(Transport::Other { protocol: 17 })),
            "protocol 17 has a header of its own: describe it as such",
        ),
        (
            frame(v6(Transport::Other { protocol: 60 })),
            "protocol 60 has a header of its own: describe it as such",
        ),
        (
            frame(v4(Transport::Other { protocol: 1 })),
            "protocol 1 has a header of its own: describe it as such",
        ),
        (
            frame(v6(Transport::Icmp(IcmpKind::Other { kind: 129, code: 0 }))),
            "ICMP type 129 is that of an echo: describe it as such",
        ),
        (
            frame(v4(error(4, 0, "10.0.0.1"))),
            "ICMP type 4 is no error: it is about no packet",
        ),
        (
            frame(v4(error(3, 11, "10.0.0.1"))),
            "the quoted packet is not of the error's family, or has options it cannot have",
        ),
        (
            frame(v4(error(3, 0, "2001:db8::1"))),
            "the quoted packet is not of the error's family, or has options it cannot have",
        ),
        (
            payload(65_496, v4(SYN)),
            "a length field of 65536 bytes is beyond the 65535 of an IP packet",
        ),
        (
            payload(usize::MAX, v6(SYN)),
            "a length field of 18446744073709551615 bytes is beyond the 65535 of an IP packet",
        ),
    ] {
        let error = build(&spec, ID, MAC).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn limits_that_still_fit() {
    for (name, spec, length) in [
        (
            "65535 bytes of IPv4",
            frame(IpPacket {
                payload: 65_495,
                ..v4(SYN)
            }),
            65_549,
        ),
        (
            "65535 bytes behind the IPv6 header",
            frame(IpPacket {
                payload: 65_527,
                ..v6(Transport::Udp {
                    source: 1,
                    destination: 2,
                })
            }),
            65_589,
        ),
        (
            "40 bytes of options",
            frame(IpPacket {
                options: vec![IpOption::RecordRoute(9), IpOption::Nop],
                ..v4(SYN)
            }),
            102,
        ),
        (
            "an Ethernet header alone",
            FrameSpec {
                truncate: Some(14),
                ..frame(v4(SYN))
            },
            14,
        ),
        (
            "the longest solicitation",
            frame(IpPacket {
                payload: 2038,
                ..v6(Transport::Icmp(IcmpKind::NeighbourSolicitation))
            }),
            14 + 40 + 24 + 8 + 2040,
        ),
    ] {
        let bytes = build(&spec, ID, MAC).expect(name);
        assert_eq!(bytes.len(), length, "{name}");
        assert_eq!(super::length(&spec), length, "{name}");
    }
}
