//! Reads policies of every kind, and links them.
//!
//! A policy may name CIDR groups and Services that other documents hold. What
//! the readers give is therefore a draft; [`link`] makes policies of drafts once
//! everything has been read, and says how much of each rule is enforced.

mod cidr;
mod cilium;
mod draft;
mod entity;
mod group;
mod kubernetes;
mod resolve;
mod selector;

pub(in crate::frontend) use draft::PolicyObject;
pub(in crate::frontend) use group::CidrGroup;
pub(in crate::frontend) use resolve::{Resolved, ServiceFacts, link};

use super::Objects;
use crate::frontend::problems::Problems;
use crate::frontend::tree::Node;
use crate::model::{ObjectName, PolicyKind};

/// Reads a policy object.
pub(super) fn read(
    kind: PolicyKind,
    document: &Node,
    objects: &mut Objects,
    problems: &mut Problems,
) {
    let object = match kind {
        PolicyKind::Kubernetes => kubernetes::read(document, problems),
        PolicyKind::Cilium | PolicyKind::CiliumClusterwide => {
            cilium::read(kind, document, problems)
        }
    };
    if let Some(object) = object
        && objects.is_new(kind.name(), &object.name, &object.location, problems)
    {
        objects.describe(kind.name(), &object.name, document);
        objects.policies.push(object);
    }
}

/// Reads a `CiliumCIDRGroup`.
pub(super) fn cidr_group(document: &Node, objects: &mut Objects, problems: &mut Problems) {
    let Some(group) = group::read(document, problems) else {
        return;
    };
    let name = ObjectName {
        namespace: String::new(),
        name: group.name.clone(),
    };
    if objects.is_new("CiliumCIDRGroup", &name, &group.location, problems) {
        objects.cidr_groups.push(group);
    }
}

#[cfg(test)]
mod tests;
