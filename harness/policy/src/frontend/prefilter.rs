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
        Key::required(
            "allow",
            Shape::List {
                of: &Shape::AnyOf(&[PREFIX, Shape::Text]),
                least: 0,
            },
            "Sources that pass: prefixes, addresses, or names of address sets.",
        ),
        Key::required(
            "default",
            Shape::Choice(&["pass", "drop"]),
            "What happens to a source that is not on the list.",
        ),
    ],
};

/// Reads every prefilter; only those that are whole are returned.
pub(super) fn read(
    node: &Node,
    sets: &Sets,
    expected_to_fail: bool,
    problems: &mut Problems,
) -> Vec<Prefilter> {
    let mut prefilters = Vec::new();
    let mut ports: BTreeMap<ProtoPort, &Location> = BTreeMap::new();
    for item in problems.list(node).unwrap_or(&[]) {
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
        let allow = fields.get("allow").map(|node| {
            let list = allow_list(node, sets, expected_to_fail, problems);
            (list, node.location.clone())
        });
        if let (Some((node_port, _)), Some(bypass), Some(default), Some(allow)) =
            (port, bypass, default, allow)
        {
            prefilters.push(Prefilter {
                deny: Vec::new(),
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

fn allow_list(
    node: &Node,
    sets: &Sets,
    expected_to_fail: bool,
    problems: &mut Problems,
) -> Vec<ListedSource> {
    let before = problems.count();
    let mut allow = Vec::new();
    for item in problems.list(node).unwrap_or(&[]) {
        let Some(text) = problems.text(item) else {
            continue;
        };
        match (sets.get(text), prefix_or_address(text)) {
            (Some(set), _) => allow.extend(set.entries.iter().cloned()),
            (None, Ok(prefix)) => allow.push(ListedSource {
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
            (None, Err(error)) => problems.bad_prefix(&item.location, text, &error),
        }
    }
    let named_broken_set = match &node.value {
        Value::List(items) => items.iter().any(|item| match &item.value {
            Value::Text(name) => sets.get(name).is_some_and(|set| set.broken),
            _ => false,
        }),
        _ => false,
    };
    // An empty list where something was wrong is not what the author wrote.
    if allow.is_empty() && problems.count() == before && !named_broken_set {
        let problem = Diagnostic::error(
            "prefilter-empty-allow-list",
            &node.location,
            "the allow list is empty: the prefilter's default decides about every source",
            "list the sources that may pass, or leave this prefilter out; if the scenario \
             reproduces a faulty deployment, say so with 'xfail'",
        );
        problems.push(if expected_to_fail {
            problem.into_warning()
        } else {
            problem
        });
    }
    allow
}
