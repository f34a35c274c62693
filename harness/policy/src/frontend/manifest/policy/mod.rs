//! Reads policies of every kind, and links them to workloads.

mod cilium;
mod rule;

use super::super::problems::Problems;
use super::super::tree::Node;
use super::Objects;
use crate::coverage::Coverage;
use crate::diagnostic::Location;
use crate::model::{NetworkPolicy, Policy, PolicyKind};

/// A policy, and where its selector stands.
#[derive(Debug)]
pub(in crate::frontend) struct PolicyObject {
    pub(in crate::frontend) policy: NetworkPolicy,
    pub(in crate::frontend) selector_location: Location,
}

/// A `CiliumCIDRGroup`.
#[derive(Debug)]
pub(in crate::frontend) struct CidrGroup {}

/// Reads a policy object.
pub(super) fn read(
    kind: PolicyKind,
    document: &Node,
    objects: &mut Objects,
    problems: &mut Problems,
) {
    match kind {
        PolicyKind::Cilium => {
            if let Some(object) = cilium::read(document, problems) {
                let NetworkPolicy { name, location, .. } = &object.policy;
                if objects.is_new(kind.name(), name, location, problems) {
                    objects.policies.push(object);
                }
            }
        }
        PolicyKind::Kubernetes | PolicyKind::CiliumClusterwide => problems.error(
            "unsupported-kind",
            &document.location,
            format!("this version does not understand a {}", kind.name()),
            "leave the object out",
        ),
    }
}

/// Reads a `CiliumCIDRGroup`.
pub(super) fn cidr_group(document: &Node, _objects: &mut Objects, problems: &mut Problems) {
    problems.error(
        "unsupported-kind",
        &document.location,
        "this version does not understand a CiliumCIDRGroup",
        "leave the object out",
    );
}

/// What the policies amount to where `cast` says who is there: everything in it
/// is as it will be, but for the policies.
pub(in crate::frontend) fn link(
    policies: Vec<PolicyObject>,
    _groups: Vec<CidrGroup>,
    _cast: &Policy,
    _problems: &mut Problems,
) -> (Vec<NetworkPolicy>, Coverage) {
    let mut network_policies = Vec::new();
    for PolicyObject {
        policy,
        selector_location,
    } in policies
    {
        // Default deny comes from what it selects: that is the line to show.
        network_policies.push(NetworkPolicy {
            location: selector_location,
            ..policy
        });
    }
    (network_policies, Coverage::default())
}
