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

use draft::given;

use super::Objects;
use crate::frontend::problems::Problems;
use crate::frontend::tree::{Node, Value};
use crate::model::{DRY_RUN, ObjectName, PolicyKind};

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
    if let Some(mut object) = object
        && objects.is_new(kind.name(), &object.name, &object.location, problems)
    {
        objects.describe(kind.name(), &object.name, document);
        object.dry_run = is_dry_run(document);
        objects.policies.push(object);
    }
}

/// Whether the policy is counted and not enforced. What the annotation may say has been
/// judged with the rest of the metadata.
fn is_dry_run(document: &Node) -> bool {
    let annotation = (given(document, "metadata"))
        .and_then(|metadata| given(metadata, "annotations"))
        .and_then(|annotations| annotations.get(DRY_RUN));
    annotation.is_some_and(|value| matches!(&value.value, Value::Text(text) if text == "true"))
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
