//! Makes the change that a step asks for.

use super::super::document;
use super::super::manifest::Objects;
use super::super::prefilter;
use super::super::problems::Problems;
use super::super::read::Fields;
use super::super::sources::Sources;
use super::super::suggest::did_you_mean;
use super::super::tree::{Node, Value};
use super::Base;
use crate::diagnostic::Location;
use crate::model::{Labels, Policy};

/// A label that a step sets or takes away.
pub(super) struct Patch {
    /// Index into [`Policy::workloads`].
    workload: usize,
    key: String,
    value: Option<String>,
    location: Location,
}

/// Changes `base` as the step says.
pub(super) fn make(
    item: &Node,
    fields: &Fields<'_>,
    base: &mut Base<'_>,
    sources: &mut Sources<'_>,
    problems: &mut Problems,
) -> Vec<Patch> {
    let (apply, remove) = (fields.get("apply"), fields.get("remove"));
    let (labels, prefilters) = (fields.get("labels"), fields.get("prefilter"));
    if [apply, remove, labels, prefilters]
        .iter()
        .all(Option::is_none)
    {
        problems.error(
            "step-without-change",
            &item.location,
            "the step changes nothing",
            "give it 'apply', 'remove', 'labels' or 'prefilter'",
        );
    }
    // Removed first: what is applied under the same name is then new.
    if let Some(node) = remove {
        take_out(node, &mut base.objects, problems);
    }
    if let Some(node) = apply {
        let applied = document::manifests(Some(node), sources, problems);
        for node in &applied.nodes {
            problems.error(
                "step-changes-network",
                &node.location,
                "a step cannot change nodes",
                "give the Node in the scenario's 'manifests'",
            );
        }
        base.objects.apply(applied);
    }
    if let Some(node) = prefilters {
        base.prefilters = prefilter::read(node, base.sets, base.expected_to_fail, problems);
    }
    labels.map_or_else(Vec::new, |node| relabel(node, base, problems))
}

fn take_out(node: &Node, objects: &mut Objects, problems: &mut Problems) {
    for item in problems.list(node).unwrap_or(&[]) {
        let Some(written) = problems.text(item) else {
            continue;
        };
        if written.starts_with("Node ") {
            problems.error(
                "step-changes-network",
                &item.location,
                "a step cannot change nodes",
                "leave it there",
            );
        } else if !objects.remove(written) && !objects.broken {
            let known = objects.removable();
            problems.error(
                "unknown-object",
                &item.location,
                format!("there is no '{written}' to remove"),
                did_you_mean(written, known.iter().map(String::as_str)),
            );
        }
    }
}

fn relabel(node: &Node, base: &mut Base<'_>, problems: &mut Problems) -> Vec<Patch> {
    let mut patches = Vec::new();
    for entry in problems.named(node).unwrap_or(&[]) {
        let found =
            (base.topology.workloads.iter()).position(|workload| workload.name == entry.key);
        let Some(workload) = found else {
            let known = base.topology.workloads.iter();
            problems.error(
                "unknown-workload",
                &entry.key_location,
                format!("no workload is named '{}'", entry.key),
                did_you_mean(&entry.key, known.map(|workload| workload.name.as_str())),
            );
            continue;
        };
        for label in problems.named(&entry.value).unwrap_or(&[]) {
            let value = match &label.value.value {
                Value::Null => None,
                _ => match problems.label_value(&label.value) {
                    Some(value) => Some(value.to_owned()),
                    None => continue,
                },
            };
            let patch = Patch {
                workload,
                key: label.key.clone(),
                value,
                location: label.key_location.clone(),
            };
            if let Some(labels) = labels_of(base, workload) {
                match &patch.value {
                    Some(value) => labels.insert(patch.key.clone(), value.clone()),
                    None => labels.remove(&patch.key),
                };
            }
            patches.push(patch);
        }
    }
    patches
}

/// Where the labels of a workload come from: the topology's workloads are the
/// first ones, then those of the manifests that stand under their own name.
fn labels_of<'b>(base: &'b mut Base<'_>, workload: usize) -> Option<&'b mut Labels> {
    if let Some(declared) = base.network.workloads.get_mut(workload) {
        return Some(&mut declared.labels);
    }
    let wanted = base.policy.workloads.get(workload)?;
    (base.objects.workloads.iter_mut())
        .find(|object| object.kind == wanted.kind && object.name == wanted.name)
        .map(|object| &mut object.labels)
}

/// A label that is not as the step says would be a step that does not happen.
pub(super) fn took_effect(patches: &[Patch], policy: &Policy, problems: &mut Problems) {
    for patch in patches {
        let workload = &policy.workloads[patch.workload];
        if workload.labels.get(&patch.key) != patch.value.as_ref() {
            problems.error(
                "label-not-changed",
                &patch.location,
                format!("'{}' of {workload} cannot be changed here", patch.key),
                "the label is derived, or the workload stands for pods that have labels of their \
                 own: apply changed manifests instead",
            );
        }
    }
}
