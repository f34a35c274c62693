//! Which workloads a selector means.

use crate::model::{EndpointSelector, Labels, Namespaces, Operator, Policy, Selector, Workload};

/// Whether the selector means the workload, which has a network of its own.
pub(super) fn means(policy: &Policy, selector: &EndpointSelector, workload: &Workload) -> bool {
    let EndpointSelector { namespaces, labels } = selector;
    let namespace = &workload.name.namespace;
    let there = match namespaces {
        Namespaces::All => true,
        Namespaces::Named(name) => name == namespace,
        Namespaces::Labelled(selector) => match policy.namespaces.get(namespace) {
            Some(of_namespace) => fit(of_namespace, selector),
            None => false,
        },
    };
    there && !workload.host_network && fit(&workload.labels, labels)
}

/// Whether labels fit every requirement.
pub(super) fn fit(labels: &Labels, selector: &Selector) -> bool {
    selector.0.iter().all(|requirement| {
        let value = labels.get(&requirement.key);
        match &requirement.operator {
            Operator::In(values) => value.is_some_and(|value| values.contains(value)),
            Operator::NotIn(values) => !value.is_some_and(|value| values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    })
}
