//! Readers of single values: each says what it expected and what to do.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::keys::Table;
use super::problems::{Problems, Rigour};
use super::suggest::did_you_mean;
use super::tree::{Entry, Node, Value};
use crate::diagnostic::Location;
use crate::port::{ProtoPort, ProtoPortError};
use crate::prefix::{Prefix, PrefixError};

/// A mapping whose keys have been checked against a table.
pub(crate) struct Fields<'n> {
    table: &'static Table,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// Takes a mapping apart; unknown and missing keys are problems.
    pub(crate) fn of(
        node: &'n Node,
        table: &'static Table,
        problems: &mut Problems,
    ) -> Option<Fields<'n>> {
        let what = table.what;
        let Value::Map(entries) = &node.value else {
            let names: Vec<&str> = table.keys.iter().map(|key| key.name).collect();
            problems.error(
                "wrong-type",
                &node.location,
                format!("{what} is a mapping, but here is {}", node.kind()),
                format!("give it the keys: {}", names.join(", ")),
            );
            return None;
        };
        for entry in entries {
            if !table.keys.iter().any(|key| key.name == entry.key) {
                problems.error(
                    "unknown-key",
                    &entry.key_location,
                    format!("{what} has no key '{}'", entry.key),
                    did_you_mean(&entry.key, table.keys.iter().map(|key| key.name)),
                );
            }
        }
        for key in table.keys.iter().filter(|key| key.required) {
            if !entries.iter().any(|entry| entry.key == key.name) {
                problems.error(
                    "missing-key",
                    &node.location,
                    format!("{what} needs the key '{}'", key.name),
                    format!("add '{}:'. {}", key.name, key.doc),
                );
            }
        }
        Some(Fields { table, entries })
    }

    /// The value of a key of the table.
    ///
    /// # Panics
    /// If the table has no such key: then the schema would not have it either.
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        assert!(
            self.table.keys.iter().any(|key| key.name == name),
            "'{name}' is not in the table of {}",
            self.table.what
        );
        (self.entries.iter())
            .find(|entry| entry.key == name)
            .map(|entry| &entry.value)
    }
}

impl Problems {
    /// `what` was expected and something else found.
    pub(crate) fn wrong_type(&mut self, node: &Node, what: &str, help: impl Into<String>) {
        self.error(
            "wrong-type",
            &node.location,
            format!("expected {what}, found {}", node.kind()),
            help,
        );
    }

