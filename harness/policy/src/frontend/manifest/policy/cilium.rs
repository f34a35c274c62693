//! Reads a `cilium.io/v2 CiliumNetworkPolicy`.

use super::super::super::problems::Problems;
use super::super::super::tree::{Node, Value};
use super::super::fields::{Keys, Known};
use super::super::metadata;
use super::{PolicyObject, rule};
use std::collections::BTreeSet;

use crate::model::{
    EndpointSelector, Labels, Namespaces, NetworkPolicy, Operator, PolicyKind, Requirement,
    RuleAction, Selector, Subject,
};

const OBJECT: Keys = Keys {
    what: "a CiliumNetworkPolicy",
    read: &["metadata", "spec"],
    ignored: &["apiVersion", "kind", "status"],
};

const SPEC: Keys = Keys {
    what: "a CiliumNetworkPolicy's spec",
    read: &["endpointSelector", "ingress", "ingressDeny"],
    // A note, and labels of the rule itself, by which tools find it again.
    ignored: &["description", "labels"],
};

const SELECTOR: Keys = Keys {
    what: "endpointSelector",
    read: &["matchLabels"],
    ignored: &[],
};

/// Reads one object.
pub(super) fn read(document: &Node, problems: &mut Problems) -> Option<PolicyObject> {
    let object = Known::of(document, &OBJECT, problems)?;
    let name = object
        .need("metadata", "give it metadata with a name", problems)
        .and_then(|node| metadata::name(node, problems));
    let spec_help = "give it a spec with endpointSelector and ingress or ingressDeny";
    let spec = object
        .need("spec", spec_help, problems)
        .and_then(|node| Known::of(node, &SPEC, problems))?;
    let selector_help = "say whom it is about: endpointSelector: {matchLabels: {…}}, or {} for \
                         every workload of the namespace";
    let selector = spec.need("endpointSelector", selector_help, problems);
    let labels = selector.and_then(|node| labels(node, problems));
    let mut rules = Vec::new();
    for (section, action) in [
        ("ingress", RuleAction::Allow),
        ("ingressDeny", RuleAction::Deny),
    ] {
        let items = spec.get(section).and_then(|node| problems.list(node));
        for item in items.unwrap_or(&[]) {
            rules.push(rule::read(item, section, action, problems));
        }
    }
    if rules.is_empty() && spec.whole && lists_only(&spec) {
        problems.error(
            "policy-without-rules",
            &spec.node.location,
            "a policy without rules enforces nothing, and Cilium rejects it",
            "to deny everything to the workloads it selects, write 'ingress: [{}]'",
        );
        return None;
    }
    let selector_location = selector?.location.clone();
    if !spec.whole || !object.whole {
        return None;
    }
    Some(PolicyObject {
        policy: NetworkPolicy {
            kind: PolicyKind::Cilium,
            subject: Subject::Workloads(EndpointSelector {
                namespaces: Namespaces::Named(name.clone()?.namespace),
                labels: Selector(
                    (labels?.into_iter())
                        .map(|(key, value)| Requirement {
                            key,
                            operator: Operator::In(BTreeSet::from([value])),
                        })
                        .collect(),
                ),
            }),
            name: name?,
            isolates_ingress: true,
            isolates_egress: false,
            rules: rules.into_iter().collect::<Option<_>>()?,
            location: document.location.clone(),
        },
        selector_location,
    })
}

fn labels(node: &Node, problems: &mut Problems) -> Option<Labels> {
    let selector = Known::of(node, &SELECTOR, problems)?;
    match selector.get("matchLabels") {
        Some(labels) => metadata::selector(labels, problems),
        None => Some(Labels::new()),
    }
}

/// Whether both sections are lists, or missing: what is not has been refused
/// already.
fn lists_only(spec: &Known<'_>) -> bool {
    let sections = ["ingress", "ingressDeny"].map(|section| spec.get(section));
    (sections.into_iter().flatten()).all(|node| matches!(node.value, Value::List(_)))
}
