//! Reads `topology.node`.

use std::net::IpAddr;

use super::super::keys::{Key, Table};
use super::super::problems::Problems;
use super::super::read::Fields;
use super::super::tree::{Node, Value};
use super::{ADDRESSES, LABELS, claims::Claims, labels};
use crate::model::Labels;
use crate::prefix::Family;

pub(super) const NODE: Table = Table {
    what: "a node",
    keys: &[
        Key::required(
            "addresses",
            ADDRESSES,
            "At most one address of each family; node ports are reached at these.",
        ),
        Key::optional(
            "labels",
            LABELS,
            "Its labels, which 'nodeSelector' selects by.",
        ),
    ],
};

/// Its addresses and labels.
pub(super) fn read(
    node: &Node,
    claims: &mut Claims,
    problems: &mut Problems,
) -> (Vec<IpAddr>, Labels) {
    let Some(fields) = Fields::of(node, &NODE, problems) else {
        return (Vec::new(), Labels::new());
    };
    let addresses = (fields.get("addresses"))
        .map(|list| node_addresses(list, claims, problems))
        .unwrap_or_default();
    (addresses, labels(fields.get("labels"), problems))
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
