//! What was seen from here, and what was not.

use std::collections::BTreeSet;

use netverdict_abi::Hook;

use super::Question;
use super::hooks::place_name;
use crate::words::counted;

/// Lines that say which hooks were seen, and which cannot be seen from this namespace.
pub fn scope(question: &Question<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut seen = BTreeSet::new();
    for interface in question.interfaces() {
        for (place, id) in &interface.attached {
            let Some(program) = question.loaded.attached.get(id) else {
                continue;
            };
            let what = match program.hook(question.print) {
                Some(hook) => {
                    seen.insert(hook);
                    format!("the {} program", hook.slug())
                }
                None => "a program that is none of the filter's".to_owned(),
            };
            lines.push(format!(
                "seen: {what} at {} ({}, program {id})",
                interface.name,
                place_name(*place)
            ));
        }
    }
    if lines.is_empty() {
        lines.push("seen: no XDP program at all".to_owned());
    }
    for filter in question.filters() {
        if let Some(Ok(held)) = &filter.policy {
            let entries = match held.in_force.entries {
                1 => "1 entry".to_owned(),
                entries => format!("{entries} entries"),
            };
            lines.push(format!(
                "seen: {} with {entries} in force, generation {}, {} of the other generation",
                counted(filter.maps.len(), "map"),
                held.in_force.generation,
                held.in_force.leftovers
            ));
        }
    }
    let elsewhere: BTreeSet<Hook> = (question.filters().iter())
        .flat_map(|filter| &filter.programs)
        .filter_map(|program| program.hook(question.print))
        .collect();
    for hook in Hook::ALL.into_iter().filter(|hook| !seen.contains(hook)) {
        let place = match hook {
            Hook::Uplink => "it belongs at the node's uplink",
            Hook::Egress => "it belongs at the node's end of each workload's link",
            Hook::Ingress => "it belongs inside each workload's own namespace",
        };
        let loaded = match elsewhere.contains(&hook) {
            true => "it is loaded over the same maps, and where it is attached",
            false => "whether it is loaded, and where it is attached,",
        };
        lines.push(format!(
            "not seen from here: the {} program; {place}; {loaded} cannot be told from this \
             network namespace",
            hook.slug()
        ));
    }
    lines
}
