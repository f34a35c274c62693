//! Mappings of a manifest, in which every key is read, ignored or refused.

use super::super::problems::Problems;
use super::super::suggest::closest;
use super::super::tree::{Entry, Node, Value};

/// What is to be done with the keys of a mapping.
pub(super) struct Keys {
    /// What a sentence calls the mapping, such as "a Service's spec".
    pub(super) what: &'static str,
    /// Keys that are read.
    pub(super) read: &'static [&'static str],
    /// Keys without effect on what is allowed.
    pub(super) ignored: &'static [&'static str],
}

/// The entries of a mapping whose keys have been judged.
#[derive(Clone, Copy)]
pub(super) struct Known<'n> {
    pub(super) node: &'n Node,
    entries: &'n [Entry],
    /// No key was refused, so that what has been read is all there is.
    pub(super) whole: bool,
}

impl<'n> Known<'n> {
    pub(super) fn of(node: &'n Node, keys: &Keys, problems: &mut Problems) -> Option<Known<'n>> {
        let Value::Map(entries) = &node.value else {
            let help = format!("it has the keys: {}", keys.read.join(", "));
            problems.wrong_type(node, keys.what, help);
            return None;
        };
        let mut whole = true;
        for entry in entries {
            let mut known = keys.read.iter().chain(keys.ignored);
            if !known.any(|key| *key == entry.key) {
                whole = false;
                let all = keys.read.iter().chain(keys.ignored).copied();
                let near = match closest(&entry.key, all) {
                    Some(near) => format!("did you mean '{near}'? "),
                    None => String::new(),
                };
                problems.error(
                    "unsupported-field",
                    &entry.key_location,
                    format!("'{}' in {} is not understood", entry.key, keys.what),
                    format!(
                        "{near}it may change what is allowed, so it is not skipped; this version \
                         understands: {}",
                        keys.read.join(", ")
                    ),
                );
            }
        }
        Some(Known {
            node,
            entries,
            whole,
        })
    }

    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        (self.entries.iter())
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// A key without which the object means nothing.
    pub(super) fn need(
        &self,
        key: &str,
        help: &'static str,
        problems: &mut Problems,
    ) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            problems.error(
                "missing-key",
                &self.node.location,
                format!("'{key}' is missing"),
                help,
            );
        }
        found
    }
}

/// One of a few words, where any other is something this version cannot do.
pub(super) fn supported<T: Copy>(
    node: &Node,
    field: &str,
    known: &[(&str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let text = problems.text(node)?;
    let found = known.iter().find(|(name, _)| *name == text);
    if found.is_none() {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        problems.error(
            "unsupported-field",
            &node.location,
            format!("'{field}: {text}' is not understood"),
            format!("this version understands: {}", names.join(", ")),
        );
    }
    found.map(|(_, value)| *value)
}

/// A mapping of which a few keys are read, and the others have no effect on
/// packets whatever they say.
#[derive(Clone, Copy)]
pub(super) struct Open<'n> {
    entries: &'n [Entry],
}

impl<'n> Open<'n> {
    /// Takes the mapping; `read` are the keys that will be asked for. A key that
    /// was nearly one of these is a warning.
    pub(super) fn of(
        node: &'n Node,
        what: &'static str,
        read: &[&str],
        problems: &mut Problems,
    ) -> Option<Open<'n>> {
        let Value::Map(entries) = &node.value else {
            problems.wrong_type(node, what, format!("it has the keys: {}", read.join(", ")));
            return None;
        };
        for entry in entries {
            let slip = |key: &&&str| entry.key != **key && slip_of_pen(&entry.key, key);
            if !read.contains(&entry.key.as_str())
                && let Some(meant) = read.iter().find(slip)
            {
                problems.warn(
                    "field-misspelt",
                    &entry.key_location,
                    format!("{what} has no field '{}'", entry.key),
                    format!("did you mean '{meant}'? as it stands, it says nothing"),
                );
            }
        }
        Some(Open { entries })
    }

    /// The value of a key; what is `null` is not given.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        (self.entries.iter())
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
            .filter(|value| value.value != Value::Null)
    }
}

/// Whether a key is another but for upper and lower case, or one letter.
fn slip_of_pen(key: &str, meant: &str) -> bool {
    key.eq_ignore_ascii_case(meant)
        || (meant.len() > 4 && strsim::damerau_levenshtein(key, meant) == 1)
}
