use super::*;

#[test]
fn one_line_each() {
    let tags = |tags, spec| FrameSpec { tags, ..spec };
    for (spec, expected) in [
        (
            tags(
                vec![VlanTag {
                    tpid: 0x8100,
                    id: 21,
                    priority: 0,
                }],
                frame(IpPacket {
                    options: vec![IpOption::RouterAlert, IpOption::Nop],
                    fragment: Some(Fragment {
                        offset: 0,
                        more: true,
                        identification: None,
                    }),
                    ..v4(SYN)
                }),
            ),
            "IPv4 198.51.100.7:40000 > 192.0.2.10:30007/tcp SYN, VLAN 21, options 8 bytes, fragment offset 0 more",
        ),
        (
            FrameSpec {
                truncate: Some(60),
                ..frame(IpPacket {
                    extension_headers: vec![ExtensionHeader::HopByHop, ExtensionHeader::Mobility],
                    payload: 100,
                    ..v6(Transport::Udp {
                        source: 53,
                        destination: 5353,
                    })
                })
            },
            "IPv6 [2001:db8:bad::7]:53 > [2001:db8::10]:5353/udp, extension headers hop-by-hop + mobility, payload 100 bytes, cut to 60 bytes",
        ),
        (
            tags(
                vec![tag(0x88a8, 5), tag(0x8100, 0)],
                frame(IpPacket {
                    lengths: Lengths {
                        version: Some(7),
                        ihl: Some(4),
                        total: Some(19),
                    },
                    ..v4(Transport::Icmp(IcmpKind::EchoRequest { identifier: 7 }))
                }),
            ),
            "IPv4 198.51.100.7 > 192.0.2.10 echo request 7, service VLAN 5 priority 3, priority tag 3, version field 7, header length field 4, total length field 19",
        ),
        (
            frame(IpPacket {
                hop_limit: Some(1),
                fragment: Some(Fragment {
                    offset: 8,
                    more: false,
                    identification: Some(0xbeef),
                }),
                payload: 9,
                ..v4(Transport::Icmp(IcmpKind::Error {
                    kind: 3,
                    code: 1,
                    about: Quoted {
                        source: [10, 0, 0, 1].into(),
                        destination: [10, 0, 0, 2].into(),
                        option_words: 2,
                        later_fragment: true,
                        transport: QuotedTransport::Ports {
                            protocol: crate::port::Protocol::Sctp,
                            source: 1,
                            destination: 2,
                        },
                    },
                }))
            }),
            "IPv4 198.51.100.7 > 192.0.2.10 ICMP type 3 code 1 about 10.0.0.1:1 > 10.0.0.2:2/sctp with options of 8 bytes, a later fragment, fragment offset 8 last, of packet 0xbeef, 1 hops left, payload 16 bytes",
        ),
        (
            frame(v6(Transport::Icmp(IcmpKind::NeighbourSolicitation))),
            "IPv6 2001:db8:bad::7 > 2001:db8::10 neighbour solicitation",
        ),
        (
            frame(v4(Transport::Tcp {
                source: 1,
                destination: 2,
                flags: TcpFlags(0x81),
            })),
            "IPv4 198.51.100.7:1 > 192.0.2.10:2/tcp FIN+CWR",
        ),
        (
            frame(v4(Transport::Tcp {
                source: 1,
                destination: 2,
                flags: TcpFlags(0),
            })),
            "IPv4 198.51.100.7:1 > 192.0.2.10:2/tcp no flags",
        ),
        (
            frame(v4(Transport::Other { protocol: 47 })),
            "IPv4 198.51.100.7 > 192.0.2.10 protocol 47",
        ),
        (
            FrameSpec {
                tags: Vec::new(),
                body: Body::Arp {
                    sender: [198, 51, 100, 7].into(),
                    target: [192, 0, 2, 10].into(),
                },
                truncate: None,
            },
            "ARP 198.51.100.7 asks for 192.0.2.10",
        ),
        (
            FrameSpec {
                tags: Vec::new(),
                body: Body::Other { ethertype: 0x88cc },
                truncate: None,
            },
            "ethertype 0x88cc",
        ),
    ] {
        assert_eq!(describe(&spec), expected);
    }
}
