//! One workload for all the pods of one owner.
//!
//! Pods that no selector tells apart are judged alike: one stands for all, under
//! the name of whoever made them. Pods of one owner that some selector does tell
//! apart stay apart, each under its own name.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::super::manifest::{Rank, Remark, Remarks, WorkloadObject};
use super::super::problems::Problems;
use crate::diagnostic::Location;
use crate::model::{Labels, NamedPort, ObjectName};
use crate::port::ProtoPort;

/// Owners of owners that are followed.
const MAX_OWNERS: usize = 8;

/// A workload of the manifests, before it has addresses of the lab.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) name: ObjectName,
    pub(super) kind: String,
    /// Labels that all of its pods have, without what Cilium derives.
    pub(super) labels: Labels,
    pub(super) named_ports: Vec<NamedPort>,
    pub(super) ports: Vec<ProtoPort>,
    pub(super) service_account: Option<String>,
    pub(super) host_network: bool,
    /// Addresses of the pod that stands for all.
    pub(super) addresses: Vec<(IpAddr, Location)>,
    /// Addresses of the pods that it stands for.
    pub(super) others: Vec<IpAddr>,
    pub(super) location: Location,
}

/// Kind and name of whoever is on top of a chain of owners; `None` for the kind
/// where the pod itself is.
type Root = (String, ObjectName);

/// The workloads that the objects amount to, in the order in which the first
/// object of each appears. `keys` are the labels that selectors look at.
pub(super) fn collapse(
    objects: Vec<WorkloadObject>,
    keys: &BTreeSet<String>,
    remarks: &mut Remarks,
    problems: &mut Problems,
) -> Vec<Standing> {
    let roots = roots(&objects);
    let mut order: Vec<Root> = Vec::new();
    let mut families: BTreeMap<Root, Vec<WorkloadObject>> = BTreeMap::new();
    let mut places: BTreeMap<Root, Location> = BTreeMap::new();
    for (object, root) in objects.into_iter().zip(roots) {
        if object.kind == root.0 && object.name == root.1 {
            places.insert(root.clone(), object.location.clone());
        }
        let family = families.entry(root.clone()).or_default();
        if family.is_empty() {
            order.push(root);
        }
        family.push(object);
    }
    let mut standing = Vec::new();
    for root in order {
        let family = families.remove(&root).unwrap_or_default();
        let members = nearest(family);
        if members.iter().all(|member| member.idle)
            && let Some(first) = members.first()
        {
            let remark = match first.rank {
                Rank::Pod => Remark::Finished,
                Rank::Top | Rank::Between => Remark::NoReplicas,
            };
            remarks.add(remark, &first.location);
        }
        let groups = alike(members, keys);
        let apart = groups.len() > 1;
        if apart {
            tell_apart(&root, &groups, keys, problems);
        }
        for group in groups {
            let place = places.get(&root).filter(|_| !apart);
            standing.push(one_for_all(group, &root, apart, place));
        }
    }
    standing
}

/// Who is on top of each object.
fn roots(objects: &[WorkloadObject]) -> Vec<Root> {
    let known: BTreeMap<(&str, &ObjectName), &WorkloadObject> = (objects.iter())
        .map(|object| ((object.kind, &object.name), object))
        .collect();
    (objects.iter())
        .map(|object| {
            let mut root: Root = (object.kind.to_owned(), object.name.clone());
            let mut owner = object.owner.as_ref();
            for _ in 0..MAX_OWNERS {
                let Some(above) = owner else {
                    break;
                };
                let name = ObjectName {
                    namespace: object.name.namespace.clone(),
                    name: above.name.clone(),
                };
                owner = (known.get(&(above.kind.as_str(), &name)))
                    .and_then(|object| object.owner.as_ref());
                root = (above.kind.clone(), name);
            }
            root
        })
        .collect()
}

/// Of all that one owner made, what is nearest to what runs: pods, or else what
/// makes them. What is idle counts only where nothing else is there.
fn nearest(family: Vec<WorkloadObject>) -> Vec<WorkloadObject> {
    let rank = |of: &mut dyn Iterator<Item = &WorkloadObject>| of.map(|object| object.rank).max();
    let busy = rank(&mut family.iter().filter(|object| !object.idle));
    let (rank, idle) = match busy {
        Some(rank) => (Some(rank), false),
        None => (rank(&mut family.iter()), true),
    };
    (family.into_iter())
        .filter(|object| Some(object.rank) == rank && object.idle == idle)
        .collect()
}

/// The pods in groups that no selector tells apart.
fn alike(members: Vec<WorkloadObject>, keys: &BTreeSet<String>) -> Vec<Vec<WorkloadObject>> {
    let mut groups: Vec<Vec<WorkloadObject>> = Vec::new();
    let mut found: BTreeMap<Seen, usize> = BTreeMap::new();
    for member in members {
        let seen = Seen::of(&member, keys);
        let index = *found.entry(seen).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push(member),
            None => groups.push(vec![member]),
        }
    }
    groups
}

/// What selectors, and ports by name, can tell of a pod.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    labels: Vec<(String, String)>,
    named_ports: BTreeSet<NamedPort>,
    service_account: Option<String>,
    host_network: bool,
}

impl Seen {
    fn of(object: &WorkloadObject, keys: &BTreeSet<String>) -> Seen {
        Seen {
            labels: (object.labels.iter())
                .filter(|(key, _)| keys.contains(*key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            named_ports: object.named_ports.iter().cloned().collect(),
            service_account: object.service_account.clone(),
            host_network: object.host_network,
        }
    }
}

fn tell_apart(
    root: &Root,
    groups: &[Vec<WorkloadObject>],
    keys: &BTreeSet<String>,
    problems: &mut Problems,
) {
    let (kind, name) = root;
    let firsts = || groups.iter().filter_map(|group| group.first());
    let values = |key: &String| {
        let values = firsts().map(|first| first.labels.get(key));
        values.collect::<BTreeSet<_>>().len()
    };
    let differ: Vec<&str> = (keys.iter())
        .filter(|key| values(key) > 1)
        .map(String::as_str)
        .collect();
    let why = match differ.is_empty() {
        false => format!(
            "in the labels {}, which selectors look at",
            differ.join(", ")
        ),
        true => "in named ports, service account or network".to_owned(),
    };
    let Some(first) = firsts().next() else {
        return;
    };
    problems.note(
        "replicas-differ",
        &first.location,
        format!("pods of {name}[{kind}] differ {why}"),
        format!(
            "they stay apart: {} workloads under the names of pods stand for them",
            groups.len()
        ),
    );
}

/// The workload that stands for a group, which is not empty.
fn one_for_all(
    mut group: Vec<WorkloadObject>,
    root: &Root,
    apart: bool,
    place: Option<&Location>,
) -> Standing {
    let with_address = group.iter().position(|member| !member.addresses.is_empty());
    let WorkloadObject {
        rank: _,
        kind,
        name,
        mut labels,
        named_ports,
        ports,
        service_account,
        host_network,
        addresses,
        owner: _,
        idle: _,
        location,
    } = group.swap_remove(with_address.unwrap_or(0));
    labels.retain(|key, value| (group.iter()).all(|other| other.labels.get(key) == Some(value)));
    let (kind, name) = match apart {
        true => (kind.to_owned(), name),
        false => root.clone(),
    };
    Standing {
        name,
        kind,
        labels,
        named_ports,
        ports,
        service_account,
        host_network,
        addresses,
        others: (group.iter().flat_map(|other| &other.addresses))
            .map(|(address, _)| *address)
            .collect(),
        location: place.unwrap_or(&location).clone(),
    }
}
