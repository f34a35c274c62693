//! Writes network policies.

mod cilium;
mod kubernetes;
mod selector;

use super::yaml::{Map, Yaml};
use super::{Unwritable, manifest};
use crate::model::{NetworkPolicy, PolicyKind, Rule};

/// One object for each policy; those of one Cilium object are its `specs`.
pub(super) fn write(policies: &[NetworkPolicy]) -> Result<Vec<Yaml>, Unwritable> {
    policies
        .chunk_by(|one, next| (one.kind, &one.name) == (next.kind, &next.name))
        .map(object)
        .collect()
}

fn object(specs: &[NetworkPolicy]) -> Result<Yaml, Unwritable> {
    let first = &specs[0];
    let metadata = Map::default().with("name", first.name.name.as_str());
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
