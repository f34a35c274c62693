//! Writes who is on the other side.

use std::collections::BTreeSet;

use super::super::super::yaml::{Map, Yaml};
use super::super::selector;
use super::key;
use crate::model::{
    Cidr, Direction, EndpointSelector, Entity, Namespaces, Operator, Peer, PeerKind, Peers, Ports,
    Requirement,
};

/// The label in which Cilium keeps a pod's namespace.
const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";

/// Before the key of a namespace's label, where Cilium gives it to its pods.
const NAMESPACE_LABEL: &str = "io.cilium.k8s.namespace.labels.";

pub(super) const LABELLED: &str =
    "namespaces are told by labels of their pods, 'io.cilium.k8s.namespace.labels.KEY'";

/// The key and its list; `None` where it says nothing of peers.
pub(super) fn write(
    peers: &Peers,
    ports: &Ports,
    direction: Direction,
    own: Option<&str>,
) -> Result<Option<(String, Yaml)>, &'static str> {
    let peers = match (peers, ports) {
        (Peers::Any, Ports::Listed(_)) => return Ok(None),
        (Peers::Any, Ports::All) => {
            return Err("a rule about neither peers nor ports is about nobody");
        }
        (Peers::Listed(peers), Ports::All) if peers.is_empty() => return Ok(None),
        (Peers::Listed(peers), _) => peers,
    };
    let word = match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let (kind, items) = list(peers, own)?;
    Ok(Some((format!("{word}{kind}"), Yaml::List(items))))
}

fn list(peers: &[Peer], own: Option<&str>) -> Result<(&'static str, Vec<Yaml>), &'static str> {
    let is = |kind: fn(&PeerKind) -> bool| peers.iter().all(|peer| kind(&peer.kind));
    if !peers.is_empty() && is(|kind| matches!(kind, PeerKind::Entity(_))) {
        return Ok(("Entities", each(peers, own)?));
    }
    if is(|kind| matches!(kind, PeerKind::Workloads(_) | PeerKind::Entity(_))) {
        let peers = peers.iter().map(|peer| match &peer.kind {
            PeerKind::Entity(entity) => reserved(*entity),
            PeerKind::Workloads(_) | PeerKind::Cidr(_) | PeerKind::Nodes(_) => item(peer, own),
        });
        return Ok(("Endpoints", peers.collect::<Result<_, _>>()?));
    }
    if is(|kind| matches!(kind, PeerKind::Nodes(_))) {
        return Ok(("Nodes", each(peers, own)?));
    }
    if is(|kind| matches!(kind, PeerKind::Cidr(_))) {
        return Ok(("CIDRSet", each(peers, own)?));
    }
    Err("peers of several kinds do not go together in one rule")
}

fn each(peers: &[Peer], own: Option<&str>) -> Result<Vec<Yaml>, &'static str> {
    peers.iter().map(|peer| item(peer, own)).collect()
}

fn item(peer: &Peer, own: Option<&str>) -> Result<Yaml, &'static str> {
    Ok(match &peer.kind {
        PeerKind::Workloads(selector) => endpoints(selector, own)?.into(),
        PeerKind::Entity(entity) => entity.name().into(),
        PeerKind::Nodes(labels) => selector::write(&labels.0, key).into(),
        PeerKind::Cidr(Cidr { prefix, except }) => {
            let except = (!except.is_empty()).then(|| Yaml::texts(except));
            let set = Map::default()
                .with("cidr", Yaml::text(prefix))
                .with_some("except", except);
            Yaml::from(set).on_one_line()
        }
    })
}

/// The requirement to be in this namespace.
pub(super) fn in_namespace(name: &str) -> Requirement {
    Requirement {
        key: POD_NAMESPACE.to_owned(),
        operator: Operator::In(BTreeSet::from([name.to_owned()])),
    }
}

/// Pods of the policy's own namespace, unless the labels say otherwise.
fn endpoints(workloads: &EndpointSelector, own: Option<&str>) -> Result<Map, &'static str> {
    let EndpointSelector { namespaces, labels } = workloads;
    let says_namespace = (labels.0.iter())
        .any(|one| one.key == POD_NAMESPACE || one.key.starts_with(NAMESPACE_LABEL));
    let mut beyond = None;
    let named = match (namespaces, own) {
        (Namespaces::Named(name), Some(own)) if name == own && !says_namespace => None,
        (Namespaces::Named(name), _) => Some(in_namespace(name)),
        (Namespaces::All, None) => None,
        (Namespaces::All, Some(_)) if says_namespace => None,
        (Namespaces::All, Some(_)) => {
            let is_positive =
                |one: &Requirement| matches!(one.operator, Operator::In(_) | Operator::Exists);
            if !labels.0.iter().any(is_positive) {
                return Err("a peer that asks for no label is of the policy's own namespace");
            }
            // Where a selector speaks of `reserved:` labels, Cilium leaves the
            // namespace alone; and this one no pod has.
            beyond = Some(Requirement {
                key: "reserved:init".to_owned(),
                operator: Operator::DoesNotExist,
            });
            None
        }
        (Namespaces::Labelled(_), _) => return Err(LABELLED),
    };
    let requirements: Vec<&Requirement> = named.iter().chain(&labels.0).chain(&beyond).collect();
    Ok(selector::write(requirements, key))
}

fn reserved(entity: Entity) -> Result<Yaml, &'static str> {
    if let Entity::All | Entity::Cluster = entity {
        return Err("no label says of somebody that he is one of all, or of the cluster");
    }
    let label = Map::default().with(format!("reserved:{}", entity.name()), "");
    Ok(Map::default().with("matchLabels", label).into())
}
