//! Cilium's names for groups of addresses.

use crate::model::Entity;

/// Every entity by its name in `fromEntities`, and in `reserved:` labels
/// (Cilium, `pkg/policy/api/entity.go`).
const ENTITIES: [(&str, Entity); 13] = [
    ("all", Entity::All),
    ("world", Entity::World),
    ("world-ipv4", Entity::WorldIpv4),
    ("world-ipv6", Entity::WorldIpv6),
    ("cluster", Entity::Cluster),
    ("host", Entity::Host),
    ("remote-node", Entity::RemoteNode),
    ("kube-apiserver", Entity::KubeApiserver),
    ("init", Entity::Init),
    ("ingress", Entity::Ingress),
    ("health", Entity::Health),
    ("unmanaged", Entity::Unmanaged),
    ("none", Entity::None),
];

/// The entity of this name.
pub(super) fn named(name: &str) -> Option<Entity> {
    (ENTITIES.iter())
        .find(|(known, _)| *known == name)
        .map(|(_, entity)| *entity)
}

/// The entity of a `reserved:` label. `all` and `cluster` are sets that rules
/// may name, no label says so.
pub(super) fn reserved(key: &str) -> Option<Entity> {
    named(key).filter(|entity| !matches!(entity, Entity::All | Entity::Cluster))
}

/// Every name.
pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
    ENTITIES.iter().map(|(name, _)| *name)
}
