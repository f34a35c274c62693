//! Reads a `v1 Node`.

use std::net::IpAddr;

use super::super::problems::Problems;
use super::super::tree::{Node, Value};
use super::fields::Open;
use super::metadata::{self, Metadata, Scope};
use super::{NodeObject, Objects};
use crate::diagnostic::Location;

/// Reads one object.
pub(super) fn read(document: &Node, objects: &mut Objects, problems: &mut Problems) {
    let Some(metadata) = metadata::read(document, Scope::Cluster, problems) else {
        return;
    };
    let addresses = match document.get("status") {
        Some(status) if status.value != Value::Null => addresses(status, problems),
        _ => Vec::new(),
    };
    let Metadata {
        name,
        labels,
        owner: _,
        location,
    } = metadata;
    if objects.is_new("Node", &name, &location, problems) {
        objects.nodes.push(NodeObject {
            labels,
            addresses,
            location,
        });
    }
}

/// Addresses inside the cluster's network: those that pods and policies see.
fn addresses(status: &Node, problems: &mut Problems) -> Vec<(IpAddr, Location)> {
    let status = Open::of(status, "a Node's status", &["addresses"], problems);
    let list = status.and_then(|status| status.get("addresses"));
    let items = list.and_then(|list| problems.list(list)).unwrap_or(&[]);
    let mut found = Vec::new();
    for item in items {
        let Some(entry) = Open::of(item, "an address of a Node", &["type", "address"], problems)
        else {
            continue;
        };
        let internal = (entry.get("type")).is_some_and(|node| {
            let kind = &node.value;
            *kind == Value::Text("InternalIP".to_owned())
        });
        if let Some(node) = entry.get("address").filter(|_| internal)
            && let Some(address) = problems.address(node)
        {
            found.push((address, node.location.clone()));
        }
    }
    found
}
