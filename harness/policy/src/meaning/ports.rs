//! With which peers the ports of a rule hold what a packet carries.

use super::L4;
use super::places::Places;
use crate::model::{L4Match, L4Port, L4Protocol, Policy, Ports};
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Family;
use crate::region::Region;

/// Who receives what a rule is about: named ports are theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiver {
    /// The workload with this index, whoever the peer is.
    Workload(usize),
    /// The peer.
    Peer,
}

/// The peers in exchanges with whom the ports hold what the packet carries: which
/// protocol an ICMP message is of depends on the family, and which port a name stands
/// for on the receiver.
pub(super) fn held_with(
    ports: &Ports,
    l4: L4,
    receiver: Receiver,
    policy: &Policy,
    places: &Places<'_>,
) -> Region {
    let Ports::Listed(entries) = ports else {
        return Region::everything();
    };
    let mut peers = Region::empty();
    for L4Match {
        protocol,
        port,
        location: _,
    } in entries
    {
        for (family, number) in of_protocol(*protocol, l4) {
            let held = match port {
                L4Port::All => Region::all(family),
                L4Port::Range(first, last) if (*first..=*last).contains(&number) => {
                    Region::all(family)
                }
                L4Port::Range(..) => Region::empty(),
                L4Port::Named(name) => match l4 {
                    L4::Ports(asked) => {
                        named(name, asked, receiver, policy, places).intersect(&Region::all(family))
                    }
                    L4::Icmp { .. } | L4::ForeignIcmp | L4::Other => Region::empty(),
                },
            };
            peers = peers.union(&held);
        }
        if peers == Region::everything() {
            break;
        }
    }
    peers
}

/// The families in which the packet is of the protocol, and its port or type there.
fn of_protocol(protocol: L4Protocol, l4: L4) -> Vec<(Family, u16)> {
    let ported = |its: Option<Protocol>, port: ProtoPort| match its {
        Some(its) if its != port.protocol => Vec::new(),
        Some(_) | None => Family::ALL.map(|family| (family, port.port)).to_vec(),
    };
    match (protocol, l4) {
        (L4Protocol::AnyWithPorts, L4::Ports(port)) => ported(None, port),
        (L4Protocol::Tcp, L4::Ports(port)) => ported(Some(Protocol::Tcp), port),
        (L4Protocol::Udp, L4::Ports(port)) => ported(Some(Protocol::Udp), port),
        (L4Protocol::Sctp, L4::Ports(port)) => ported(Some(Protocol::Sctp), port),
        (L4Protocol::Icmp, L4::Icmp { kind }) => vec![(Family::V4, kind.into())],
        (L4Protocol::Icmpv6, L4::Icmp { kind }) => vec![(Family::V6, kind.into())],
        (L4Protocol::Icmp, L4::ForeignIcmp) => vec![(Family::V6, 0)],
        (L4Protocol::Icmpv6, L4::ForeignIcmp) => vec![(Family::V4, 0)],
        (L4Protocol::Icmp | L4Protocol::Icmpv6, L4::Ports(_) | L4::Other)
        | (
            L4Protocol::AnyWithPorts | L4Protocol::Tcp | L4Protocol::Udp | L4Protocol::Sctp,
            L4::Icmp { .. } | L4::ForeignIcmp | L4::Other,
        ) => Vec::new(),
    }
}

/// The peers in exchanges with whom the receiver calls the port by this name.
fn named(
    name: &str,
    asked: ProtoPort,
    receiver: Receiver,
    policy: &Policy,
    places: &Places<'_>,
) -> Region {
    let calls = |index: usize| {
        // Of several ports with one name and protocol, the first has it.
        let named = (policy.workloads[index].named_ports.iter())
            .find(|named| named.name == name && named.port.protocol == asked.protocol);
        named.is_some_and(|named| named.port == asked)
    };
    match receiver {
        Receiver::Workload(index) if calls(index) => Region::everything(),
        Receiver::Workload(_) => Region::empty(),
        Receiver::Peer => {
            places.of_workloads((0..policy.workloads.len()).filter(|index| calls(*index)))
        }
    }
}
