//! Whom selectors select, of all workloads at once.

use std::collections::BTreeMap;

use crate::model::{
    EndpointSelector, Labels, Namespaces, Operator, Policy, Requirement, Selector, Workload,
};

/// Workloads by what selectors can tell of them: each kind of workload is looked at
/// once, however many there are of it.
pub(super) struct Kinds<'a> {
    policy: &'a Policy,
    /// Indices of the workloads of each namespace and labels; those in the node's
    /// network, which no selector means, are in none.
    kinds: BTreeMap<(&'a str, &'a Labels), Vec<usize>>,
}

impl<'a> Kinds<'a> {
    pub(super) fn new(policy: &'a Policy) -> Kinds<'a> {
        let mut kinds: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, workload) in policy.workloads.iter().enumerate() {
            let Workload {
                name,
                labels,
                host_network,
                ..
            } = workload;
            if !host_network {
                let kind = (name.namespace.as_str(), labels);
                kinds.entry(kind).or_default().push(index);
            }
        }
        Kinds { policy, kinds }
    }

    /// Indices of the workloads that the selector means, in no particular order.
    pub(super) fn selected(&self, selector: &EndpointSelector) -> Vec<usize> {
        let EndpointSelector { namespaces, labels } = selector;
        let is_meant = |namespace: &str, own: &Labels| match namespaces {
            Namespaces::All => fulfils(own, labels),
            Namespaces::Named(name) => name == namespace && fulfils(own, labels),
            Namespaces::Labelled(required) => {
                let of_namespace = self.policy.namespaces.get(namespace);
                fulfils(of_namespace.unwrap_or(&Labels::new()), required) && fulfils(own, labels)
            }
        };
        (self.kinds.iter())
            .filter(|((namespace, own), _)| is_meant(namespace, own))
            .flat_map(|(_, members)| members.iter().copied())
            .collect()
    }
}

/// Whether no requirement is unmet.
pub(super) fn fulfils(labels: &Labels, Selector(requirements): &Selector) -> bool {
    !requirements.iter().any(|requirement| {
        let Requirement { key, operator } = requirement;
        match (operator, labels.get(key)) {
            (Operator::In(wanted), Some(value)) => !wanted.contains(value),
            (Operator::NotIn(unwanted), Some(value)) => unwanted.contains(value),
            (Operator::Exists, Some(_)) | (Operator::DoesNotExist, None) => false,
            (Operator::NotIn(_), None) => false,
            (Operator::In(_) | Operator::Exists, None) | (Operator::DoesNotExist, Some(_)) => true,
        }
    })
}
