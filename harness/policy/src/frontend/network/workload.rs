//! Reads an entry of `topology.workloads`.

use std::net::IpAddr;

use super::super::keys::{Key, PROTO_PORT, Shape, Table};
use super::super::problems::Problems;
use super::super::read::Fields;
use super::super::tree::{Entry, Node, Value};
use super::claims::Claims;
use super::{ADDRESSES, LABELS, check_name, labels};
use crate::diagnostic::Location;
use crate::model::{Labels, NamedPort, ObjectName};
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Family;

const KNOWN_ADDRESSES: Shape = Shape::List {
    of: &Shape::Pattern("^[0-9A-Fa-f.:]+$"),
    least: 0,
};

/// One port, or a port of each of several protocols.
const PORTS: Shape = Shape::AnyOf(&[
    PROTO_PORT,
    Shape::List {
        of: &PROTO_PORT,
        least: 1,
    },
]);

pub(super) const WORKLOAD: Table = Table {
    what: "a workload",
    keys: &[
        Key::required(
            "labels",
            LABELS,
            "Labels that selectors of services and policies match.",
        ),
        Key::optional(
            "namespace",
            Shape::Text,
            "Its Kubernetes namespace; 'default' if not given.",
        ),
        Key::optional(
            "ports",
            Shape::Named(&PORTS),
            "Named ports of its containers, such as http: 8080/tcp; where a name stands for a port \
             of several protocols, a list of them.",
        ),
        Key::optional(
            "addresses",
            ADDRESSES,
            "Its addresses, at most one of each family of the node; assigned if not given.",
        ),
        Key::optional(
            "known_addresses",
            KNOWN_ADDRESSES,
            "Addresses that CIDR rules know it by, where they match workloads at all, if they are \
             others than 'addresses'; several workloads may have the same.",
        ),
        Key::optional(
            "service_account",
            Shape::Text,
            "Its service account; 'default' if not given.",
        ),
        Key::optional(
            "host_network",
            Shape::Boolean,
            "Whether it shares the node's network: then it has the node's addresses, and no \
             policy for workloads selects it.",
        ),
        Key::optional(
            "listen",
            Shape::List {
                of: &PROTO_PORT,
                least: 0,
            },
            "Ports that 'netverdict lab' answers on, for real clients to try.",
        ),
    ],
};

/// A workload as the topology declares it.
#[derive(Clone, Debug)]
pub(in crate::frontend) struct WorkloadDeclaration {
    pub(in crate::frontend) name: ObjectName,
    /// As written: without what Cilium derives.
    pub(in crate::frontend) labels: Labels,
    pub(in crate::frontend) service_account: Option<String>,
    /// Those that are given; the others are assigned.
    pub(in crate::frontend) addresses: Vec<IpAddr>,
    /// Those that CIDR rules know it by.
    pub(in crate::frontend) known_addresses: Vec<IpAddr>,
    pub(in crate::frontend) named_ports: Vec<NamedPort>,
    pub(in crate::frontend) host_network: bool,
    pub(in crate::frontend) listen: Vec<ProtoPort>,
    /// Its name, where it is declared.
    pub(in crate::frontend) location: Location,
}

/// Reads one; what is wrong is left out.
pub(super) fn read(
    entry: &Entry,
    families: &[Family],
    claims: &mut Claims,
    problems: &mut Problems,
) -> WorkloadDeclaration {
    let mut declaration = WorkloadDeclaration {
        name: ObjectName {
            namespace: "default".to_owned(),
            name: entry.key.clone(),
        },
        labels: Labels::new(),
        service_account: None,
        addresses: Vec::new(),
        known_addresses: Vec::new(),
        named_ports: Vec::new(),
        host_network: false,
        listen: Vec::new(),
        location: entry.key_location.clone(),
    };
    check_name(entry, "a workload", problems);
    let Some(fields) = Fields::of(&entry.value, &WORKLOAD, problems) else {
        return declaration;
    };
    declaration.labels = labels(fields.get("labels"), problems);
    let namespace = (fields.get("namespace")).and_then(|node| problems.text(node));
    if let Some(namespace) = namespace {
        namespace.clone_into(&mut declaration.name.namespace);
    }
    if let Some(ports) = fields.get("ports") {
        for entry in problems.named(ports).unwrap_or(&[]) {
            named_ports(entry, &mut declaration.named_ports, problems);
        }
    }
    declaration.service_account = (fields.get("service_account"))
        .and_then(|node| problems.text(node))
        .map(str::to_owned);
    declaration.host_network = (fields.get("host_network"))
        .and_then(|node| problems.boolean(node))
        .unwrap_or(false);
    if let Some(listen) = fields.get("listen") {
        declaration.listen = (problems.list(listen).unwrap_or(&[]).iter())
            .filter_map(|item| problems.proto_port(item))
            .collect();
    }
    if let Some(list) = fields.get("addresses") {
        if declaration.host_network {
            problems.error(
                "host-network-address",
                &list.location,
                format!(
                    "'{}' shares the node's network, and its addresses",
                    entry.key
                ),
                "leave 'addresses' out, or 'host_network'",
            );
        } else {
            declaration.addresses = addresses(entry, list, families, claims, problems);
        }
    }
    declaration.known_addresses = match fields.get("known_addresses") {
        Some(list) => (problems.list(list).unwrap_or(&[]).iter())
            .filter_map(|item| problems.address(item))
            .collect(),
        None => declaration.addresses.clone(),
    };
    declaration
}

/// What one name stands for: a port, or ports of different protocols.
fn named_ports(entry: &Entry, named: &mut Vec<NamedPort>, problems: &mut Problems) {
    let items = match &entry.value.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(&entry.value),
    };
    if items.is_empty() {
        problems.error(
            "empty-list",
            &entry.value.location,
            format!("the name '{}' stands for no port", entry.key),
            "list what it stands for, or leave it out",
        );
    }
    let mut protocols: Vec<Protocol> = Vec::new();
    for item in items {
        let Some(port) = problems.proto_port(item) else {
            continue;
        };
        if protocols.contains(&port.protocol) {
            problems.error(
                "duplicate-port-name",
                &item.location,
                format!(
                    "'{}' stands for another {} port already",
                    entry.key, port.protocol
                ),
                "a name stands for one port of each protocol",
            );
            continue;
        }
        protocols.push(port.protocol);
        named.push(NamedPort {
            name: entry.key.clone(),
            port,
        });
    }
}

fn addresses(
    entry: &Entry,
    list: &Node,
    families: &[Family],
    claims: &mut Claims,
    problems: &mut Problems,
) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    let items = problems.list(list).unwrap_or(&[]);
    if items.is_empty() && matches!(list.value, Value::List(_)) {
        problems.error(
            "empty-list",
            &list.location,
            format!("the workload '{}' has no address", entry.key),
            "list its addresses, or leave the key out: then they are assigned",
        );
    }
    let owner = format!("workload '{}'", entry.key);
    for item in items {
        let Some(address) = problems.address(item) else {
            continue;
        };
        if !claims.claim(&owner, address, &item.location, problems) {
            continue;
        }
        let family = Family::of(address);
        if addresses.iter().any(|other| Family::of(*other) == family) {
            problems.error(
                "workload-addresses",
                &item.location,
                format!("'{}' has an {family} address already", entry.key),
                "keep one address of each family",
            );
        } else if !families.contains(&family) {
            problems.error(
                "workload-addresses",
                &item.location,
                format!("the node has no {family} address, so that nothing reaches this one"),
                format!("give the node an {family} address, or leave this one out"),
            );
        } else {
            addresses.push(address);
        }
    }
    addresses
}
