//! Which workloads a policy is about.
//!
//! Used to find the ports worth trying, never to judge. It reads the model anew,
//! beside oracle and compiler; where it erred, the boundaries of the compiled
//! image would still be tried.

use crate::model::{
    EndpointSelector, Labels, Namespaces, NetworkPolicy, Operator, Policy, Selector, Subject,
    Workload,
};

/// Whether `network_policy` selects `workload`.
pub fn selects(policy: &Policy, network_policy: &NetworkPolicy, workload: &Workload) -> bool {
    match &network_policy.subject {
        Subject::Nodes(_) => false,
        Subject::Workloads(_) if workload.host_network => false,
        Subject::Workloads(EndpointSelector { namespaces, labels }) => {
            let namespace = &workload.name.namespace;
            let here = match namespaces {
                Namespaces::All => true,
                Namespaces::Named(name) => name == namespace,
                Namespaces::Labelled(selector) => {
                    let labels = policy.namespaces.get(namespace);
                    meets(labels.unwrap_or(&Labels::new()), selector)
                }
            };
            here && meets(&workload.labels, labels)
        }
    }
}

fn meets(labels: &Labels, Selector(requirements): &Selector) -> bool {
    requirements.iter().all(|requirement| {
        let value = labels.get(&requirement.key);
        match &requirement.operator {
            Operator::In(values) => value.is_some_and(|value| values.contains(value)),
            Operator::NotIn(values) => !value.is_some_and(|value| values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    })
}
