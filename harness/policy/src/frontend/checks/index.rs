//! Which workloads a selector selects, without asking each workload.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::frontend::labels::meets;
use crate::frontend::suggest::closest;
use crate::model::{
    EndpointSelector, Labels, NamedPort, Namespaces, Operator, Policy, Requirement, Selector,
};

/// Workloads by what selectors can tell of them. Those in the node's network are
/// never selected.
pub(super) struct Index<'p> {
    namespaces: &'p BTreeMap<String, Labels>,
    classes: Vec<Class<'p>>,
    by_label: BTreeMap<&'p str, BTreeMap<&'p str, Vec<usize>>>,
    by_key: BTreeMap<&'p str, Vec<usize>>,
    by_namespace: BTreeMap<&'p str, Vec<usize>>,
    known: BTreeMap<&'p EndpointSelector, Rc<[usize]>>,
}

/// Workloads that are alike to selectors and to named ports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class<'p> {
    pub(super) namespace: &'p str,
    pub(super) labels: &'p Labels,
    pub(super) named_ports: &'p [NamedPort],
}

impl<'p> Index<'p> {
    pub(super) fn new(policy: &'p Policy) -> Index<'p> {
        let classes: BTreeSet<Class<'_>> = (policy.workloads.iter())
            .filter(|workload| !workload.host_network)
            .map(|workload| Class {
                namespace: &workload.name.namespace,
                labels: &workload.labels,
                named_ports: &workload.named_ports,
            })
            .collect();
        let mut index = Index {
            namespaces: &policy.namespaces,
            classes: classes.into_iter().collect(),
            by_label: BTreeMap::new(),
            by_key: BTreeMap::new(),
            by_namespace: BTreeMap::new(),
            known: BTreeMap::new(),
        };
        for (number, class) in index.classes.iter().enumerate() {
            let here = index.by_namespace.entry(class.namespace).or_default();
            here.push(number);
            for (key, value) in class.labels {
                let values = index.by_label.entry(key).or_default();
                values.entry(value).or_default().push(number);
                index.by_key.entry(key).or_default().push(number);
            }
        }
        index
    }

    pub(super) fn class(&self, number: usize) -> &Class<'p> {
        &self.classes[number]
    }

    /// Every class.
    pub(super) fn all(&self) -> Rc<[usize]> {
        (0..self.classes.len()).collect()
    }

    /// The classes that are selected, ascending.
    pub(super) fn selected(&mut self, selector: &'p EndpointSelector) -> Rc<[usize]> {
        if let Some(known) = self.known.get(selector) {
            return Rc::clone(known);
        }
        let found: Rc<[usize]> = self.select(selector).into();
        self.known.insert(selector, Rc::clone(&found));
        found
    }

    fn select(&self, selector: &EndpointSelector) -> Vec<usize> {
        let mut candidates = self.candidates(selector);
        candidates.retain(|number| {
            let class = &self.classes[*number];
            let here = match &selector.namespaces {
                Namespaces::All => true,
                Namespaces::Named(name) => class.namespace == name,
                Namespaces::Labelled(labels) => match self.namespaces.get(class.namespace) {
                    Some(own) => meets(own, labels),
                    None => meets(&Labels::new(), labels),
                },
            };
            here && meets(class.labels, &selector.labels)
        });
        candidates
    }

    /// A few classes among which are all that are selected.
    fn candidates<'s>(&'s self, selector: &EndpointSelector) -> Vec<usize> {
        let mut fewest: Option<Vec<&'s [usize]>> = None;
        let mut offer = |lists: Vec<&'s [usize]>| {
            let count = |lists: &[&[usize]]| lists.iter().map(|list| list.len()).sum::<usize>();
            if fewest.as_ref().is_none_or(|few| count(&lists) < count(few)) {
                fewest = Some(lists);
            }
        };
        if let Namespaces::Named(name) = &selector.namespaces {
            offer(lists(self.by_namespace.get(name.as_str())));
        }
        for Requirement { key, operator } in &selector.labels.0 {
            match operator {
                Operator::In(values) => {
                    let known = self.by_label.get(key.as_str());
                    let numbers = (values.iter())
                        .filter_map(|value| known?.get(value.as_str()))
                        .map(Vec::as_slice);
                    offer(numbers.collect());
                }
                Operator::Exists => offer(lists(self.by_key.get(key.as_str()))),
                Operator::NotIn(_) | Operator::DoesNotExist => {}
            }
        }
        match fewest {
            Some(lists) => {
                let mut found: Vec<usize> = lists.into_iter().flatten().copied().collect();
                // A class has one value of a label, so that none comes twice.
                found.sort_unstable();
                found
            }
            None => (0..self.classes.len()).collect(),
        }
    }

    /// What a selector that selects nothing may have meant.
    pub(super) fn near(&self, selector: &EndpointSelector) -> String {
        let here: Vec<&Class<'_>> = match &selector.namespaces {
            Namespaces::Named(name) => match self.by_namespace.get(name.as_str()) {
                Some(numbers) => numbers.iter().map(|at| &self.classes[*at]).collect(),
                None => return self.near_namespace(name),
            },
            Namespaces::All | Namespaces::Labelled(_) => self.classes.iter().collect(),
        };
        for requirement in &selector.labels.0 {
            if here
                .iter()
                .any(|class| meets_one(class.labels, requirement))
            {
                continue;
            }
            return near_label(&here, requirement);
        }
        match &selector.namespaces {
            Namespaces::Labelled(labels) => {
                let known = |labels: &Selector| {
                    (self.namespaces.values()).any(|namespace| meets(namespace, labels))
                };
                match known(labels) {
                    true => "no workload of those namespaces has the labels".to_owned(),
                    false => "no namespace has the labels".to_owned(),
                }
            }
            Namespaces::Named(_) | Namespaces::All => {
                "each label is there, but no workload has all of them".to_owned()
            }
        }
    }

    fn near_namespace(&self, name: &str) -> String {
        let known = self.by_namespace.keys().copied();
        match closest(name, known) {
            Some(near) => {
                format!("the namespace '{name}' has no workload; did you mean '{near}'?")
            }
            None => format!("the namespace '{name}' has no workload"),
        }
    }
}

fn lists(list: Option<&Vec<usize>>) -> Vec<&[usize]> {
    list.map(Vec::as_slice).into_iter().collect()
}

fn meets_one(labels: &Labels, requirement: &Requirement) -> bool {
    meets(labels, &Selector(vec![requirement.clone()]))
}

fn near_label(here: &[&Class<'_>], requirement: &Requirement) -> String {
    let keys: BTreeSet<&str> = (here.iter())
        .flat_map(|class| class.labels.keys().map(String::as_str))
        .collect();
    let key = requirement.key.as_str();
    let wanted = match &requirement.operator {
        Operator::In(values) => values.first().map(String::as_str),
        Operator::NotIn(_) | Operator::Exists | Operator::DoesNotExist => None,
    };
    let Some(value) = wanted else {
        return match closest(key, keys.iter().copied()) {
            Some(near) if near != key => {
                format!("no workload has the label '{key}'; did you mean '{near}'?")
            }
            _ => format!("no workload meets what is required of the label '{key}'"),
        };
    };
    let labels: BTreeSet<String> = (here.iter())
        .flat_map(|class| class.labels)
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    let wanted = format!("{key}: {value}");
    match closest(&wanted, labels.iter().map(String::as_str)) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("no workload there has '{wanted}'"),
    }
}
