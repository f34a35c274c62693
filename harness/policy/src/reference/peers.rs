//! Peers of a rule as sets of addresses.

use std::net::IpAddr;

use super::labels::{fit, means};
use super::owners::{Owner, owned};
use crate::model::{Cidr, Entity, Peer, PeerKind, Peers, Policy, PolicyKind};
use crate::prefix::{Family, Prefix};

/// Addresses of one family: those of `within` but for those of `without`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AddressMatch {
    pub(super) family: Family,
    /// Every address if it is `None`.
    pub(super) within: Option<Vec<Prefix>>,
    pub(super) without: Vec<Prefix>,
}

/// Whom a peer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// Everybody, whatever the family.
    Anybody,
    /// Whose address meets any of these.
    Those(Vec<AddressMatch>),
}

/// Whom each peer of a rule means, in a policy of this kind.
pub(super) fn of_rule(policy: &Policy, kind: PolicyKind, peers: &Peers) -> Vec<Whom> {
    match peers {
        Peers::Any => vec![Whom::Anybody],
        Peers::Listed(peers) => (peers.iter())
            .map(|peer| of_peer(policy, kind, peer))
            .collect(),
    }
}

fn of_peer(policy: &Policy, kind: PolicyKind, peer: &Peer) -> Whom {
    match &peer.kind {
        PeerKind::Workloads(selector) => owners(policy, |owner| match owner {
            Owner::Workload(index) => means(policy, selector, &policy.workloads[index]),
            Owner::Node | Owner::Known(_) => false,
        }),
        PeerKind::Nodes(selector) => owners(policy, |owner| match owner {
            Owner::Known(host) => owner.is_node() && fit(&host.labels, selector),
            Owner::Workload(_) | Owner::Node => false,
        }),
        PeerKind::Entity(entity) => of_entity(policy, *entity),
        PeerKind::Cidr(cidr) => of_cidr(policy, kind, cidr),
    }
}

fn of_entity(policy: &Policy, entity: Entity) -> Whom {
    match entity {
        Entity::All => Whom::Anybody,
        Entity::None => Whom::Those(Vec::new()),
        Entity::World => Whom::Those(vec![world(policy, Family::V4), world(policy, Family::V6)]),
        Entity::WorldIpv4 => Whom::Those(vec![world(policy, Family::V4)]),
        Entity::WorldIpv6 => Whom::Those(vec![world(policy, Family::V6)]),
        Entity::Cluster => owners(policy, |_| true),
        Entity::Host => owners(policy, |owner| matches!(owner, Owner::Node)),
        Entity::RemoteNode
        | Entity::KubeApiserver
        | Entity::Init
        | Entity::Ingress
        | Entity::Health
        | Entity::Unmanaged => owners(policy, |owner| match owner {
            Owner::Known(host) => host.entities.contains(&entity),
            Owner::Workload(_) | Owner::Node => false,
        }),
    }
}

/// Everybody outside the cluster.
fn world(policy: &Policy, family: Family) -> AddressMatch {
    let inside = (owned(policy).into_iter())
        .filter(|(address, owner)| Family::of(*address) == family && !owner.is_of_world())
        .map(|(address, _)| Prefix::host(address));
    AddressMatch {
        family,
        within: None,
        without: inside.collect(),
    }
}

/// What a prefix means. Addresses of the cluster are in it only as far as
/// [`crate::model::Choices`] says; a workload goes by the addresses it is known by.
fn of_cidr(policy: &Policy, kind: PolicyKind, cidr: &Cidr) -> Whom {
    let Cidr { prefix, except } = cidr;
    let choices = policy.choices;
    let of_workloads = match kind {
        PolicyKind::Kubernetes => choices.ip_blocks_match_workloads,
        PolicyKind::Cilium | PolicyKind::CiliumClusterwide => choices.cidrs_match_workloads,
    };
    let holds = |address: IpAddr| {
        prefix.contains(address) && !except.iter().any(|hole| hole.contains(address))
    };
    let (mut known, mut without) = (Vec::new(), except.clone());
    for (address, owner) in owned(policy) {
        if Family::of(address) != prefix.family() {
            continue;
        }
        let matched_as_it_is = match owner {
            Owner::Workload(index) => {
                let known_there = (policy.workloads[index].known_addresses.iter())
                    .any(|known| Family::of(*known) == prefix.family() && holds(*known));
                if of_workloads && known_there {
                    known.push(Prefix::host(address));
                }
                false
            }
            Owner::Node | Owner::Known(_) => {
                owner.is_of_world()
                    || match owner.is_node() {
                        true => choices.cidrs_match_nodes,
                        false => of_workloads,
                    }
            }
        };
        if !matched_as_it_is && holds(address) {
            without.push(Prefix::host(address));
        }
    }
    let mut those = vec![AddressMatch {
        family: prefix.family(),
        within: Some(vec![*prefix]),
        without,
    }];
    if !known.is_empty() {
        those.push(AddressMatch {
            family: prefix.family(),
            within: Some(known),
            without: Vec::new(),
        });
    }
    Whom::Those(those)
}

/// The addresses of those owners.
fn owners(policy: &Policy, meant: impl Fn(Owner<'_>) -> bool) -> Whom {
    let all = owned(policy);
    let of = |family: Family| {
        let addresses: Vec<Prefix> = (all.iter())
            .filter(|(address, owner)| Family::of(*address) == family && meant(*owner))
            .map(|(address, _)| Prefix::host(*address))
            .collect();
        (!addresses.is_empty()).then_some(AddressMatch {
            family,
            within: Some(addresses),
            without: Vec::new(),
        })
    };
    Whom::Those(
        [of(Family::V4), of(Family::V6)]
            .into_iter()
            .flatten()
            .collect(),
    )
}
