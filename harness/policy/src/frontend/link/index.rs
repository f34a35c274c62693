//! Finds workloads by namespace and labels without looking at each.

use std::collections::{BTreeMap, BTreeSet};

use super::super::suggest::closest;
use crate::model::{Labels, ObjectName, Workload};

/// Which workloads have a label, by namespace.
pub(super) struct Index<'w>(BTreeMap<&'w str, Namespace<'w>>);

#[derive(Default)]
struct Namespace<'w> {
    all: Vec<usize>,
    labelled: BTreeMap<(&'w str, &'w str), Vec<usize>>,
}

impl<'w> Index<'w> {
    pub(super) fn of(workloads: &'w [Workload]) -> Index<'w> {
        let mut namespaces: BTreeMap<&str, Namespace<'_>> = BTreeMap::new();
        for (number, workload) in workloads.iter().enumerate() {
            let namespace = namespaces.entry(&workload.name.namespace).or_default();
            namespace.all.push(number);
            for (key, value) in &workload.labels {
                let labelled = namespace.labelled.entry((key, value)).or_default();
                labelled.push(number);
            }
        }
        Index(namespaces)
    }

    /// Workloads of the object's namespace that have all the labels, ascending.
    pub(super) fn selected(&self, object: &ObjectName, selector: &Labels) -> Vec<usize> {
        let Some(namespace) = self.0.get(object.namespace.as_str()) else {
            return Vec::new();
        };
        let mut lists: Vec<&[usize]> = Vec::with_capacity(selector.len());
        for (key, value) in selector {
            match namespace.labelled.get(&(key.as_str(), value.as_str())) {
                Some(list) => lists.push(list),
                None => return Vec::new(),
            }
        }
        let Some(shortest) = lists.iter().min_by_key(|list| list.len()) else {
            return namespace.all.clone();
        };
        let everywhere = |number: &&usize| lists.iter().all(|l| l.binary_search(number).is_ok());
        shortest.iter().filter(everywhere).copied().collect()
    }

    /// What a selector that matches nothing may have meant.
    pub(super) fn near(&self, object: &ObjectName, selector: &Labels) -> String {
        let name = &object.namespace;
        let Some(namespace) = self.0.get(name.as_str()) else {
            return format!("the namespace '{name}' has no workload");
        };
        let labels: BTreeSet<String> = (namespace.labelled.keys())
            .filter(|(key, _)| !key.starts_with("io.cilium.") && !key.starts_with("io.kubernetes."))
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        for (key, value) in selector {
            let wanted = format!("{key}: {value}");
            if !labels.contains(&wanted) {
                let near = closest(&wanted, labels.iter().map(String::as_str));
                return match near {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => format!("no workload of the namespace '{name}' has '{wanted}'"),
                };
            }
        }
        "each label is there, but no workload has all of them".to_owned()
    }
}
