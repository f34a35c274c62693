//! Reads an entry of `topology.hosts`.

use super::super::keys::{Key, Shape, Table};
use super::super::problems::Problems;
use super::super::read::Fields;
use super::super::tree::{Entry, Value};
use super::claims::Claims;
use super::{ADDRESSES, LABELS, check_name, labels};
use crate::model::{Entity, KnownHost};
use crate::topology::{HostPlan, Zone};

pub(super) const HOST: Table = Table {
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
        Key::optional(
            "entities",
            Shape::List {
                of: &Shape::Choice(&[
                    "remote-node",
                    "kube-apiserver",
                    "health",
                    "ingress",
                    "unmanaged",
                    "init",
                ]),
                least: 1,
            },
            "What Cilium policies know it as, if it is more than 'world'.",
        ),
        Key::optional(
            "labels",
            LABELS,
            "Its labels, which 'fromNodes' and 'toNodes' select by, if it is a remote node.",
        ),
    ],
};

/// Names of the entities that a host can be.
const ENTITIES: [(&str, Entity); 6] = [
    ("remote-node", Entity::RemoteNode),
    ("kube-apiserver", Entity::KubeApiserver),
    ("health", Entity::Health),
    ("ingress", Entity::Ingress),
    ("unmanaged", Entity::Unmanaged),
    ("init", Entity::Init),
];

/// The host, and what policies know of it, if anything.
pub(super) fn read(
    entry: &Entry,
    claims: &mut Claims,
    problems: &mut Problems,
) -> (HostPlan, Option<KnownHost>) {
    let mut plan = HostPlan {
        name: entry.key.clone(),
        zone: Zone::External,
        addresses: Vec::new(),
    };
    check_name(entry, "a host", problems);
    let Some(fields) = Fields::of(&entry.value, &HOST, problems) else {
        return (plan, None);
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
    let known = known(entry, &plan, &fields, problems);
    (plan, known)
}

fn known(
    entry: &Entry,
    plan: &HostPlan,
    fields: &Fields<'_>,
    problems: &mut Problems,
) -> Option<KnownHost> {
    let labels_node = fields.get("labels");
    let labels = labels(labels_node, problems);
    let Some(list) = fields.get("entities") else {
        if let Some(node) = labels_node {
            problems.error(
                "labels-unused",
                &node.location,
                format!("no policy looks at labels of the host '{}'", entry.key),
                "add 'entities: [remote-node]', or leave them out",
            );
        }
        return None;
    };
    let items = problems.list(list)?;
    if items.is_empty() {
        problems.error(
            "empty-list",
            &list.location,
            format!("the host '{}' is no entity in particular", entry.key),
            "list what it is, or leave the key out: then it is 'world'",
        );
    }
    let mut entities: Vec<Entity> = (items.iter())
        .filter_map(|item| problems.choice(item, &ENTITIES))
        .collect();
    let all_known = entities.len() == items.len();
    if let (Some(node), false, true) = (
        labels_node,
        entities.contains(&Entity::RemoteNode),
        all_known,
    ) {
        problems.error(
            "labels-unused",
            &node.location,
            format!("no policy looks at labels of the host '{}'", entry.key),
            "add 'remote-node' to its entities, or leave them out",
        );
    }
    entities.sort_unstable();
    entities.dedup();
    Some(KnownHost {
        addresses: plan.addresses.clone(),
        entities,
        labels,
        location: entry.key_location.clone(),
    })
}
