//! Reads `topology`, and gives workloads their addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::keys::{Key, PROTO_PORT, Shape, Table};
use super::problems::Problems;
use super::read::Fields;
use super::tree::{Entry, Node, Value};
use crate::diagnostic::{Diagnostic, Location};
use crate::model::{Labels, ObjectName};
use crate::port::ProtoPort;
use crate::prefix::Family;
use crate::topology::{HostPlan, WorkloadPlan, Zone};

/// MTU in bytes where none is given: Ethernet's.
const DEFAULT_MTU: u16 = 1500;

const ADDRESSES: Shape = Shape::List {
    of: &Shape::Pattern("^[0-9A-Fa-f.:]+$"),
    least: 1,
};

pub(super) const TOPOLOGY: Table = Table {
    what: "a topology",
    keys: &[
        Key::required(
            "node",
            Shape::Mapping(&NODE),
            "The node whose uplink the filter guards.",
        ),
        Key::optional(
            "hosts",
            Shape::Named(&Shape::Mapping(&HOST)),
            "Machines beyond the uplink, by name.",
        ),
        Key::optional(
            "workloads",
            Shape::Named(&Shape::Mapping(&WORKLOAD)),
            "What runs behind the node, by name. Each gets an address of its own.",
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

const NODE: Table = Table {
    what: "a node",
    keys: &[Key::required(
        "addresses",
        ADDRESSES,
        "At most one address of each family; node ports are reached at these.",
    )],
};

const HOST: Table = Table {
    what: "a host",
    keys: &[
        Key::required(
            "zone",
            Shape::Choice(&["internal", "external"]),
            "Which side its owner sees it on; reports say so. The network treats both alike.",
        ),
        Key::required(
            "addresses",
            ADDRESSES,
            "Addresses it sends from, of either family.",
        ),
    ],
};

const WORKLOAD: Table = Table {
    what: "a workload",
    keys: &[
        Key::required(
            "labels",
            Shape::Named(&Shape::Text),
            "Labels that selectors of services and policies match.",
        ),
        Key::optional(
            "listen",
            Shape::List {
                of: &PROTO_PORT,
                least: 0,
            },
            "Ports that 'netverdict lab' answers on, for real clients to try.",
        ),
        Key::optional(
            "namespace",
            Shape::Text,
            "Its Kubernetes namespace; 'default' if not given.",
        ),
    ],
};

/// The readable part of a topology. Where something in it was wrong, its names
/// are kept all the same, so that what refers to them is not wrong as well.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) node: Vec<IpAddr>,
    pub(super) hosts: Vec<(HostPlan, Location)>,
    pub(super) workloads: Vec<(WorkloadDeclaration, Location)>,
    pub(super) mtu: u16,
}

/// A workload as both the policy and the network see it.
#[derive(Debug)]
pub(super) struct WorkloadDeclaration {
    pub(super) name: ObjectName,
    pub(super) labels: Labels,
    pub(super) plan: WorkloadPlan,
}

impl Network {
    /// The families that the node has.
    pub(super) fn families(&self) -> BTreeSet<Family> {
        self.node.iter().copied().map(Family::of).collect()
    }

    /// The node's address of a family.
    pub(super) fn node_address(&self, family: Family) -> Option<IpAddr> {
        let mut node = self.node.iter().copied();
        node.find(|address| Family::of(*address) == family)
    }
}

/// Reads a topology.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Option<Network> {
    let fields = Fields::of(node, &TOPOLOGY, problems)?;
    let mut claims = Claims::default();
    let addresses = (fields.get("node"))
        .and_then(|node| Fields::of(node, &NODE, problems))
        .and_then(|fields| fields.get("addresses"))
        .map(|list| node_addresses(list, &mut claims, problems))
        .unwrap_or_default();
    let hosts = named(fields.get("hosts"), problems)
        .iter()
        .map(|entry| {
            let plan = host(entry, &mut claims, problems);
            (plan, entry.key_location.clone())
        })
        .collect();
    let mut workloads: Vec<(WorkloadDeclaration, Location)> = Vec::new();
    for entry in named(fields.get("workloads"), problems) {
        workloads.push((workload(entry, problems), entry.key_location.clone()));
    }
    let mtu = (fields.get("mtu"))
        .and_then(|node| problems.number(node, 1280..=9000))
        .unwrap_or(DEFAULT_MTU);
    let mut network = Network {
        node: addresses,
        hosts,
        workloads,
        mtu,
    };
    reserved_names(&network, problems);
    assign(&mut network, &claims);
    Some(network)
}

fn named<'n>(node: Option<&'n Node>, problems: &mut Problems) -> &'n [Entry] {
    node.and_then(|node| problems.named(node)).unwrap_or(&[])
}

/// Who has which address.
#[derive(Default)]
struct Claims(BTreeMap<IpAddr, (String, Location)>);

impl Claims {
    /// Whether `owner` may have the address: usable for a machine, and nobody
    /// else's.
    fn claim(
        &mut self,
        owner: &str,
        address: IpAddr,
        location: &Location,
        problems: &mut Problems,
    ) -> bool {
        if !usable(address) {
            problems.error(
                "address-unusable",
                location,
                format!("{address} cannot be the address of {owner}"),
                "give it a global unicast address; to send from this one all the same, write it in \
                 a probe's 'from'",
            );
            return false;
        }
        if let Some((other, place)) = self.0.get(&address) {
            problems.push(
                Diagnostic::error(
                    "address-clash",
                    location,
                    format!("{address} already belongs to {other}"),
                    "give each machine addresses of its own",
                )
                .with_label(place, format!("{other} has it")),
            );
            return false;
        }
        self.0.insert(address, (owner.to_owned(), location.clone()));
        true
    }
}

