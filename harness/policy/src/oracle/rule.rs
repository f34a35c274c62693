//! Which packets a rule is about.

use std::net::IpAddr;

use super::address::{Owner, is_inside};
use super::content::Content;
use super::selector::{meets, selects};
use crate::model::{
    Cidr, Entity, L4Match, L4Port, L4Protocol, Peer, PeerKind, Peers, Policy, PolicyKind, Ports,
    Workload,
};

/// Indices of a rule's peers that name the address, which is `owner`'s; 0 for a rule
/// about anybody.
pub(super) fn peers_at(
    policy: &Policy,
    kind: PolicyKind,
    peers: &Peers,
    address: IpAddr,
    owner: Owner<'_>,
) -> Vec<usize> {
    match peers {
        Peers::Any => vec![0],
        Peers::Listed(peers) => {
            let named = (peers.iter().enumerate())
                .filter(|(_, peer)| names(policy, kind, peer, address, owner));
            named.map(|(index, _)| index).collect()
        }
    }
}

fn names(
    policy: &Policy,
    kind: PolicyKind,
    peer: &Peer,
    address: IpAddr,
    owner: Owner<'_>,
) -> bool {
    match &peer.kind {
        PeerKind::Workloads(selector) => match owner {
            Owner::Workload(index) => selects(policy, selector, &policy.workloads[index]),
            Owner::Node | Owner::Known(_) | Owner::World => false,
        },
        PeerKind::Cidr(Cidr { prefix, except }) => {
            let holds = |address: IpAddr| {
                is_inside(address, *prefix) && !except.iter().any(|hole| is_inside(address, *hole))
            };
            let holds_it = match owner {
                // Its address in the packet may be one that was assigned to it.
                Owner::Workload(index) => (policy.workloads[index].known_addresses.iter())
                    .filter(|known| known.is_ipv4() == address.is_ipv4())
                    .any(|known| holds(*known)),
                Owner::Node | Owner::Known(_) | Owner::World => holds(address),
            };
            matches_prefixes(policy, kind, owner) && holds_it
        }
        PeerKind::Entity(entity) => is_entity(owner, *entity, address),
        PeerKind::Nodes(selector) => match owner {
            Owner::Known(host) => {
                host.entities.contains(&Entity::RemoteNode) && meets(&host.labels, selector)
            }
            Owner::Workload(_) | Owner::Node | Owner::World => false,
        },
    }
}

/// Whether prefixes of such a policy are about the owner's addresses at all.
fn matches_prefixes(policy: &Policy, kind: PolicyKind, owner: Owner<'_>) -> bool {
    if owner.is_outside() {
        return true;
    }
    if owner.is_node() {
        return policy.choices.cidrs_match_nodes;
    }
    match kind {
        PolicyKind::Kubernetes => policy.choices.ip_blocks_match_workloads,
        PolicyKind::Cilium | PolicyKind::CiliumClusterwide => policy.choices.cidrs_match_workloads,
    }
}

fn is_entity(owner: Owner<'_>, entity: Entity, address: IpAddr) -> bool {
    match entity {
        Entity::All => true,
        Entity::None => false,
        Entity::World => owner.is_outside(),
        Entity::WorldIpv4 => owner.is_outside() && address.is_ipv4(),
        Entity::WorldIpv6 => owner.is_outside() && address.is_ipv6(),
        Entity::Cluster => owner != Owner::World,
        Entity::Host => owner == Owner::Node,
        Entity::RemoteNode
        | Entity::KubeApiserver
        | Entity::Init
        | Entity::Ingress
        | Entity::Health
        | Entity::Unmanaged => match owner {
            Owner::Known(host) => host.entities.contains(&entity),
            Owner::Workload(_) | Owner::Node | Owner::World => false,
        },
    }
}

/// Whether a rule's ports hold what the packet carries. `receiver` is the workload
/// that named ports are those of.
pub(super) fn ports_hold(ports: &Ports, content: Content, receiver: Option<&Workload>) -> bool {
    match ports {
        Ports::All => true,
        Ports::Listed(entries) => {
            (entries.iter()).any(|entry| entry_holds(entry, content, receiver))
        }
    }
}

fn entry_holds(entry: &L4Match, content: Content, receiver: Option<&Workload>) -> bool {
    let is_protocol = |number: u8| match entry.protocol {
        L4Protocol::AnyWithPorts => matches!(number, 6 | 17 | 132),
        L4Protocol::Tcp => number == 6,
        L4Protocol::Udp => number == 17,
        L4Protocol::Sctp => number == 132,
        L4Protocol::Icmp => number == 1,
        L4Protocol::Icmpv6 => number == 58,
    };
    let (is_protocol, number) = match content {
        Content::Ports {
            protocol,
            source: _,
            destination,
        } => (is_protocol(protocol.number()), destination),
        Content::Icmp {
            protocol,
            kind,
            message: _,
        } => (is_protocol(protocol), u16::from(kind)),
        Content::Other { protocol } => (is_protocol(protocol), 0),
    };
    is_protocol
        && match &entry.port {
            L4Port::All => true,
            L4Port::Range(first, last) => (*first..=*last).contains(&number),
            L4Port::Named(name) => match (content, receiver) {
                (Content::Ports { protocol, .. }, Some(receiver)) => {
                    receiver.named_port(name, protocol) == Some(number)
                }
                _ => false,
            },
        }
}
