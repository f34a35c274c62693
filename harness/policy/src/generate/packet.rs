//! Packets.

use std::net::IpAddr;

use super::Draw;
use super::places::{edges, places, ports};
use super::shape;
use crate::frame::{
    FrameSpec, IcmpKind, IpPacket, ProbeId, Quoted, QuotedTransport, Transport, build,
};
use crate::journey::Sender;
use crate::model::Policy;
use crate::port::Protocol;

/// Source ports and echo identifiers: few, so that packets meet in memory.
const CLIENT_PORTS: [u16; 4] = [40000, 40001, 80, 0];

/// A packet and its sender. Mostly from one who is there to one who is there;
/// sometimes from an edge of a prefix, or under an address that is not the
/// sender's; one in ten of a strange shape.
///
/// The frame is one that has bytes.
pub fn packet(draw: &mut Draw, policy: &Policy) -> (Sender, FrameSpec) {
    let (sender, source) = sender(draw, policy);
    let destination = destination(draw, policy, source);
    let transport = transport(draw, policy, source, destination);
    let plain = FrameSpec::from(IpPacket::plain(source, destination, transport));
    if draw.once_in(10) {
        let strange = shape::strange(draw, plain.clone());
        if build(&strange, ProbeId(0), [0; 6]).is_ok() {
            return (sender, strange);
        }
    }
    (sender, plain)
}

/// Who sends, and under which address.
fn sender(draw: &mut Draw, policy: &Policy) -> (Sender, IpAddr) {
    let workload = draw.below(policy.workloads.len());
    let is_inside = !policy.workloads[workload].host_network && !draw.once_in(3);
    if is_inside {
        let sender = Sender::Workload(workload);
        if draw.once_in(16) {
            return (sender, *draw.one(&of_node(policy, places(policy))));
        }
        return (sender, *draw.one(&policy.workloads[workload].addresses));
    }
    let edges = of_node(policy, edges(policy));
    let places = of_node(policy, places(policy));
    let source = if !edges.is_empty() && draw.once_in(2) {
        *draw.one(&edges)
    } else {
        *draw.one(&places)
    };
    (Sender::Outside, source)
}

/// Those of families that the node has: others never get to it.
fn of_node(policy: &Policy, mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let is_there = |address: &IpAddr| {
        let mut node = policy.node.addresses.iter();
        node.any(|own| own.is_ipv4() == address.is_ipv4())
    };
    addresses.retain(is_there);
    addresses
}

/// An address of the source's family.
fn destination(draw: &mut Draw, policy: &Policy, source: IpAddr) -> IpAddr {
    let of_family = |list: Vec<IpAddr>| -> Vec<IpAddr> {
        list.into_iter()
            .filter(|address| address.is_ipv4() == source.is_ipv4())
            .collect()
    };
    let node = of_family(policy.node.addresses.clone());
    let workloads: Vec<IpAddr> = (policy.workloads.iter())
        .flat_map(|workload| workload.addresses.clone())
        .collect();
    let mut list = match draw.below(8) {
        0..=3 => of_family(workloads),
        4 | 5 => node.clone(),
        6 => of_family(places(policy)),
        _ => of_family(edges(policy)),
    };
    if list.is_empty() {
        list = node;
    }
    *draw.one(&list)
}

fn transport(draw: &mut Draw, policy: &Policy, source: IpAddr, destination: IpAddr) -> Transport {
    let choice = draw.below(12);
    if choice < 8 {
        let protocol = match choice {
            0..=4 => Protocol::Tcp,
            5 | 6 => Protocol::Udp,
            _ => Protocol::Sctp,
        };
        let client = *draw.one(&CLIENT_PORTS);
        return Transport::opening(protocol, client, port(draw, policy));
    }
    if choice == 8 {
        // ICMP of the other family, ESP, GRE, and no next header at all.
        let other_family = if source.is_ipv4() { 58 } else { 1 };
        return Transport::Other {
            protocol: *draw.one(&[47, other_family, 50, 59, 255]),
        };
    }
    Transport::Icmp(icmp(draw, source, destination))
}

/// A port at an edge of what the policy tells apart, or any.
pub(super) fn port(draw: &mut Draw, policy: &Policy) -> u16 {
    if draw.once_in(8) {
        return draw.any_u16();
    }
    *draw.one(&ports(policy))
}

fn icmp(draw: &mut Draw, source: IpAddr, destination: IpAddr) -> IcmpKind {
    let identifier = *draw.one(&CLIENT_PORTS);
    match draw.below(8) {
        0..=2 => IcmpKind::EchoRequest { identifier },
        3 => IcmpKind::EchoReply { identifier },
        4 if source.is_ipv6() => IcmpKind::NeighbourSolicitation,
        5 => {
            let transport = match draw.below(4) {
                0 | 1 => QuotedTransport::Ports {
                    protocol: *draw.one(&Protocol::ALL),
                    source: identifier,
                    destination: 80,
                },
                2 => QuotedTransport::EchoRequest { identifier },
                _ => QuotedTransport::Other { protocol: 47 },
            };
            error(draw, destination, source, transport)
        }
        _ => IcmpKind::Other {
            kind: match source {
                IpAddr::V4(_) => *draw.one(&[13, 3, 10, 30, 255]),
                IpAddr::V6(_) => *draw.one(&[134, 1, 136, 137, 138, 8, 255]),
            },
            code: 0,
        },
    }
}

/// An error about a packet between the two.
pub(super) fn error(
    draw: &mut Draw,
    source: IpAddr,
    destination: IpAddr,
    transport: QuotedTransport,
) -> IcmpKind {
    let kinds: &[u8] = match source {
        IpAddr::V4(_) => &[3, 11, 12],
        IpAddr::V6(_) => &[1, 2, 3, 4],
    };
    let is_odd = draw.once_in(4);
    IcmpKind::Error {
        kind: *draw.one(kinds),
        code: 0,
        about: Quoted {
            source,
            destination,
            option_words: if is_odd && source.is_ipv4() {
                u8::try_from(draw.below(11)).unwrap_or(0)
            } else {
                0
            },
            later_fragment: is_odd && draw.once_in(2),
            transport,
        },
    }
}
