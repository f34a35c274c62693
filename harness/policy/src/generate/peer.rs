//! Labels, selectors and peers.

use std::collections::BTreeSet;

use super::Draw;
use super::places::{nowhere, prefix, prefix_inside};
use crate::model::{
    Cidr, EndpointSelector, Entity, Labels, Namespaces, Operator, Peer, PeerKind, Policy,
    PolicyKind, Requirement, Selector,
};

pub(super) const NAMESPACES: [&str; 3] = ["default", "front", "back"];

const KEYS: [&str; 4] = ["app", "tier", "team", "nobody-has-this"];

const VALUES: [&str; 3] = ["a", "b", "c"];

/// Labels that several may share.
pub(super) fn labels(draw: &mut Draw) -> Labels {
    let mut labels = Labels::new();
    for key in ["app", "tier", "team"] {
        if let Some(value) = VALUES.get(draw.below(5)) {
            labels.insert(key.to_owned(), (*value).to_owned());
        }
    }
    labels
}

/// Up to two requirements.
pub(super) fn selector(draw: &mut Draw) -> Selector {
    Selector(draw.some(2, |draw| Requirement {
        key: (*draw.one(&KEYS)).to_owned(),
        operator: match draw.below(8) {
            0..=3 => Operator::In(values(draw, 1)),
            4 => Operator::In(values(draw, 2)),
            5 => Operator::NotIn(values(draw, 2)),
            6 => Operator::Exists,
            _ => Operator::DoesNotExist,
        },
    }))
}

fn values(draw: &mut Draw, most: usize) -> BTreeSet<String> {
    (0..most).map(|_| (*draw.one(&VALUES)).to_owned()).collect()
}

pub(super) fn endpoints(draw: &mut Draw) -> EndpointSelector {
    EndpointSelector {
        namespaces: match draw.below(4) {
            0 => Namespaces::All,
            1 | 2 => Namespaces::Named((*draw.one(&NAMESPACES)).to_owned()),
            _ => Namespaces::Labelled(selector(draw)),
        },
        labels: selector(draw),
    }
}

/// Up to three peers of a rule. A rule of Kubernetes lists workloads and addresses, one
/// of Cilium peers of one sort.
pub(super) fn peers(draw: &mut Draw, policy: &Policy, kind: PolicyKind) -> Vec<Peer> {
    let kubernetes = kind == PolicyKind::Kubernetes;
    let mut sort = sort(draw, kubernetes);
    let mut peers = vec![peer(draw, policy, sort)];
    for _ in 0..draw.below(3) {
        if kubernetes {
            sort = self::sort(draw, kubernetes);
        }
        peers.push(peer(draw, policy, sort));
    }
    peers
}

/// What kind of a peer.
#[derive(Clone, Copy)]
enum Sort {
    Workloads,
    Cidr,
    Entity,
    Nodes,
}

fn sort(draw: &mut Draw, kubernetes: bool) -> Sort {
    match draw.below(8) {
        0..=2 => Sort::Workloads,
        3 | 4 => Sort::Cidr,
        _ if kubernetes => Sort::Cidr,
        5 | 6 => Sort::Entity,
        _ => Sort::Nodes,
    }
}

fn peer(draw: &mut Draw, policy: &Policy, sort: Sort) -> Peer {
    let kind = match sort {
        Sort::Workloads => PeerKind::Workloads(endpoints(draw)),
        Sort::Cidr => {
            let prefix = prefix(draw, policy);
            PeerKind::Cidr(Cidr {
                prefix,
                except: draw.some(2, |draw| prefix_inside(draw, policy, prefix)),
            })
        }
        Sort::Entity => PeerKind::Entity(*draw.one(&[
            Entity::World,
            Entity::Cluster,
            Entity::All,
            Entity::Host,
            Entity::RemoteNode,
            Entity::KubeApiserver,
            Entity::WorldIpv4,
            Entity::WorldIpv6,
            Entity::Init,
            Entity::Ingress,
            Entity::Health,
            Entity::Unmanaged,
            Entity::None,
        ])),
        Sort::Nodes => PeerKind::Nodes(selector(draw)),
    };
    Peer {
        kind,
        location: nowhere(),
    }
}
