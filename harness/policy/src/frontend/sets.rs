//! Reads `address_sets`, in place or from files of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::keys::{Key, Shape, Table};
use super::network::Network;
use super::problems::Problems;
use super::read::Fields;
use super::sources::Sources;
use super::tree::{Node, Value};
use crate::address_set::{prefix_or_address, read_lines};
use crate::diagnostic::{Diagnostic, Location, SourceFile};
use crate::model::ListedSource;

/// Bad lines of an address file that are shown before the rest is counted.
const LISTED: usize = 20;

/// A prefix or an address.
pub(super) const PREFIX: Shape = Shape::Pattern("^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$");

pub(super) const SET: Shape = Shape::AnyOf(&[
    Shape::List {
        of: &PREFIX,
        least: 0,
    },
    Shape::Mapping(&SET_FILE),
]);

const SET_FILE: Table = Table {
    what: "an address set from a file",
    keys: &[Key::required(
        "file",
        Shape::Text,
        "Path, relative to the scenario: a prefix or an address on each line, '#' begins a comment.",
    )],
};

/// Sets by name.
pub(super) type Sets = BTreeMap<String, Set>;

/// A named set, as its file or the scenario lists it.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) entries: Vec<ListedSource>,
    /// Some of it could not be read.
    pub(super) broken: bool,
}

/// Reads every set.
pub(super) fn read(
    node: &Node,
    network: Option<&Network>,
    sources: &mut Sources<'_>,
    problems: &mut Problems,
) -> Sets {
    let mut sets = Sets::new();
    for entry in problems.named(node).unwrap_or(&[]) {
        check_name(&entry.key, &entry.key_location, network, problems);
        let before = problems.count();
        let entries = match &entry.value.value {
            Value::Map(_) => from_file(&entry.value, sources, problems),
            _ => in_place(&entry.value, problems),
        };
        let broken = problems.count() > before;
        sets.insert(entry.key.clone(), Set { entries, broken });
    }
    sets
}

fn check_name(name: &str, location: &Location, network: Option<&Network>, problems: &mut Problems) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins || !name.chars().all(plain) {
        problems.error(
            "name-malformed",
            location,
            format!("'{name}' cannot be the name of an address set"),
            "use letters, digits, '-', '_' and '.', beginning with a letter",
        );
    }
    let hosts = network.map_or(&[][..], |network| &network.hosts);
    if let Some((_, host)) = hosts.iter().find(|(host, _)| host.name == name) {
        problems.push(
            Diagnostic::error(
                "name-clash",
                location,
                format!("'{name}' is the name of a host as well"),
                "give one of them another name: a probe's 'from' may name either",
            )
            .with_label(host, "the host"),
        );
        return;
    }
    let workloads = network.map_or(&[][..], |network| &network.workloads);
    let workload = (workloads.iter()).find(|workload| workload.name.name == name);
    if let Some(workload) = workload {
        problems.push(
            Diagnostic::error(
                "name-clash",
                location,
                format!("'{name}' is the name of a workload as well"),
                "give one of them another name: a probe's 'from' may name either",
            )
            .with_label(&workload.location, "the workload"),
        );
    }
}

fn in_place(node: &Node, problems: &mut Problems) -> Vec<ListedSource> {
    let mut entries = Vec::new();
    for item in problems.list(node).unwrap_or(&[]) {
        let Some(text) = problems.text(item) else {
            continue;
        };
        match prefix_or_address(text) {
            Ok(prefix) => entries.push(ListedSource {
                prefix,
                location: item.location.clone(),
            }),
            Err(error) => {
                let meant = problems.meant_prefix(&item.location, text, &error);
                entries.extend(meant.map(|prefix| ListedSource {
                    prefix,
                    location: item.location.clone(),
                }));
            }
        }
    }
    entries
}

fn from_file(node: &Node, sources: &mut Sources<'_>, problems: &mut Problems) -> Vec<ListedSource> {
    let path = Fields::of(node, &SET_FILE, problems)
        .and_then(|fields| fields.get("file"))
        .and_then(|path| Some((problems.text(path)?, &path.location)));
    let Some((path, location)) = path else {
        return Vec::new();
    };
    match sources.read(path, location, problems) {
        Some(file) => lines(&file, problems),
        None => Vec::new(),
    }
}

fn lines(file: &Arc<SourceFile>, problems: &mut Problems) -> Vec<ListedSource> {
    let mut entries = Vec::new();
    let mut bad = 0_usize;
    let mut first_unlisted = None;
    read_lines(file, |line| match line {
        Ok((prefix, location)) => entries.push(ListedSource { prefix, location }),
        Err(line) => {
            bad += 1;
            if bad <= LISTED {
                let text = line.location.text();
                let meant = problems.meant_prefix(&line.location, text, &line.error);
                entries.extend(meant.map(|prefix| ListedSource {
                    prefix,
                    location: line.location.clone(),
                }));
            } else {
                first_unlisted.get_or_insert(line.location);
            }
        }
    });
    if let Some(location) = first_unlisted {
        problems.error(
            "more-bad-lines",
            &location,
            format!("and {} more lines from here on", bad - LISTED),
            "each line of an address file holds one prefix or one address",
        );
    }
    entries
}
