//! Writes network policies.

mod cilium;
mod kubernetes;
mod selector;

use super::yaml::{Map, Yaml};
use super::{Unwritable, manifest};
use crate::model::{DRY_RUN, NetworkPolicy, Policy, PolicyKind, Rule};

/// Whether a policy is in force.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Enforced,
    DryRun,
}

/// One object for each policy, those in dry run last; those of one Cilium object are
/// its `specs`.
pub(super) fn write(policy: &Policy) -> Result<Vec<Yaml>, Unwritable> {
    let mut objects = listed(&policy.network_policies, Standing::Enforced)?;
    objects.extend(listed(&policy.dry_run, Standing::DryRun)?);
    Ok(objects)
}

fn listed(policies: &[NetworkPolicy], standing: Standing) -> Result<Vec<Yaml>, Unwritable> {
    policies
        .chunk_by(|one, next| (one.kind, &one.name) == (next.kind, &next.name))
        .map(|specs| object(specs, standing))
        .collect()
}

fn object(specs: &[NetworkPolicy], standing: Standing) -> Result<Yaml, Unwritable> {
    let first = &specs[0];
    let mut metadata = Map::default().with("name", first.name.name.as_str());
    if standing == Standing::DryRun {
        // A text: annotations have no other values.
        let annotations = Map::default().with(DRY_RUN, "true");
        metadata = metadata.with("annotations", annotations);
    }
    let namespaced = || {
        let namespace = first.name.namespace.as_str();
        metadata.clone().with("namespace", namespace)
    };
    let kind = first.kind.name();
    let (head, specs): (Map, Vec<Map>) = match first.kind {
        PolicyKind::Kubernetes => {
            let head = manifest("networking.k8s.io/v1", kind, namespaced());
            let [spec] = specs else {
                let what = Named(first, None).to_string();
                return Err(Unwritable::because(what, "there are two of this name"));
            };
            (head, vec![kubernetes::spec(spec)?])
        }
        PolicyKind::Cilium => (
            manifest("cilium.io/v2", kind, namespaced()),
            specs.iter().map(cilium::spec).collect::<Result<_, _>>()?,
        ),
        PolicyKind::CiliumClusterwide => (
            manifest("cilium.io/v2", kind, metadata),
            specs.iter().map(cilium::spec).collect::<Result<_, _>>()?,
        ),
    };
    Ok(match <[Map; 1]>::try_from(specs) {
        Ok([spec]) => head.with("spec", spec),
        Err(specs) => head.with("specs", Yaml::list(specs)),
    }
    .into())
}

/// What a message calls a policy, or one of its rules.
struct Named<'p>(&'p NetworkPolicy, Option<&'p Rule>);

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Named(policy, rule) = self;
        write!(f, "{} {}", policy.kind.name(), policy.name)?;
        let position = |rule: &Rule| {
            policy
                .rules
                .iter()
                .position(|other| std::ptr::eq(other, rule))
        };
        match rule.and_then(position) {
            Some(position) => write!(f, ", rule {position}"),
            None => Ok(()),
        }
    }
}
