//! Reads `prefilter`.

use std::collections::BTreeMap;

use super::keys::{Key, PROTO_PORT, Shape, Table};
use super::problems::Problems;
use super::read::Fields;
use super::sets::{PREFIX, Sets};
use super::suggest::did_you_mean;
use super::tree::{Node, Value};
use crate::address_set::prefix_or_address;
use crate::diagnostic::{Diagnostic, Location};
use crate::model::{DefaultAction, ListedSource, Prefilter};
use crate::port::ProtoPort;

pub(super) const PREFILTER: Table = Table {
    what: "a prefilter",
    keys: &[
        Key::required(
            "node_port",
            PROTO_PORT,
            "The port it guards, such as 30007/tcp, at every address of the node.",
        ),
        Key::required(
            "bypass_policy",
            Shape::Boolean,
            "Whether what the prefilter passes skips the network policies.",
        ),
        Key::optional(
            "deny",
            SOURCES,
            "Sources that are dropped, whatever else lists them.",
        ),
        Key::optional(
            "allow",
            SOURCES,
            "Sources that pass: prefixes, addresses, or names of address sets. Needed unless \
             there is 'deny'.",
        ),
        Key::required(
            "default",
            Shape::Choice(&["pass", "drop"]),
            "What happens to a source that is on no list.",
        ),
    ],
};

pub(super) const DENY_LIST: Table = Table {
    what: "a deny list for every port",
    keys: &[Key::required(
        "deny",
        SOURCES,
        "Sources that are dropped at the uplink, whatever the port.",
    )],
};

const SOURCES: Shape = Shape::List {
    of: &Shape::AnyOf(&[PREFIX, Shape::Text]),
    least: 0,
};

/// What `prefilter` says.
#[derive(Clone, Debug, Default)]
pub(super) struct Prefilters {
    pub(super) deny_list: Vec<ListedSource>,
    pub(super) of_ports: Vec<Prefilter>,
}

/// Reads every entry; only prefilters that are whole are returned.
pub(super) fn read(
    node: &Node,
    sets: &Sets,
    expected_to_fail: bool,
    problems: &mut Problems,
) -> Prefilters {
    let mut prefilters = Prefilters::default();
    let mut ports: BTreeMap<ProtoPort, &Location> = BTreeMap::new();
    for item in problems.list(node).unwrap_or(&[]) {
        if is_deny_list(item) {
            let fields = Fields::of(item, &DENY_LIST, problems);
            if let Some(list) = fields.and_then(|fields| fields.get("deny")) {
                let denied = deny(list, sets, problems);
                prefilters.deny_list.extend(denied);
            }
            continue;
        }
        let Some(fields) = Fields::of(item, &PREFILTER, problems) else {
            continue;
        };
        let port = fields
            .get("node_port")
            .and_then(|node| Some((problems.proto_port(node)?, &node.location)));
        if let Some((port, location)) = port {
            match ports.get(&port) {
                Some(earlier) => problems.push(
                    Diagnostic::error(
                        "duplicate-prefilter",
                        location,
                        format!("there is a prefilter for {port} already"),
                        "write one prefilter for each port",
                    )
                    .with_label(earlier, "the first one"),
                ),
                None => {
                    ports.insert(port, location);
                }
            }
        }
        let bypass = fields
            .get("bypass_policy")
            .and_then(|node| Some((problems.boolean(node)?, node.location.clone())));
        let actions = [("pass", DefaultAction::Pass), ("drop", DefaultAction::Drop)];
        let default = fields
            .get("default")
            .and_then(|node| Some((problems.choice(node, &actions)?, node.location.clone())));
        let denied = fields.get("deny").map(|list| deny(list, sets, problems));
        let allow = match (fields.get("allow"), &denied) {
            (Some(node), _) => {
                let list = allow_list(node, sets, expected_to_fail, problems);
                Some((list, node.location.clone()))
            }
            (None, Some(_)) => {
                if let Some((DefaultAction::Drop, location)) = &default {
                    nobody_passes(location, expected_to_fail, problems);
                }
                Some((Vec::new(), item.location.clone()))
            }
            (None, None) => {
                problems.error(
                    "missing-key",
                    &item.location,
                    "a prefilter needs the key 'allow', or 'deny'",
                    "add 'allow:', the sources that pass, or 'deny:', those that are dropped",
                );
                None
            }
        };
        if let (Some((node_port, _)), Some(bypass), Some(default), Some(allow)) =
            (port, bypass, default, allow)
        {
            prefilters.of_ports.push(Prefilter {
                deny: denied.unwrap_or_default(),
                node_port,
                allow: allow.0,
                default: default.0,
                bypass_policy: bypass.0,
                location: item.location.clone(),
                allow_location: allow.1,
                default_location: default.1,
                bypass_location: bypass.1,
            });
        }
    }
    prefilters
}

