//! YAML as a tree whose every node knows its place.
//!
//! Derived deserialisation stops at the first thing it dislikes. A tree takes
//! everything that is YAML, and the readers that follow judge all of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};

use super::problems::Problems;
use crate::diagnostic::{Diagnostic, Location, SourceFile};

/// Collections inside each other that a file may have. Both stack and reader
/// recurse once a level.
const MAX_DEPTH: usize = 48;

/// Scalars and collections that a file may have: those of 10,000 pods as the API
/// server prints them. Long lists of prefixes belong in a file of their own,
/// which is read line by line.
const MAX_NODES: usize = 4_000_000;

/// Parts of the text, begins and ends of collections among them, that aliases
/// may repeat. A short file must not become a large one.
const MAX_REPEATED: usize = 250_000;

/// Documents that a file may have.
const MAX_DOCUMENTS: usize = 200_000;

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// A scalar's whole text; of a collection, what stands on its first line.
    pub(crate) location: Location,
    pub(crate) value: Value,
}

/// A value, typed as YAML 1.2 types it, and the booleans of YAML 1.1, which
/// Kubernetes' own reader knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    Integer(i128),
    /// A number that is not an integer. Nothing here takes one.
    Fraction,
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_location: Location,
    pub(crate) value: Node,
}

impl Node {
    /// The value of `key`, if this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => (entries.iter())
                .find(|entry| entry.key == key)
                .map(|entry| &entry.value),
            _ => None,
        }
    }

    /// What it is, as a sentence calls it.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) | Value::Fraction => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// The documents of a file that are not empty. Duplicate keys are reported and
/// the first one kept.
pub(crate) fn parse(file: &Arc<SourceFile>, problems: &mut Problems) -> Option<Vec<Node>> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            // The scanner runs ahead of the depth count by a bounded number of
            // characters; this keeps it from reporting first.
            flow_nesting_limit: 4096,
            max_nodes: MAX_NODES,
            // Begin and end of each collection and document count as well.
            max_events: 3 * MAX_NODES,
            max_documents: MAX_DOCUMENTS,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPEATED,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    match serde_saphyr::from_multiple_with_options::<Raw>(&file.text, options) {
        Ok(documents) => {
            let mut place = Placing { file, problems };
            Some(documents.into_iter().map(|raw| place.node(raw)).collect())
        }
        Err(error) => {
            problems.push(syntax_problem(file, &error));
            None
        }
    }
}

fn syntax_problem(file: &Arc<SourceFile>, error: &serde_saphyr::Error) -> Diagnostic {
    use serde_saphyr::Error;
    use serde_saphyr::budget::BudgetBreach;
    let error = error.without_snippet();
    let location = match error.location() {
        Some(location) => locate(file, &location),
        None => Location::new(file, 0, 0),
    };
    match error {
        Error::Budget {
            breach: BudgetBreach::Depth { .. },
            ..
        } => Diagnostic::error(
            "yaml-too-deep",
            &location,
            format!("more than {MAX_DEPTH} collections inside each other"),
            "nothing in a scenario or manifest is nested this deeply: look for brackets that are \
             never closed",
        ),
        Error::Budget { .. } => Diagnostic::error(
            "yaml-too-large",
            &location,
            format!("more than the {MAX_NODES} values that one file may have"),
            "keep a long list of prefixes in a file of its own, one a line, and name it as \
             address_sets: {NAME: {file: PATH}}",
        ),
        // What an alias repeats broke a limit, or the alias itself is wrong.
        Error::AliasError { .. } => Diagnostic::error(
            "yaml-alias",
            &location,
            "what this alias repeats is too much, or cannot be repeated here",
            "write the values out instead of repeating them by aliases",
        ),
        _ => Diagnostic::error(
            "yaml-syntax",
            &location,
            format!("not YAML: {}", without_place(&error.to_string())),
            "check indentation, quotes and brackets here and in the line above; a text that holds \
             ': ' or ' #', or begins with one of [ { * & ! % @ `, must be quoted",
        ),
    }
}

/// The parser's message without the place that it ends with.
fn without_place(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.split_once(" at line ")
        .map_or(line, |(message, _)| message)
}

/// The place that the parser names. Syntax errors come without a byte offset.
fn locate(file: &Arc<SourceFile>, location: &serde_saphyr::Location) -> Location {
    let narrow = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let span = location.span();
    let line = narrow(location.line()).max(1);
    let column = narrow(location.column()).max(1);
    let offset = match span.byte_offset() {
        Some(offset) => narrow(offset).min(file.text.len()),
        None => offset_of(&file.text, line, column),
    };
    Location {
        file: Arc::clone(file),
        offset,
        length: narrow(span.byte_len().unwrap_or(0)).min(file.text.len() - offset),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
    }
}

