//! Who is there: namespaces, nodes, and workloads with addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::super::addresses::Addresses;
use super::super::manifest::{NamespaceObject, NodeObject, Remark, Remarks, Service};
use super::super::network::Network;
use super::super::problems::Problems;
use super::replicas::Standing;
use super::settle::{self, Settled};
use super::{HostNetwork, Setting};
use crate::diagnostic::{Diagnostic, Location};
use crate::model::{Entity, KnownHost, Labels, NamedPort, Node, ObjectName, Workload};
use crate::port::ProtoPort;

/// The label that every namespace has: its name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// The service account of a pod that names none.
const DEFAULT_SERVICE_ACCOUNT: &str = "default";

/// The name of a cluster that is given none (Cilium, `cluster-name`).
const DEFAULT_CLUSTER: &str = "default";

/// Everybody.
pub(super) struct Cast {
    pub(super) namespaces: BTreeMap<String, Labels>,
    pub(super) node: Node,
    pub(super) known_hosts: Vec<KnownHost>,
    pub(super) workloads: Vec<Workload>,
    /// Ports of each workload that real clients may try.
    pub(super) listen: Vec<Vec<ProtoPort>>,
}

/// What manifests say of who is there.
pub(super) struct Given<'s> {
    pub(super) namespaces: BTreeMap<String, NamespaceObject>,
    pub(super) nodes: Vec<NodeObject>,
    pub(super) standing: Vec<Standing>,
    pub(super) services: &'s [Service],
    pub(super) setting: Setting,
}

/// A workload before it has addresses in the lab.
pub(super) struct Candidate {
    pub(super) name: ObjectName,
    pub(super) kind: String,
    labels: Labels,
    service_account: Option<String>,
    named_ports: Vec<NamedPort>,
    listen: Vec<ProtoPort>,
    /// It shares the node's network, whatever is made of it here.
    pub(super) host_network: bool,
    /// It is the node to others.
    pub(super) on_node: bool,
    pub(super) addresses: Wanted,
    pub(super) location: Location,
}

/// The addresses of a candidate.
pub(super) enum Wanted {
    /// Those of a topology, which are nobody else's.
    Own {
        addresses: Vec<IpAddr>,
        /// Those that CIDR rules know it by.
        known: Vec<IpAddr>,
    },
    /// Those of a status, which others may have as well.
    Status(Vec<(IpAddr, Location)>),
}

/// Puts together who is there.
pub(super) fn cast(
    network: &Network,
    given: Given<'_>,
    remarks: &mut Remarks,
    problems: &mut Problems,
) -> Cast {
    let Given {
        namespaces,
        nodes,
        standing,
        services,
        setting,
    } = given;
    let mut candidates = declared(network);
    let on_node = setting != Setting::Cluster(HostNetwork::AsWorkloads);
    for one in standing {
        if one.host_network && on_node {
            remarks.add(Remark::HostNetwork, &one.location);
        }
        candidates.push(candidate(one, on_node));
    }
    duplicate_names(&candidates, problems);
    let namespaces = all_namespaces(network, namespaces, &candidates, problems);
    let (node, known_hosts) = all_nodes(network, nodes, setting);
    let of_services = services.iter().flat_map(|service| &service.addresses);
    let of_hosts = known_hosts.iter().flat_map(|host| &host.addresses);
    let reserved: BTreeSet<IpAddr> = of_services.chain(of_hosts).copied().collect();
    let settled = settle::settle(network, &candidates, reserved, problems);
    let addresses = assign(network, &candidates, &settled);
    settled.say_who_moved(&candidates, &addresses, problems);
    let mut workloads = Vec::with_capacity(candidates.len());
    let mut listen = Vec::with_capacity(candidates.len());
    for (candidate, addresses) in candidates.into_iter().zip(addresses) {
        let labels = derived(&candidate, &namespaces);
        workloads.push(Workload {
            name: candidate.name,
            kind: candidate.kind,
            labels,
            known_addresses: match candidate.addresses {
                Wanted::Own {
                    addresses: _,
                    known,
                } => known,
                Wanted::Status(given) => given.into_iter().map(|(address, _)| address).collect(),
            },
            addresses,
            named_ports: candidate.named_ports,
            host_network: candidate.on_node,
            location: candidate.location,
        });
        listen.push(candidate.listen);
    }
    Cast {
        namespaces,
        node,
        known_hosts,
        workloads,
        listen,
    }
}

/// The names that probes and reports call workloads by.
pub(super) fn names(workloads: &[Workload], setting: Setting) -> Vec<String> {
    let mut plain: BTreeMap<&str, usize> = BTreeMap::new();
    let mut full: BTreeMap<&ObjectName, usize> = BTreeMap::new();
    for workload in workloads {
        *plain.entry(&workload.name.name).or_default() += 1;
        *full.entry(&workload.name).or_default() += 1;
    }
    let name = |workload: &Workload| match setting {
        Setting::Cluster(_) => workload.to_string(),
        Setting::Scenario if plain[workload.name.name.as_str()] == 1 => workload.name.name.clone(),
        Setting::Scenario if full[&workload.name] == 1 => workload.name.to_string(),
        Setting::Scenario => workload.to_string(),
    };
    workloads.iter().map(name).collect()
}