/// An entry that names no port, and nothing that only a port can have.
fn is_deny_list(item: &Node) -> bool {
    item.get("deny").is_some()
        && (["node_port", "allow", "default", "bypass_policy"].iter())
            .all(|key| item.get(key).is_none())
}

fn deny(node: &Node, sets: &Sets, problems: &mut Problems) -> Vec<ListedSource> {
    let before = problems.count();
    let denied = sources(node, sets, problems);
    if denied.is_empty() && problems.count() == before && !names_a_broken_set(node, sets) {
        problems.error(
            "empty-list",
            &node.location,
            "the deny list is empty: it drops nobody",
            "list the sources that are to be dropped, or leave the key out",
        );
    }
    denied
}

fn nobody_passes(location: &Location, expected_to_fail: bool, problems: &mut Problems) {
    let problem = Diagnostic::error(
        "prefilter-empty-allow-list",
        location,
        "there is no allow list, and the default is to drop: nobody passes",
        "add 'allow:', or write 'default: pass'; if the scenario reproduces a faulty deployment, \
         say so with 'xfail'",
    );
    match expected_to_fail {
        true => problems.push(problem.into_warning()),
        false => problems.fault(problem),
    }
}

fn allow_list(
    node: &Node,
    sets: &Sets,
    expected_to_fail: bool,
    problems: &mut Problems,
) -> Vec<ListedSource> {
    let before = problems.count();
    let allow = sources(node, sets, problems);
    // An empty list where something was wrong is not what the author wrote.
    if allow.is_empty() && problems.count() == before && !names_a_broken_set(node, sets) {
        let problem = Diagnostic::error(
            "prefilter-empty-allow-list",
            &node.location,
            "the allow list is empty: the prefilter's default decides about every source",
            "list the sources that may pass, or leave this prefilter out; if the scenario \
             reproduces a faulty deployment, say so with 'xfail'",
        );
        match expected_to_fail {
            true => problems.push(problem.into_warning()),
            false => problems.fault(problem),
        }
    }
    allow
}

/// The entries of a list, those of the sets that it names among them.
fn sources(node: &Node, sets: &Sets, problems: &mut Problems) -> Vec<ListedSource> {
    let mut listed = Vec::new();
    for item in problems.list(node).unwrap_or(&[]) {
        let Some(text) = problems.text(item) else {
            continue;
        };
        match (sets.get(text), prefix_or_address(text)) {
            (Some(set), _) => listed.extend(set.entries.iter().cloned()),
            (None, Ok(prefix)) => listed.push(ListedSource {
                prefix,
                location: item.location.clone(),
            }),
            // A name rather than a malformed prefix.
            (None, Err(_))
                if text.starts_with(|c: char| c.is_ascii_alphabetic())
                    && !text.contains([':', '/']) =>
            {
                problems.error(
                    "unknown-set",
                    &item.location,
                    format!("no address set is named '{text}'"),
                    did_you_mean(text, sets.keys().map(String::as_str)),
                );
            }
            (None, Err(error)) => {
                let meant = problems.meant_prefix(&item.location, text, &error);
                listed.extend(meant.map(|prefix| ListedSource {
                    prefix,
                    location: item.location.clone(),
                }));
            }
        }
    }
    listed
}

fn names_a_broken_set(node: &Node, sets: &Sets) -> bool {
    match &node.value {
        Value::List(items) => items.iter().any(|item| match &item.value {
            Value::Text(name) => sets.get(name).is_some_and(|set| set.broken),
            _ => false,
        }),
        _ => false,
    }
}
