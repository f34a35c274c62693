//! Reads `from`.

use std::net::IpAddr;

use super::super::problems::Problems;
use super::super::suggest::{closest, did_you_mean};
use super::super::tree::{Node, Value};
use super::Context;
use super::who::{self, WhoError};
use crate::address_set::{AddressSet, prefix_or_address};
use crate::diagnostic::Location;
use crate::journey::Sender;

/// Addresses that one entry of `from` may stand for.
const MOST: usize = 256;

/// One entry of `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Where they send.
    pub(super) sender: Sender,
    /// The addresses it stands for; none where something was wrong with it.
    pub(super) addresses: Vec<IpAddr>,
    /// It is one address that the author wrote, which must not be left out
    /// because the destination is of another family.
    pub(super) exact: bool,
    /// Where it stands.
    pub(super) location: Location,
}

/// Reads one or a list.
pub(super) fn read(node: &Node, context: &Context<'_>, problems: &mut Problems) -> Vec<Origin> {
    match &node.value {
        Value::List(items) if items.is_empty() => {
            problems.error(
                "empty-list",
                &node.location,
                "'from' names nobody",
                "name a host, a workload, an address or an address set",
            );
            Vec::new()
        }
        Value::List(items) => (items.iter())
            .filter_map(|item| origin(item, context, problems))
            .collect(),
        _ => origin(node, context, problems).into_iter().collect(),
    }
}

fn origin(node: &Node, context: &Context<'_>, problems: &mut Problems) -> Option<Origin> {
    let text = problems.text(node)?;
    let at = |addresses: Vec<IpAddr>, exact: bool| {
        Some(Origin {
            sender: Sender::Outside,
            addresses,
            exact,
            location: node.location.clone(),
        })
    };
    if let Some((word, rest)) = text.split_once(char::is_whitespace) {
        let set = match word {
            "any-address-in" | "any-address-outside" => {
                named_or_prefix(node, rest.trim(), context, problems)?
            }
            _ => {
                problems.error(
                    "origin-malformed",
                    &node.location,
                    format!("'{text}' is no sender"),
                    "write a host, a workload, an address, an address set, 'any-address-in \
                     PREFIX' or 'any-address-outside PREFIX'",
                );
                return None;
            }
        };
        let addresses = match word {
            "any-address-in" => set.edges().collect(),
            _ => set.surroundings(),
        };
        if addresses.is_empty() && !set.prefixes().is_empty() {
            problems.error(
                "nothing-outside",
                &node.location,
                format!("no address lies outside {}", rest.trim()),
                "name a prefix that leaves some addresses out",
            );
        }
        return at(capped(addresses, node, problems), false);
    }
    let host = (context.topology.hosts.iter()).find(|host| host.name == text);
    if let Some(host) = host {
        return at(host.addresses.clone(), false);
    }
    if let Some(set) = context.sets.get(text) {
        if set.entries.is_empty() && !set.broken {
            empty_set(node, text, problems);
        }
        let prefixes = set.entries.iter().map(|entry| entry.prefix).collect();
        let addresses = AddressSet::new(prefixes).edges().collect();
        return at(capped(addresses, node, problems), false);
    }
    if let Ok(address) = text.parse() {
        return at(vec![address], true);
    }
    if is_prefix(text) {
        problems.error(
            "origin-malformed",
            &node.location,
            format!("'{text}' is a prefix; which of its addresses send is not said"),
            format!("write 'any-address-in {text}' for its first and last address"),
        );
        return None;
    }
    match who::workload(text, context) {
        Ok(workload) => return from_workload(node, workload, context, problems),
        Err(WhoError::Ambiguous(names)) => {
            problems.error(
                "ambiguous-workload",
                &node.location,
                format!("several workloads are named '{text}'"),
                format!("write one of {}", names.join(", ")),
            );
            return None;
        }
        Err(WhoError::Unknown) => {}
    }
    let hosts = context.topology.hosts.iter().map(|host| host.name.as_str());
    let workloads = (context.topology.workloads.iter()).map(|workload| workload.name.as_str());
    let known: Vec<&str> = hosts
        .chain(workloads)
        .chain(context.sets.keys().map(String::as_str))
        .collect();
    // The manifest that declares it may be the one that could not be read.
    if !context.services_known && closest(text, known.iter().copied()).is_none() {
        return None;
    }
    problems.error(
        "unknown-host",
        &node.location,
        format!("no host, workload or address set is named '{text}'"),
        did_you_mean(text, known),
    );
    None
}

/// What looks like a prefix rather than a namespace and a name.
fn is_prefix(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, length)| {
        let digits = length.chars().all(|c| c.is_ascii_digit());
        address.parse::<IpAddr>().is_ok() || (digits && address.contains(['.', ':']))
    })
}

fn from_workload(
    node: &Node,
    workload: usize,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Origin> {
    let plan = &context.topology.workloads[workload];
    if plan.host_network {
        problems.error(
            "sender-in-host-network",
            &node.location,
            format!(
                "what '{}' sends is sent by the node itself, and comes by no hook of a workload",
                plan.name
            ),
            "send from a workload with a network of its own, or from a host",
        );
        return None;
    }
    Some(Origin {
        sender: Sender::Workload(workload),
        addresses: plan.addresses.clone(),
        exact: false,
        location: node.location.clone(),
    })
}

fn named_or_prefix(
    node: &Node,
    text: &str,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<AddressSet> {
    if let Some(set) = context.sets.get(text) {
        if set.entries.is_empty() && !set.broken {
            empty_set(node, text, problems);
        }
        let prefixes = set.entries.iter().map(|entry| entry.prefix).collect();
        return Some(AddressSet::new(prefixes));
    }
    match prefix_or_address(text) {
        Ok(prefix) => Some(AddressSet::new(vec![prefix])),
        Err(_)
            if text.starts_with(|c: char| c.is_ascii_alphabetic())
                && !text.contains([':', '/']) =>
        {
            problems.error(
                "unknown-set",
                &node.location,
                format!("no address set is named '{text}'"),
                did_you_mean(text, context.sets.keys().map(String::as_str)),
            );
            None
        }
        Err(error) => {
            problems.bad_prefix(&node.location, text, &error);
            None
        }
    }
}

fn empty_set(node: &Node, name: &str, problems: &mut Problems) {
    problems.error(
        "empty-list",
        &node.location,
        format!("the address set '{name}' is empty"),
        "a probe needs someone who sends it",
    );
}

/// At most [`MOST`] addresses, spread evenly, with a word about the others.
fn capped(addresses: Vec<IpAddr>, node: &Node, problems: &mut Problems) -> Vec<IpAddr> {
    let total = addresses.len();
    if total <= MOST {
        return addresses;
    }
    problems.warn(
        "cases-capped",
        &node.location,
        format!("of {total} boundary addresses, {MOST} are probed, spread evenly"),
        "name the prefixes that matter to probe the others",
    );
    (0..MOST)
        .map(|index| addresses[index * total / MOST])
        .collect()
}
