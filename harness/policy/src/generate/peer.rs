//! Labels, selectors and peers.

use std::collections::BTreeSet;

use super::Draw;
use super::places::{nowhere, prefix, prefix_inside};
use crate::model::{
    Cidr, EndpointSelector, Entity, Labels, Namespaces, ObjectName, Operator, Peer, PeerKind,
    Policy, PolicyKind, Requirement, Selector,
};

pub(super) const NAMESPACES: [&str; 3] = ["default", "front", "back"];

/// The label in which Cilium keeps a pod's namespace.
pub(super) const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";

/// Before the key of a namespace's label, where Cilium gives it to its pods.
pub(super) const NAMESPACE_LABEL: &str = "io.cilium.k8s.namespace.labels.";

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
    Selector(draw.some(2, requirement))
}

pub(super) fn requirement(draw: &mut Draw) -> Requirement {
    Requirement {
        key: (*draw.one(&KEYS)).to_owned(),
        operator: match draw.below(8) {
            0..=3 => Operator::In(values(draw, 1)),
            4 => Operator::In(values(draw, 2)),
            5 => Operator::NotIn(values(draw, 2)),
            6 => Operator::Exists,
            _ => Operator::DoesNotExist,
        },
    }
}

fn values(draw: &mut Draw, most: usize) -> BTreeSet<String> {
    (0..most).map(|_| (*draw.one(&VALUES)).to_owned()).collect()
}

/// Labels that nothing derives.
pub(super) fn own_labels(labels: &Labels) -> Labels {
    (labels.iter())
        .filter(|(key, _)| !key.starts_with("io."))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// A requirement on labels of namespaces, as Cilium gives them to their pods.
fn of_namespace(draw: &mut Draw) -> Requirement {
    if draw.once_in(4) {
        return Requirement {
            key: POD_NAMESPACE.to_owned(),
            operator: match draw.below(3) {
                0 => Operator::Exists,
                1 => Operator::NotIn([(*draw.one(&NAMESPACES)).to_owned()].into()),
                _ => Operator::In(
                    NAMESPACES[..2]
                        .iter()
                        .map(|name| (*name).to_owned())
                        .collect(),
                ),
            },
        };
    }
    let Requirement { key, operator } = requirement(draw);
    Requirement {
        key: format!("{NAMESPACE_LABEL}{key}"),
        operator,
    }
}

/// Workloads as a Cilium policy names them. One that belongs to a namespace means
/// pods of its own, unless its requirements are about namespaces.
pub(super) fn endpoints(draw: &mut Draw, own: Option<&str>) -> EndpointSelector {
    let mut labels = selector(draw);
    let namespaces = match draw.below(5) {
        0 => Namespaces::All,
        1 | 2 => Namespaces::Named(own.unwrap_or("default").to_owned()),
        3 => Namespaces::Named((*draw.one(&NAMESPACES)).to_owned()),
        _ => {
            labels.0.push(of_namespace(draw));
            Namespaces::All
        }
    };
    let is_about_labels = |one: &Requirement| {
        matches!(one.operator, Operator::In(_) | Operator::Exists)
            || one.key.starts_with(NAMESPACE_LABEL)
            || one.key == POD_NAMESPACE
    };
    if own.is_some() && namespaces == Namespaces::All && !labels.0.iter().any(is_about_labels) {
        labels.0.push(of_namespace(draw));
    }
    EndpointSelector { namespaces, labels }
}

/// Pods as a NetworkPolicy of the namespace names them.
fn pods(draw: &mut Draw, own: &str) -> EndpointSelector {
    EndpointSelector {
        namespaces: match draw.below(4) {
            0 => Namespaces::All,
            1 | 2 => Namespaces::Named(own.to_owned()),
            _ => {
                let mut labels = vec![requirement(draw)];
                labels.extend(selector(draw).0);
                Namespaces::Labelled(Selector(labels))
            }
        },
        labels: selector(draw),
    }
}

/// One to three peers of a rule; none for a rule of Cilium that is about nobody.
pub(super) fn peers(
    draw: &mut Draw,
    policy: &Policy,
    own: &ObjectName,
    kind: PolicyKind,
) -> Vec<Peer> {
    let namespace = (kind == PolicyKind::Cilium).then_some(own.namespace.as_str());
    let count = 1 + draw.below(3);
    // A rule of Cilium names peers in one way, but that labels may name entities.
    let way = draw.below(8);
    let kinds = (0..count).map(|_| match kind {
        PolicyKind::Kubernetes => match draw.below(2) {
            0 => PeerKind::Workloads(pods(draw, &own.namespace)),
            _ => PeerKind::Cidr(cidr(draw, policy, true)),
        },
        PolicyKind::Cilium | PolicyKind::CiliumClusterwide => match way {
            0..=2 if draw.once_in(6) => PeerKind::Entity(*draw.one(&ENTITIES[2..])),
            0..=2 => PeerKind::Workloads(endpoints(draw, namespace)),
            3 | 4 => PeerKind::Cidr(cidr(draw, policy, false)),
            5 | 6 => PeerKind::Entity(*draw.one(&ENTITIES)),
            _ => PeerKind::Nodes(selector(draw)),
        },
    });
    let kinds: Vec<PeerKind> = kinds.collect();
    (kinds.into_iter())
        .map(|kind| Peer {
            kind,
            location: nowhere(),
        })
        .collect()
}

/// A prefix with exceptions; with `strict` none of them is all of it.
fn cidr(draw: &mut Draw, policy: &Policy, strict: bool) -> Cidr {
    let prefix = prefix(draw, policy);
    let mut except = draw.some(2, |draw| prefix_inside(draw, policy, prefix));
    except.retain(|hole| !strict || *hole != prefix);
    Cidr { prefix, except }
}

/// Those that no label tells are the first.
const ENTITIES: [Entity; 13] = [
    Entity::Cluster,
    Entity::All,
    Entity::World,
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
];
