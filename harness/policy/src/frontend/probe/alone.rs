//! Reads one entry of `probes` that does not stand in a file.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::problems::Problems;
use super::super::sets::Sets;
use super::super::tree::{self, Value};
use super::assemble::SourcePorts;
use super::expand::Ports;
use super::{Context, probe};
use crate::diagnostic::{Diagnostic, SourceFile};
use crate::model::Policy;
use crate::scenario::{Probe, Scenario};

/// The entry as it would be read among the scenario's probes.
pub(in super::super) fn read(
    text: &str,
    scenario: &Scenario,
    policy: &Policy,
) -> Result<Probe, Vec<Diagnostic>> {
    let file = Arc::new(SourceFile {
        path: "probe".to_owned(),
        text: text.to_owned(),
    });
    let context = Context {
        topology: &scenario.topology,
        policy,
        sets: &Sets::new(),
        services_known: true,
    };
    let of_steps = scenario.steps.iter().flat_map(|step| &step.probes);
    let others = scenario.probes.iter().chain(&scenario.before_steps);
    let mut named: BTreeSet<String> = (others.chain(of_steps))
        .map(|probe| probe.name.clone())
        .collect();
    let mut problems = Problems::default();
    let documents = tree::parse(&file, &mut problems).unwrap_or_default();
    let item = documents
        .first()
        .and_then(|document| match &document.value {
            Value::List(items) => items.first(),
            _ => None,
        });
    let mut ports = SourcePorts::default();
    let read = item.and_then(|item| {
        let mut ports = Ports::Distinct(&mut ports);
        probe(item, None, &context, &mut named, &mut ports, &mut problems)
    });
    let any_error = problems.any_error();
    match read {
        Some(probe) if !any_error => Ok(probe),
        _ => Err(problems.into_sorted(&[file])),
    }
}