/// Whether an interface can have the address, and be reached at it from beyond
/// its link: RFC 1122 §3.2.1.3, RFC 4291 §2.
fn usable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, ..] = v4.octets();
            !matches!(first, 0 | 127 | 224..=255)
        }
        IpAddr::V6(v6) => {
            !v6.is_unspecified()
                && !v6.is_loopback()
                && !v6.is_multicast()
                && !v6.is_unicast_link_local()
        }
    }
}

fn node_addresses(list: &Node, claims: &mut Claims, problems: &mut Problems) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    let items = problems.list(list).unwrap_or(&[]);
    if items.is_empty() && matches!(list.value, Value::List(_)) {
        problems.error(
            "empty-list",
            &list.location,
            "the node has no address",
            "give it an IPv4 address, an IPv6 address, or one of each",
        );
    }
    for item in items {
        let Some(address) = problems.address(item) else {
            continue;
        };
        let family = Family::of(address);
        if !claims.claim("the node", address, &item.location, problems) {
            continue;
        }
        if addresses.iter().any(|other| Family::of(*other) == family) {
            problems.error(
                "node-addresses",
                &item.location,
                format!("the node has an {family} address already"),
                "keep one address of each family",
            );
            continue;
        }
        addresses.push(address);
    }
    addresses
}

fn host(entry: &Entry, claims: &mut Claims, problems: &mut Problems) -> HostPlan {
    let mut plan = HostPlan {
        name: entry.key.clone(),
        zone: Zone::External,
        addresses: Vec::new(),
    };
    name(entry, "a host", problems);
    let Some(fields) = Fields::of(&entry.value, &HOST, problems) else {
        return plan;
    };
    let zones = [("internal", Zone::Internal), ("external", Zone::External)];
    if let Some(zone) = (fields.get("zone")).and_then(|node| problems.choice(node, &zones)) {
        plan.zone = zone;
    }
    if let Some(list) = fields.get("addresses") {
        let items = problems.list(list).unwrap_or(&[]);
        if items.is_empty() && matches!(list.value, Value::List(_)) {
            problems.error(
                "empty-list",
                &list.location,
                format!("host '{}' has no address", entry.key),
                "give it the addresses that it sends from",
            );
        }
        let owner = format!("host '{}'", entry.key);
        for item in items {
            let Some(address) = problems.address(item) else {
                continue;
            };
            if claims.claim(&owner, address, &item.location, problems) {
                plan.addresses.push(address);
            }
        }
    }
    plan
}

fn workload(entry: &Entry, problems: &mut Problems) -> WorkloadDeclaration {
    let mut declaration = WorkloadDeclaration {
        name: ObjectName {
            namespace: "default".to_owned(),
            name: entry.key.clone(),
        },
        labels: Labels::new(),
        plan: WorkloadPlan {
            host_network: false,
            name: entry.key.clone(),
            addresses: Vec::new(),
            listen: Vec::new(),
        },
    };
    name(entry, "a workload", problems);
    let Some(fields) = Fields::of(&entry.value, &WORKLOAD, problems) else {
        return declaration;
    };
    if let Some(labels) = fields.get("labels") {
        for label in problems.named(labels).unwrap_or(&[]) {
            if let Some(value) = problems.label_value(&label.value) {
                let key = label.key.clone();
                declaration.labels.insert(key, value.to_owned());
            }
        }
    }
    if let Some(node) = fields.get("namespace")
        && let Some(namespace) = problems.text(node)
    {
        namespace.clone_into(&mut declaration.name.namespace);
    }
    if let Some(listen) = fields.get("listen") {
        let ports: Vec<ProtoPort> = (problems.list(listen).unwrap_or(&[]).iter())
            .filter_map(|item| problems.proto_port(item))
            .collect();
        declaration.plan.listen = ports;
    }
    declaration
}

/// Names are written in probes, in front of ':' and between commas, and become
/// part of the names of network namespaces.
fn name(entry: &Entry, what: &str, problems: &mut Problems) {
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
    for (workload, location) in &network.workloads {
        if workload.plan.name == "node" {
            problems.error(
                "name-reserved",
                location,
                "'node' means the node itself in a probe's 'to'",
                "give the workload another name",
            );
        }
    }
    let hosts: BTreeMap<&str, &Location> = (network.hosts.iter())
        .map(|(host, location)| (host.name.as_str(), location))
        .collect();
    for (workload, location) in &network.workloads {
        if let Some(host) = hosts.get(workload.plan.name.as_str()) {
            problems.push(
                Diagnostic::error(
                    "name-clash",
                    location,
                    format!("'{}' is the name of a host as well", workload.plan.name),
                    "give one of them another name",
                )
                .with_label(host, "the host"),
            );
        }
    }
}

/// Gives each workload an address for each family of the node, from ranges that
/// clusters use for pods; addresses that the scenario uses itself are left out.
fn assign(network: &mut Network, claims: &Claims) {
    let families = network.families();
    let free = |address: &IpAddr| !claims.0.contains_key(address);
    let first_v4 = Ipv4Addr::new(10, 244, 0, 2).to_bits();
    let first_v6 = Ipv6Addr::new(0xfd00, 0x10, 0x244, 0, 0, 0, 0, 2).to_bits();
    let mut v4 = (first_v4..).map(|bits| IpAddr::from(Ipv4Addr::from_bits(bits)));
    let mut v6 = (first_v6..).map(|bits| IpAddr::from(Ipv6Addr::from_bits(bits)));
    for (workload, _) in &mut network.workloads {
        for family in &families {
            let address = match family {
                Family::V4 => v4.find(free),
                Family::V6 => v6.find(free),
            };
            workload.plan.addresses.extend(address);
        }
    }
}
