//! Reads `topology`.

mod claims;
mod host;
mod node;
mod workload;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::keys::{Key, Shape, Table};
use super::problems::Problems;
use super::read::Fields;
use super::tree::{Entry, Node};
use crate::diagnostic::{Diagnostic, Location};
use crate::model::{KnownHost, Labels};
use crate::prefix::Family;
use crate::topology::HostPlan;

pub(super) use claims::{Claims, usable};
pub(super) use workload::WorkloadDeclaration;

/// MTU in bytes where none is given: Ethernet's.
pub(super) const DEFAULT_MTU: u16 = 1500;

const ADDRESSES: Shape = Shape::List {
    of: &Shape::Pattern("^[0-9A-Fa-f.:]+$"),
    least: 1,
};

const LABELS: Shape = Shape::Named(&Shape::Text);

pub(super) const TOPOLOGY: Table = Table {
    what: "a topology",
    keys: &[
        Key::required(
            "node",
            Shape::Mapping(&node::NODE),
            "The node whose uplink the filter guards.",
        ),
        Key::optional(
            "hosts",
            Shape::Named(&Shape::Mapping(&host::HOST)),
            "Machines beyond the uplink, by name.",
        ),
        Key::optional(
            "namespaces",
            Shape::Named(&Shape::Mapping(&NAMESPACE)),
            "Labels of Kubernetes namespaces, by name.",
        ),
        Key::optional(
            "workloads",
            Shape::Named(&Shape::Mapping(&workload::WORKLOAD)),
            "What runs behind the node, by name; manifests may add more. Each gets addresses of \
             its own.",
        ),
        Key::optional(
            "mtu",
            Shape::Integer {
                least: 1280,
                most: 9000,
            },
            "Largest IP packet in bytes, 1280 to 9000; 1500 if not given.",
        ),
    ],
};

const NAMESPACE: Table = Table {
    what: "a namespace",
    keys: &[Key::required(
        "labels",
        LABELS,
        "Its labels; 'kubernetes.io/metadata.name' is there in any case.",
    )],
};

/// The readable part of a topology. Where something in it was wrong, its names
/// are kept all the same, so that what refers to them is not wrong as well.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) node: Vec<IpAddr>,
    pub(super) node_labels: Labels,
    pub(super) hosts: Vec<(HostPlan, Location)>,
    /// Hosts that are more than the world.
    pub(super) known_hosts: Vec<KnownHost>,
    /// Labels of namespaces as written.
    pub(super) namespaces: BTreeMap<String, (Labels, Location)>,
    pub(super) workloads: Vec<WorkloadDeclaration>,
    /// Addresses that the topology gives away, which are not assigned again.
    pub(super) claims: Claims,
    pub(super) mtu: u16,
}

impl Network {
    /// The families that the node has.
    pub(super) fn families(&self) -> BTreeSet<Family> {
        self.node.iter().copied().map(Family::of).collect()
    }
}

/// Reads a topology.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Option<Network> {
    let fields = Fields::of(node, &TOPOLOGY, problems)?;
    let mut claims = Claims::default();
    let (node, node_labels) = (fields.get("node"))
        .map(|node| node::read(node, &mut claims, problems))
        .unwrap_or_default();
    let families: Vec<Family> = node.iter().copied().map(Family::of).collect();
    let (mut hosts, mut known_hosts) = (Vec::new(), Vec::new());
    for entry in named(fields.get("hosts"), problems) {
        let (plan, known) = host::read(entry, &mut claims, problems);
        hosts.push((plan, entry.key_location.clone()));
        known_hosts.extend(known);
    }
    let mut namespaces = BTreeMap::new();
    for entry in named(fields.get("namespaces"), problems) {
        let fields = Fields::of(&entry.value, &NAMESPACE, problems);
        let labels = labels(fields.and_then(|fields| fields.get("labels")), problems);
        namespaces.insert(entry.key.clone(), (labels, entry.key_location.clone()));
    }
    let workloads: Vec<WorkloadDeclaration> = (named(fields.get("workloads"), problems).iter())
        .map(|entry| workload::read(entry, &families, &mut claims, problems))
        .collect();
    let mtu = (fields.get("mtu"))
        .and_then(|node| problems.number(node, 1280..=9000))
        .unwrap_or(DEFAULT_MTU);
    let network = Network {
        node,
        node_labels,
        hosts,
        known_hosts,
        namespaces,
        workloads,
        claims,
        mtu,
    };
    reserved_names(&network, problems);
    Some(network)
}

fn named<'n>(node: Option<&'n Node>, problems: &mut Problems) -> &'n [Entry] {
    node.and_then(|node| problems.named(node)).unwrap_or(&[])
}

fn labels(node: Option<&Node>, problems: &mut Problems) -> Labels {
    let mut labels = Labels::new();
    for entry in named(node, problems) {
        if let Some(value) = problems.label_value(&entry.value) {
            labels.insert(entry.key.clone(), value.to_owned());
        }
    }
    labels
}

/// Names are written in probes, in front of ':' and between commas, and become
/// part of the names of network namespaces.
fn check_name(entry: &Entry, what: &str, problems: &mut Problems) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let name = &entry.key;
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins || !name.chars().all(plain) || name.len() > 63 {
        problems.error(
            "name-malformed",
            &entry.key_location,
            format!("'{name}' cannot be the name of {what}"),
            "use up to 63 of a-z, 0-9, '-', '_' and '.', beginning with a letter",
        );
    }
}

fn reserved_names(network: &Network, problems: &mut Problems) {
    for workload in &network.workloads {
        if workload.name.name == "node" {
            problems.error(
                "name-reserved",
                &workload.location,
                "'node' means the node itself in a probe's 'to'",
                "give the workload another name",
            );
        }
    }
    let hosts: BTreeMap<&str, &Location> = (network.hosts.iter())
        .map(|(host, location)| (host.name.as_str(), location))
        .collect();
    if let Some(location) = hosts.get("node") {
        problems.error(
            "name-reserved",
            location,
            "'node' means the node itself in a probe's 'to'",
            "give the host another name",
        );
    }
    for workload in &network.workloads {
        let name = workload.name.name.as_str();
        if let Some(host) = hosts.get(name) {
            problems.push(
                Diagnostic::error(
                    "name-clash",
                    &workload.location,
                    format!("'{name}' is the name of a host as well"),
                    "give one of them another name",
                )
                .with_label(host, "the host"),
            );
        }
    }
}
