//! Frames of many shapes, and what must become of each under the given policy.

use std::net::Ipv4Addr;

use netverdict_abi::Reason;
use netverdict_lab::wire::Place;
use netverdict_policy::frame::{
    Body, ExtensionHeader, Fragment, FrameSpec, IcmpKind, IpOption, TcpFlags, Transport, VlanTag,
};

use crate::given::{NODE_V4, NODE_V6, address, packet, syn, with};

/// A protocol that nothing in the kernel handles: RFC 3692 has it for
/// experiments.
pub(crate) const ODD_PROTOCOL: u8 = 253;

/// What becomes of a frame behind the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives(Place),
    Nowhere,
}

pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) spec: FrameSpec,
    pub(crate) reason: Reason,
    pub(crate) fate: Fate,
}

const INVENTORY: Fate = Fate::Arrives(Place::Workload(0));
const BILLING: Fate = Fate::Arrives(Place::Workload(1));
const NODE: Fate = Fate::Arrives(Place::Node);

/// Every shape; the longest frames fill this MTU.
pub(crate) fn all(mtu: u16) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let mut add = |name, spec, reason, fate| {
        shapes.push(Shape {
            name,
            spec,
            reason,
            fate,
        });
    };
    for (name, source) in [("IPv4", "10.1.2.3"), ("IPv6", "2001:db8:a::1")] {
        let header = if source.contains(':') { 40 } else { 20 };
        let allowed = || packet(source, syn(30007));
        let full = with(allowed(), |ip| ip.payload = usize::from(mtu) - header - 20);
        let tagged = |tags: usize, spec: FrameSpec| FrameSpec {
            tags: vec![priority_tag(); tags],
            ..spec
        };
        use Reason::*;
        add(name, allowed(), PolicyAllow, INVENTORY);
        add(
            "as long as the link takes",
            full.clone(),
            PolicyAllow,
            INVENTORY,
        );
        add(
            "one priority tag",
            tagged(1, allowed()),
            PolicyAllow,
            INVENTORY,
        );
        add(
            "two priority tags",
            tagged(2, allowed()),
            PolicyAllow,
            INVENTORY,
        );
        add(
            "two tags, full length",
            tagged(2, full.clone()),
            PolicyAllow,
            INVENTORY,
        );
        add(
            "three priority tags",
            tagged(3, allowed()),
            TooManyTags,
            Fate::Nowhere,
        );
        let mut vlan = tagged(1, allowed());
        vlan.tags[0].id = 5;
        add("a VLAN that nobody has", vlan, PolicyAllow, Fate::Nowhere);
        let first = with(allowed(), |ip| {
            ip.fragment = Some(Fragment {
                offset: 0,
                more: true,
            });
            ip.payload = 36;
        });
        add("a first fragment", first, PolicyAllow, INVENTORY);
        let later = with(allowed(), |ip| {
            ip.fragment = Some(Fragment {
                offset: 1480,
                more: false,
            });
        });
        add("a later fragment", later, LaterFragment, Fate::Nowhere);
        let cut = FrameSpec {
            truncate: Some(40),
            ..allowed()
        };
        add("cut short", cut, Truncated, Fate::Nowhere);
        add(
            "UDP to a port of the node",
            packet(source, udp(9)),
            UnprotectedPort,
            NODE,
        );
        add(
            "TCP to a port of the node",
            packet(source, syn(22)),
            UnprotectedPort,
            NODE,
        );
        add(
            "UDP to a node port",
            packet(source, udp(30053)),
            UnprotectedPort,
            BILLING,
        );
        let sctp = Transport::Sctp {
            source: 1,
            destination: 30132,
        };
        add(
            "SCTP to a node port",
            packet(source, sctp),
            UnprotectedPort,
            BILLING,
        );
        let sctp = Transport::Sctp {
            source: 1,
            destination: 7,
        };
        add(
            "SCTP to the node",
            packet(source, sctp),
            UnprotectedPort,
            NODE,
        );
        let later = with(packet(source, udp(9)), |ip| {
            ip.fragment = Some(Fragment {
                offset: 8,
                more: true,
            });
        });
        add(
            "a fragment in the middle",
            later,
            LaterFragment,
            Fate::Nowhere,
        );
        let echo = Transport::Icmp(IcmpKind::EchoRequest);
        add("an echo request", packet(source, echo), OtherProtocol, NODE);
        let odd = Transport::Other {
            protocol: ODD_PROTOCOL,
        };
        add(
            "a protocol nobody has",
            packet(source, odd),
            OtherProtocol,
            NODE,
        );
        let foreign = with(packet(source, udp(9)), |ip| {
            ip.destination = address(if header == 20 {
                "203.0.113.9"
            } else {
                "2001:db8:ffff::9"
            });
        });
        add("to somebody else", foreign, UnprotectedPort, Fate::Nowhere);
        let other = if header == 20 {
            "11.0.0.0"
        } else {
            "2001:db8:b::1"
        };
        add(
            "a source not allowed",
            packet(other, syn(30007)),
            PolicyDefaultDeny,
            Fate::Nowhere,
        );
        let own = if header == 20 { NODE_V4 } else { NODE_V6 };
        add(
            "the node's own source",
            packet(own, udp(9)),
            UnprotectedPort,
            own_source(header),
        );
        for flags in ODD_FLAGS {
            let transport = Transport::Tcp {
                source: 1,
                destination: 30008,
                flags: TcpFlags(flags),
            };
            add(
                "odd TCP flags",
                packet(source, transport),
                UnprotectedPort,
                BILLING,
            );
        }
    }
    let denied = packet("10.66.0.1", syn(30007));
    add("a source denied", denied, Reason::PolicyDeny, Fate::Nowhere);
    for (name, option) in [
        ("no operation", IpOption::Nop),
        ("router alert", IpOption::RouterAlert),
        ("record route", IpOption::RecordRoute(3)),
        ("timestamp", IpOption::Timestamp(2)),
    ] {
        let spec = with(packet("10.1.2.3", syn(30007)), |ip| {
            ip.options = vec![option]
        });
        add(name, spec, Reason::PolicyAllow, INVENTORY);
    }
    let routed = with(packet("10.1.2.3", syn(30007)), |ip| {
        ip.options = vec![IpOption::LooseSourceRoute];
    });
    add(
        "loose source route",
        routed,
        Reason::PolicyAllow,
        Fate::Nowhere,
    );
    let extended = with(packet("2001:db8:a::1", syn(30007)), |ip| {
        ip.extension_headers = vec![ExtensionHeader::HopByHop, ExtensionHeader::Destination];
    });
    add(
        "extension headers",
        extended,
        Reason::PolicyAllow,
        INVENTORY,
    );
    for martian in [
        "127.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "::1",
        "ff02::1",
    ] {
        add(
            "a martian",
            packet(martian, udp(30053)),
            Reason::UnprotectedPort,
            Fate::Nowhere,
        );
    }
    let arp = FrameSpec {
        tags: Vec::new(),
        body: Body::Arp {
            sender: Ipv4Addr::new(10, 0, 0, 1),
            target: NODE_V4.parse().expect("an address"),
        },
        truncate: None,
    };
    add("ARP", arp, Reason::NotIp, Fate::Nowhere);
    shapes
}

/// IPv4 refuses its own address as a source, IPv6 only the loopback address.
fn own_source(header: usize) -> Fate {
    match header {
        20 => Fate::Nowhere,
        _ => NODE,
    }
}

/// NULL, FIN, SYN+FIN, FIN+PSH+URG, RST, SYN+ACK, all: what connection tracking
/// would not let through.
const ODD_FLAGS: [u8; 7] = [0x00, 0x01, 0x03, 0x29, 0x04, 0x12, 0xff];

fn udp(destination: u16) -> Transport {
    Transport::Udp {
        source: 5353,
        destination,
    }
}

fn priority_tag() -> VlanTag {
    VlanTag {
        tpid: 0x8100,
        id: 0,
        priority: 3,
    }
}
