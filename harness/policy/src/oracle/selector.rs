//! Which labels meet which requirements.

use crate::model::{
    EndpointSelector, Labels, Namespaces, Operator, Policy, Requirement, Selector, Workload,
};

/// Whether labels meet every requirement (Kubernetes, `LabelSelector`).
pub(super) fn meets(labels: &Labels, selector: &Selector) -> bool {
    let Selector(requirements) = selector;
    requirements.iter().all(|Requirement { key, operator }| {
        let value = labels.get(key);
        match operator {
            Operator::In(values) => value.is_some_and(|value| values.contains(value)),
            Operator::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    })
}

/// Whether the selector means the workload: its namespace and its labels must both
/// match, and one in the node's network is never meant.
pub(super) fn selects(policy: &Policy, selector: &EndpointSelector, workload: &Workload) -> bool {
    let namespace = &workload.name.namespace;
    let in_namespace = match &selector.namespaces {
        Namespaces::All => true,
        Namespaces::Named(name) => name == namespace,
        Namespaces::Labelled(required) => {
            let unlabelled = Labels::new();
            meets(
                policy.namespaces.get(namespace).unwrap_or(&unlabelled),
                required,
            )
        }
    };
    !workload.host_network && in_namespace && meets(&workload.labels, &selector.labels)
}