    /// Text that is not empty.
    pub(crate) fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => Some(text),
            Value::Text(_) => {
                self.error(
                    "wrong-type",
                    &node.location,
                    "expected text, and this is empty",
                    "write it, or leave the key out",
                );
                None
            }
            Value::Null => {
                self.wrong_type(node, "some text", "write it, or leave the key out; the words null and ~ mean nothing unless quoted");
                None
            }
            Value::Boolean(_) | Value::Integer(_) | Value::Fraction => {
                let help = format!("quote it: \"{}\"", node.location.text());
                self.wrong_type(node, "text", help);
                None
            }
            Value::List(_) | Value::Map(_) => {
                self.wrong_type(node, "text", "write a single value");
                None
            }
        }
    }

    /// An integer in `range`.
    pub(crate) fn integer(&mut self, node: &Node, range: RangeInclusive<u64>) -> Option<u64> {
        let (least, most) = (range.start(), range.end());
        let Value::Integer(value) = node.value else {
            let what = format!("a whole number from {least} to {most}");
            self.wrong_type(node, &what, "write a plain number, without quotes");
            return None;
        };
        match u64::try_from(value) {
            Ok(value) if range.contains(&value) => Some(value),
            _ => {
                self.error(
                    "out-of-range",
                    &node.location,
                    format!("{value} is not from {least} to {most}"),
                    format!("write a number from {least} to {most}"),
                );
                None
            }
        }
    }

    /// An integer in `range`, as the type it is kept in.
    ///
    /// # Panics
    /// If the range is wider than the type.
    pub(crate) fn number<T: TryFrom<u64>>(
        &mut self,
        node: &Node,
        range: RangeInclusive<u64>,
    ) -> Option<T> {
        let value = self.integer(node, range)?;
        Some(T::try_from(value).unwrap_or_else(|_| panic!("{value} is in range but does not fit")))
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, node: &Node) -> Option<bool> {
        let Value::Boolean(value) = node.value else {
            self.wrong_type(node, "true or false", "write true or false, without quotes");
            return None;
        };
        Some(value)
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, node: &Node, known: &[(&str, T)]) -> Option<T> {
        let text = self.text(node)?;
        let found = known.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            self.error(
                "unknown-value",
                &node.location,
                format!("'{text}' is not one of {}", names.join(", ")),
                did_you_mean(text, names),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// A list, which may be empty.
    pub(crate) fn list<'n>(&mut self, node: &'n Node) -> Option<&'n [Node]> {
        let Value::List(items) = &node.value else {
            let help = format!("put it in brackets: [{}]", node.location.text().trim());
            let help = match node.value {
                Value::Null => "write a list, or leave the key out".to_owned(),
                Value::Map(_) => "begin each entry with '- '".to_owned(),
                _ => help,
            };
            self.wrong_type(node, "a list", help);
            return None;
        };
        Some(items)
    }

    /// A mapping with names of the author's for keys.
    pub(crate) fn named<'n>(&mut self, node: &'n Node) -> Option<&'n [Entry]> {
        let Value::Map(entries) = &node.value else {
            self.wrong_type(node, "a mapping of names", "write NAME: and its value");
            return None;
        };
        Some(entries)
    }

    /// A prefix in canonical form.
    pub(crate) fn prefix(&mut self, node: &Node) -> Option<Prefix> {
        let text = self.text(node)?;
        match text.parse() {
            Ok(prefix) => Some(prefix),
            Err(error) => self.meant_prefix(&node.location, text, &error),
        }
    }

    /// Says why a text is not a prefix, and which one it is taken for, if any.
    pub(crate) fn meant_prefix(
        &mut self,
        location: &Location,
        text: &str,
        error: &PrefixError,
    ) -> Option<Prefix> {
        match error {
            PrefixError::HostBits {
                address, canonical, ..
            } if self.rigour() == Rigour::TakeAsIs => {
                self.warn(
                    "prefix-host-bits",
                    location,
                    format!("{text} has host bits set, and counts as {canonical}"),
                    format!(
                        "write {canonical} if the whole prefix is meant, or {} for the address \
                         alone",
                        Prefix::host(*address)
                    ),
                );
                Some(*canonical)
            }
            _ => {
                self.bad_prefix(location, text, error);
                None
            }
        }
    }

    /// Says why a text is not a prefix.
    pub(crate) fn bad_prefix(&mut self, location: &Location, text: &str, error: &PrefixError) {
        let (code, help) = match error {
            PrefixError::Address(_) | PrefixError::Length(_) => (
                "prefix-malformed",
                "write a prefix such as 10.0.0.0/8 or fd00::/8".to_owned(),
            ),
            PrefixError::NoLength(_) => match text.parse::<IpAddr>() {
                Ok(address) => (
                    "prefix-without-length",
                    format!("for this address alone write {}", Prefix::host(address)),
                ),
                Err(_) => (
                    "prefix-malformed",
                    "write a prefix such as 10.0.0.0/8 or fd00::/8".to_owned(),
                ),
            },
            PrefixError::TooLong { family, .. } => (
                "prefix-length",
                format!("{family} prefixes have lengths from 0 to {}", family.bits()),
            ),
            PrefixError::HostBits {
                address, canonical, ..
            } => (
                "prefix-host-bits",
                format!(
                    "write {canonical} for the whole prefix, or {} for the address alone",
                    Prefix::host(*address)
                ),
            ),
        };
        let message = match error {
            PrefixError::Length(_) => format!("'{text}' is no prefix: {error}"),
            PrefixError::Address(_)
            | PrefixError::NoLength(_)
            | PrefixError::TooLong { .. }
            | PrefixError::HostBits { .. } => error.to_string(),
        };
        self.error(code, location, message, help);
    }

    /// An address.
    pub(crate) fn address(&mut self, node: &Node) -> Option<IpAddr> {
        let text = self.text(node)?;
        let address = text.parse().ok();
        if address.is_none() {
            let help = if text.contains('/') {
                "one address is meant here, without a prefix length"
            } else {
                "write an address such as 192.0.2.10 or 2001:db8::10"
            };
            self.error(
                "address-malformed",
                &node.location,
                format!("'{text}' is not an IPv4 or IPv6 address"),
                help,
            );
        }
        address
    }

    /// A port with its protocol.
    pub(crate) fn proto_port(&mut self, node: &Node) -> Option<ProtoPort> {
        if let Value::Integer(port) = node.value {
            self.wrong_type(
                node,
                "a port with its protocol",
                format!("write {port}/tcp, {port}/udp or {port}/sctp"),
            );
            return None;
        }
        let text = self.text(node)?;
        match text.parse() {
            Ok(port) => Some(port),
            Err(error) => {
                self.bad_proto_port(&node.location, text, &error);
                None
            }
        }
    }

    /// Says why a text is not a port with its protocol.
    pub(crate) fn bad_proto_port(
        &mut self,
        location: &Location,
        text: &str,
        error: &ProtoPortError,
    ) {
        let help = match error {
            ProtoPortError::NoProtocol => format!("write {text}/tcp, {text}/udp or {text}/sctp"),
            ProtoPortError::Port(_) | ProtoPortError::Protocol(_) => {
                "write a port and a protocol, such as 30007/tcp".to_owned()
            }
        };
        let message = format!("'{text}' is not a port with its protocol: {error}");
        self.error("port-malformed", location, message, help);
    }
}
