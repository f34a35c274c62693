//! Writes `steps`: policies that follow each other.

use std::collections::BTreeSet;

use super::probe::Network;
use super::yaml::{self, Map, Yaml};
use super::{Draft, DraftProbe, DraftStep, Manifest, Unwritable, policy, prefilter};
use crate::model::Policy;
use crate::scenario::Connections;

/// The steps of a draft, and the manifests that they apply.
pub(super) struct Steps {
    /// One entry for each.
    pub(super) entries: Vec<Yaml>,
    /// Those of the steps in whose policy there are any.
    pub(super) manifests: Vec<Manifest>,
}

pub(super) fn write(draft: &Draft<'_>) -> Result<Steps, Unwritable> {
    let mut written = Steps {
        entries: Vec::new(),
        manifests: Vec::new(),
    };
    let mut before = draft.policy;
    for (number, step) in (1..).zip(&draft.steps) {
        let objects = policy::write(step.policy)?;
        let applied = match objects.is_empty() {
            true => None,
            false => {
                let path = format!("manifests/{}-step-{number}.yaml", draft.file);
                let text = yaml::file(&objects)?;
                written.manifests.push(Manifest {
                    path: path.clone(),
                    text,
                });
                Some(Yaml::texts([path]))
            }
        };
        // What is applied after it was removed stands behind what is left, in its order.
        let removed: BTreeSet<String> = before
            .all_network_policies()
            .map(|policy| format!("{} {}", policy.kind.name(), policy.name))
            .collect();
        let removed = (!removed.is_empty()).then(|| Yaml::texts(removed));
        let prefilters = prefilter::write(step.policy).unwrap_or(Yaml::List(Vec::new()));
        let connections = match step.connections {
            Connections::Keep => "keep",
            Connections::Forget => "forget",
        };
        let probes = probes(draft, step)?;
        let entry = Map::default()
            .with("name", format!("step-{number}"))
            .with_some("remove", removed)
            .with_some("apply", applied)
            .with_some("labels", labels(draft, before, step.policy).some())
            .with("prefilter", prefilters)
            .with("connections", connections)
            .with_some("probes", (!probes.is_empty()).then_some(Yaml::List(probes)));
        written.entries.push(entry.into());
        before = step.policy;
    }
    Ok(written)
}

/// Labels that a step sets or takes away, by workload.
fn labels(draft: &Draft<'_>, before: &Policy, after: &Policy) -> Map {
    let workloads = before.workloads.iter().zip(&after.workloads);
    (draft.topology.workloads.iter().zip(workloads))
        .map(|(plan, (before, after))| {
            let (before, after) = (&before.labels, &after.labels);
            let is_new = |(key, value): &(&String, &String)| before.get(*key) != Some(*value);
            let set =
                (after.iter().filter(is_new)).map(|(key, value)| (key.clone(), Yaml::text(value)));
            let gone = (before.keys().filter(|key| !after.contains_key(*key)))
                .map(|key| (key.clone(), Yaml::Null));
            (plan.name.clone(), set.chain(gone).collect::<Map>())
        })
        .filter(|(_, labels)| !labels.is_empty())
        .map(|(name, labels)| (name, labels.into()))
        .collect()
}

fn probes(draft: &Draft<'_>, step: &DraftStep<'_>) -> Result<Vec<Yaml>, Unwritable> {
    let network = Network {
        policy: step.policy,
        topology: draft.topology,
    };
    in_order(&network, &step.probes)
}

/// Probes that are sent one after the other.
pub(super) fn in_order(
    network: &Network<'_>,
    probes: &[DraftProbe<'_>],
) -> Result<Vec<Yaml>, Unwritable> {
    (probes.iter())
        .map(|probe| Ok(Yaml::from(network.probe(probe)?).on_one_line()))
        .collect()
}
