//! Workloads with the same namespace and labels, and which of them a selector
//! selects.

use std::collections::{BTreeMap, HashMap};

use super::set::Set;
use crate::model::{EndpointSelector, Labels, Namespaces, Operator, Policy, Selector};

/// Workloads in groups of the same namespace and labels, numbered in the order of
/// the first of each; those in the node's network are in none.
pub(super) struct Groups<'a> {
    /// Indices of the workloads in each, ascending.
    members: Vec<Vec<usize>>,
    namespaces: &'a BTreeMap<String, Labels>,
    all: Set,
    // Looked up only, never listed.
    by_namespace: HashMap<&'a str, Set>,
    by_label: HashMap<&'a str, Label<'a>>,
    /// Selectors of namespaces that were asked for.
    known: HashMap<&'a Selector, Set>,
}

/// Groups by a label's key.
#[derive(Default)]
struct Label<'a> {
    any: Set,
    values: HashMap<&'a str, Set>,
}

impl<'a> Groups<'a> {
    /// The groups of all workloads of `policy`.
    pub(super) fn new(policy: &'a Policy) -> Groups<'a> {
        let mut groups = Groups {
            members: Vec::new(),
            namespaces: &policy.namespaces,
            all: Set::default(),
            by_namespace: HashMap::new(),
            by_label: HashMap::new(),
            known: HashMap::new(),
        };
        let mut numbers: HashMap<(&str, &Labels), usize> = HashMap::new();
        for (index, workload) in policy.workloads.iter().enumerate() {
            if workload.host_network {
                continue;
            }
            let namespace = workload.name.namespace.as_str();
            let number = *(numbers.entry((namespace, &workload.labels)))
                .or_insert_with(|| groups.add(namespace, &workload.labels));
            groups.members[number].push(index);
        }
        groups
    }

    fn add(&mut self, namespace: &'a str, labels: &'a Labels) -> usize {
        let index = self.members.len();
        let number = u32::try_from(index).expect("fewer groups than 32 bits count");
        self.members.push(Vec::new());
        self.all.push(number);
        self.by_namespace.entry(namespace).or_default().push(number);
        for (key, value) in labels {
            let label = self.by_label.entry(key).or_default();
            label.any.push(number);
            label.values.entry(value).or_default().push(number);
        }
        index
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.members.len()
    }

    /// The workloads of a group, ascending.
    pub(super) fn members(&self, group: u32) -> &[usize] {
        &self.members[group as usize]
    }

    /// The groups that a selector selects.
    pub(super) fn selected(&mut self, selector: &'a EndpointSelector) -> Set {
        let EndpointSelector { namespaces, labels } = selector;
        let mut selected = match namespaces {
            Namespaces::All => self.all.clone(),
            Namespaces::Named(name) => {
                (self.by_namespace.get(name.as_str())).map_or_else(Set::default, Set::clone)
            }
            Namespaces::Labelled(labels) => self.in_namespaces(labels),
        };
        for requirement in &labels.0 {
            let empty = Label::default();
            let label = self
                .by_label
                .get(requirement.key.as_str())
                .unwrap_or(&empty);
            selected = match &requirement.operator {
                Operator::In(values) => selected.and(&label.with_any_of(values)),
                Operator::NotIn(values) => selected.without(&label.with_any_of(values)),
                Operator::Exists => selected.and(&label.any),
                Operator::DoesNotExist => selected.without(&label.any),
            };
        }
        selected
    }

    fn in_namespaces(&mut self, selector: &'a Selector) -> Set {
        let (namespaces, by_namespace) = (self.namespaces, &self.by_namespace);
        (self.known.entry(selector))
            .or_insert_with(|| {
                (namespaces.iter())
                    .filter(|(_, labels)| is_met(selector, labels))
                    .filter_map(|(name, _)| by_namespace.get(name.as_str()))
                    .fold(Set::default(), |all, these| all.or(these))
            })
            .clone()
    }
}

impl Label<'_> {
    fn with_any_of<'v>(&self, values: impl IntoIterator<Item = &'v String>) -> Set {
        (values.into_iter())
            .filter_map(|value| self.values.get(value.as_str()))
            .fold(Set::default(), |all, these| all.or(these))
    }
}

/// Whether labels meet every requirement of a selector.
pub(super) fn is_met(selector: &Selector, labels: &Labels) -> bool {
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