/// The byte offset of a line and column. A lone carriage return breaks the line
/// as well (YAML 1.2 §5.4).
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let bytes = text.as_bytes();
    let ends_line = |at: &usize| match bytes[*at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    let start = match line.checked_sub(2) {
        Some(breaks) => (0..bytes.len()).filter(ends_line).nth(breaks),
        None => None,
    };
    let start = match (start, line) {
        (Some(end), _) => end + 1,
        (None, 0 | 1) => 0,
        (None, _) => bytes.len(),
    };
    let rest = &text[start..];
    let within = rest.char_indices().nth(column - 1).map(|(at, _)| at);
    start + within.unwrap_or(rest.len())
}

/// What the parser hands over, before it has places in a file.
struct Raw(Spanned<RawValue>);

enum RawValue {
    Scalar(Value),
    List(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        Spanned::deserialize(deserializer).map(Raw)
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawValue, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawValue, D::Error> {
        RawValue::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Boolean(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Integer(value.into())))
    }

    fn visit_i128<E>(self, value: i128) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Integer(value)))
    }

    fn visit_u128<E>(self, value: u128) -> Result<RawValue, E> {
        let value = i128::try_from(value).unwrap_or(i128::MAX);
        Ok(RawValue::Scalar(Value::Integer(value)))
    }

    fn visit_f64<E>(self, _: f64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Fraction))
    }

    fn visit_str<E>(self, value: &str) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Text(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<RawValue, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(RawValue::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<RawValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(RawValue::Map(entries))
    }
}

/// Turns raw values into nodes.
struct Placing<'a> {
    file: &'a Arc<SourceFile>,
    problems: &'a mut Problems,
}

impl Placing<'_> {
    fn node(&mut self, Raw(raw): Raw) -> Node {
        let mut location = locate(self.file, &raw.referenced);
        let value = match raw.value {
            RawValue::Scalar(value) => value,
            RawValue::List(items) => {
                let items: Vec<Node> = items.into_iter().map(|item| self.node(item)).collect();
                if let Some(last) = items.last() {
                    stretch(&mut location, &last.location);
                }
                Value::List(items)
            }
            RawValue::Map(entries) => {
                let entries = self.entries(entries);
                if let Some(last) = entries.last() {
                    stretch(&mut location, &last.value.location);
                }
                Value::Map(entries)
            }
        };
        Node { location, value }
    }

    fn entries(&mut self, raw: Vec<(Raw, Raw)>) -> Vec<Entry> {
        let mut first: BTreeMap<String, Location> = BTreeMap::new();
        let mut entries = Vec::with_capacity(raw.len());
        for (key, value) in raw {
            let key = self.node(key);
            let value = self.node(value);
            let name = match &key.value {
                Value::Text(text) => text.clone(),
                Value::Null
                | Value::Boolean(_)
                | Value::Integer(_)
                | Value::Fraction
                | Value::List(_)
                | Value::Map(_) => key.location.text().to_owned(),
            };
            if let Some(earlier) = first.get(&name) {
                self.problems.push(
                    Diagnostic::error(
                        "duplicate-key",
                        &key.location,
                        format!("'{name}' is given twice in the same mapping"),
                        "keep one of the two",
                    )
                    .with_label(earlier, "first given here"),
                );
                continue;
            }
            first.insert(name.clone(), key.location.clone());
            entries.push(Entry {
                key: name,
                key_location: key.location,
                value,
            });
        }
        entries
    }
}

/// Lengthens the place of a collection, which the parser gives as its start, to
/// the end of its last value, or of its first line.
fn stretch(location: &mut Location, last: &Location) {
    let rest = location.file.text.get(location.offset..).unwrap_or("");
    let line = rest.find('\n').unwrap_or(rest.len());
    let end = (last.offset + last.length).saturating_sub(location.offset);
    let mut length = end.min(line);
    // A closing bracket right behind belongs to a flow collection.
    if rest.starts_with(['[', '{']) {
        let behind = &rest[length..line];
        let close = behind.len() - behind.trim_start_matches([' ', ',']).len();
        if behind[close..].starts_with([']', '}']) {
            length += close + 1;
        }
    }
    location.length = length.max(location.length.min(line));
}
