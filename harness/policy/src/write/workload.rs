//! Writes workloads: in the topology what fits there, the others as pods.

use std::collections::BTreeSet;

use super::topology::labels;
use super::yaml::{Map, Yaml};
use super::{Unwritable, manifest};
use crate::model::{Labels, NamedPort, Workload};
use crate::port::ProtoPort;
use crate::topology::{TopologyPlan, WorkloadPlan};

/// The namespace and the service account of a workload that is given none.
const DEFAULT: &str = "default";

const SERVICE_ACCOUNT: &str = "io.cilium.k8s.policy.serviceaccount";

/// Begin of the keys of labels that are derived from others.
const DERIVED: [&str; 4] = [
    "io.cilium.k8s.namespace.labels.",
    "io.kubernetes.pod.namespace",
    "io.cilium.k8s.policy.serviceaccount",
    "io.cilium.k8s.policy.cluster",
];

/// Every workload.
pub(super) struct Cast {
    /// Those of the topology, by name.
    pub(super) declared: Map,
    /// `Pod` objects. Workloads of the topology come before those of manifests, so
    /// whoever stands behind one that is a pod is a pod as well.
    pub(super) pods: Vec<Yaml>,
}

pub(super) fn cast(workloads: &[Workload], topology: &TopologyPlan) -> Result<Cast, Unwritable> {
    if topology.workloads.len() != workloads.len() {
        return Err(Unwritable::because(
            "the network",
            "it has other workloads than the policy",
        ));
    }
    let mut names = BTreeSet::new();
    let mut declared = Map::default();
    let mut pods = Vec::new();
    for (workload, plan) in workloads.iter().zip(&topology.workloads) {
        let fits = pods.is_empty() && is_declarable(workload) && names.insert(&workload.name.name);
        if fits {
            declared = declared.with(workload.name.name.clone(), in_topology(workload, plan));
        } else {
            pods.push(pod(workload, plan, pods.len()));
        }
    }
    Ok(Cast { declared, pods })
}

/// Whether the topology has a form for it; more than that the front end knows.
fn is_declarable(workload: &Workload) -> bool {
    let name = &workload.name.name;
    workload.kind == "Pod" && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 63
}

fn in_topology(workload: &Workload, plan: &WorkloadPlan) -> Yaml {
    let own = own_labels(&workload.labels);
    let known = &workload.known_addresses;
    // What a workload in the node's network has for addresses is the node's.
    let addresses: &[_] = if workload.host_network {
        &[]
    } else {
        &workload.addresses
    };
    let mut ports: Vec<(String, Vec<ProtoPort>)> = Vec::new();
    for NamedPort { name, port } in &workload.named_ports {
        match ports.iter_mut().find(|(known, _)| known == name) {
            Some((_, ports)) => ports.push(*port),
            None => ports.push((name.clone(), vec![*port])),
        }
    }
    let ports: Map = (ports.into_iter())
        .map(|(name, ports)| match ports.as_slice() {
            [port] => (name, Yaml::text(port)),
            several => (name, Yaml::texts(several)),
        })
        .collect();
    let namespace = Some(workload.name.namespace.as_str()).filter(|name| *name != DEFAULT);
    let written = Map::default()
        .with("labels", labels(&own))
        .with_some("namespace", namespace)
        .with_some("service_account", service_account(workload))
        .with_some("addresses", some_texts(addresses))
        .with_some(
            "known_addresses",
            (known != addresses).then(|| Yaml::texts(known)),
        )
        .with_some("ports", ports.some())
        .with_some("host_network", workload.host_network.then_some(true))
        .with_some("listen", some_texts(&plan.listen));
    Yaml::from(written).on_one_line()
}

/// A pod, under the owner whose name the workload has.
fn pod(workload: &Workload, plan: &WorkloadPlan, number: usize) -> Yaml {
    let is_owned = workload.kind != "Pod";
    let owner = is_owned.then(|| {
        let owner = Map::default()
            .with("kind", workload.kind.as_str())
            .with("name", workload.name.name.as_str())
            .with("controller", true);
        Yaml::List(vec![Yaml::from(owner).on_one_line()])
    });
    let name = match is_owned {
        true => format!("pod-{number}"),
        false => workload.name.name.clone(),
    };
    let metadata = Map::default()
        .with("name", name)
        .with("namespace", workload.name.namespace.as_str())
        .with_some("labels", labels(&own_labels(&workload.labels)).some())
        .with_some("ownerReferences", owner);
    let containers = containers(&workload.named_ports, &plan.listen);
    let spec = Map::default()
        .with_some("serviceAccountName", service_account(workload))
        .with_some("hostNetwork", workload.host_network.then_some(true))
        .with_some(
            "containers",
            (!containers.is_empty()).then_some(Yaml::List(containers)),
        );
    let addresses: Vec<Yaml> = (workload.known_addresses.iter())
        .map(|address| {
            let address = Map::default().with("ip", Yaml::text(address));
            Yaml::from(address).on_one_line()
        })
        .collect();
    let status = Map::default().with_some(
        "podIPs",
        (!addresses.is_empty()).then_some(Yaml::List(addresses)),
    );
    manifest("v1", "Pod", metadata)
        .with("spec", spec)
        .with_some("status", status.some())
        .into()
}

/// Containers with all the ports, in order; no container has two of one name.
fn containers(named: &[NamedPort], listen: &[ProtoPort]) -> Vec<Yaml> {
    let mut ports: Vec<(ProtoPort, Option<&str>)> = Vec::new();
    for port in listen {
        let mut of_port = named.iter().filter(|named| named.port == *port).peekable();
        match of_port.peek() {
            Some(_) => ports.extend(of_port.map(|named| (*port, Some(named.name.as_str())))),
            None => ports.push((*port, None)),
        }
    }
    let unheard = named.iter().filter(|named| !listen.contains(&named.port));
    ports.extend(unheard.map(|named| (named.port, Some(named.name.as_str()))));
    let mut containers: Vec<Vec<Yaml>> = Vec::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (port, name) in ports {
        let repeats = name.is_some_and(|name| !names.insert(name));
        if repeats || containers.is_empty() {
            names = name.into_iter().collect();
            containers.push(Vec::new());
        }
        let written = Map::default()
            .with_some("name", name)
            .with("containerPort", Yaml::number(port.port))
            .with("protocol", port.protocol.name().to_uppercase());
        let last = containers.last_mut();
        last.into_iter()
            .for_each(|ports| ports.push(Yaml::from(written.clone()).on_one_line()));
    }
    (containers.into_iter())
        .map(|ports| Map::default().with("ports", Yaml::List(ports)).into())
        .collect()
}

/// Those that are not derived.
fn own_labels(all: &Labels) -> Labels {
    (all.iter())
        .filter(|(key, _)| !DERIVED.iter().any(|derived| key.starts_with(derived)))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn service_account(workload: &Workload) -> Option<&str> {
    let account = workload.labels.get(SERVICE_ACCOUNT)?;
    (account != DEFAULT).then_some(account)
}

fn some_texts<T: ToString>(items: &[T]) -> Option<Yaml> {
    (!items.is_empty()).then(|| Yaml::texts(items.iter().map(ToString::to_string)))
}