/// The workloads of the topology.
fn declared(network: &Network) -> Vec<Candidate> {
    (network.workloads.iter())
        .map(|workload| Candidate {
            name: workload.name.clone(),
            kind: "Pod".to_owned(),
            labels: workload.labels.clone(),
            service_account: workload.service_account.clone(),
            named_ports: workload.named_ports.clone(),
            listen: workload.listen.clone(),
            host_network: workload.host_network,
            on_node: workload.host_network,
            addresses: Wanted::Own {
                addresses: workload.addresses.clone(),
                known: workload.known_addresses.clone(),
            },
            location: workload.location.clone(),
        })
        .collect()
}

fn candidate(standing: Standing, on_node: bool) -> Candidate {
    let Standing {
        name,
        kind,
        labels,
        named_ports,
        ports,
        service_account,
        host_network,
        addresses,
        others: _,
        location,
    } = standing;
    Candidate {
        name,
        kind,
        labels,
        service_account,
        named_ports,
        listen: ports,
        host_network,
        on_node: host_network && on_node,
        addresses: Wanted::Status(addresses),
        location,
    }
}

/// A pod of a manifest and a workload of the topology would be one object.
fn duplicate_names(candidates: &[Candidate], problems: &mut Problems) {
    let mut seen: BTreeMap<(&str, &ObjectName), &Location> = BTreeMap::new();
    for Candidate {
        kind,
        name,
        location,
        ..
    } in candidates
    {
        if let Some(first) = seen.insert((kind, name), location) {
            problems.push(
                Diagnostic::error(
                    "duplicate-object",
                    location,
                    format!("there is a {kind} {name} already"),
                    "a cluster keeps one object of a kind, namespace and name: remove one, or \
                     name it differently",
                )
                .with_label(first, "the first one"),
            );
        }
    }
}

/// Every namespace that has an object or a workload.
fn all_namespaces(
    network: &Network,
    objects: BTreeMap<String, NamespaceObject>,
    candidates: &[Candidate],
    problems: &mut Problems,
) -> BTreeMap<String, Labels> {
    let mut all: BTreeMap<String, Labels> = (network.namespaces.iter())
        .map(|(name, (labels, _))| (name.clone(), labels.clone()))
        .collect();
    for (name, NamespaceObject { labels, location }) in objects {
        if let Some((_, first)) = network.namespaces.get(&name) {
            problems.push(
                Diagnostic::error(
                    "duplicate-object",
                    &location,
                    format!("there is a Namespace {name} already"),
                    "give its labels in one place",
                )
                .with_label(first, "the first one"),
            );
        }
        all.insert(name, labels);
    }
    for candidate in candidates {
        if !all.contains_key(&candidate.name.namespace) {
            all.insert(candidate.name.namespace.clone(), Labels::new());
        }
    }
    for (name, labels) in &mut all {
        labels.insert(NAMESPACE_NAME.to_owned(), name.clone());
    }
    all
}

/// The node that everything runs on, and the others. The node is the first one
/// of a cluster, and in a scenario the one that has an address of its node.
fn all_nodes(
    network: &Network,
    objects: Vec<NodeObject>,
    setting: Setting,
) -> (Node, Vec<KnownHost>) {
    let mut node = Node {
        addresses: network.node.clone(),
        labels: network.node_labels.clone(),
    };
    let mut known_hosts = network.known_hosts.clone();
    let mut taken: BTreeSet<IpAddr> = (known_hosts.iter())
        .flat_map(|host| host.addresses.iter().copied())
        .collect();
    for (number, object) in objects.into_iter().enumerate() {
        let NodeObject {
            labels,
            addresses,
            location,
        } = object;
        let is_here = match setting {
            Setting::Cluster(_) => number == 0,
            Setting::Scenario => {
                (addresses.iter()).any(|(address, _)| node.addresses.contains(address))
            }
        };
        if is_here {
            node.labels.extend(labels);
            continue;
        }
        let addresses: Vec<IpAddr> = (addresses.into_iter())
            .map(|(address, _)| address)
            .filter(|address| taken.insert(*address))
            .collect();
        if !addresses.is_empty() {
            known_hosts.push(KnownHost {
                addresses,
                entities: vec![Entity::RemoteNode],
                labels,
                location,
            });
        }
    }
    (node, known_hosts)
}

/// An address of each family of the node for each candidate: its own, or one
/// that is free.
fn assign(network: &Network, candidates: &[Candidate], settled: &Settled) -> Vec<Vec<IpAddr>> {
    let families = network.families();
    let taken = |address| network.claims.has(address) || settled.has(address);
    let mut free = Addresses::new(&taken);
    (candidates.iter().zip(&settled.own))
        .map(|(candidate, own)| match candidate.on_node {
            true => network.node.clone(),
            false => free.complete(own, &families),
        })
        .collect()
}

/// The candidate's labels, and those that Cilium derives (`GetPodMetadata` in
/// `pkg/k8s`).
fn derived(candidate: &Candidate, namespaces: &BTreeMap<String, Labels>) -> Labels {
    let mut labels = candidate.labels.clone();
    let namespace = &candidate.name.namespace;
    for (key, value) in namespaces.get(namespace).into_iter().flatten() {
        let key = format!("io.cilium.k8s.namespace.labels.{key}");
        labels.insert(key, value.clone());
    }
    let account = candidate.service_account.as_deref();
    let account = account.unwrap_or(DEFAULT_SERVICE_ACCOUNT);
    for (key, value) in [
        ("io.kubernetes.pod.namespace", namespace.as_str()),
        ("io.cilium.k8s.policy.serviceaccount", account),
        ("io.cilium.k8s.policy.cluster", DEFAULT_CLUSTER),
    ] {
        labels.insert(key.to_owned(), value.to_owned());
    }
    labels
}
