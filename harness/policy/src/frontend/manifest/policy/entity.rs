//! Cilium's names for groups of addresses.

use crate::model::Entity;

/// The entity of this name.
pub(super) fn named(name: &str) -> Option<Entity> {
    (Entity::ALL.into_iter()).find(|entity| entity.name() == name)
}

/// The entity of a `reserved:` label. `all` and `cluster` are sets that rules
/// may name, no label says so.
pub(super) fn reserved(key: &str) -> Option<Entity> {
    named(key).filter(|entity| !matches!(entity, Entity::All | Entity::Cluster))
}

/// Every name.
pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
    Entity::ALL.into_iter().map(Entity::name)
}
