//! Label keys and values, as Kubernetes and Cilium have them.

use super::problems::Problems;
use super::tree::{Node, Value};
use crate::model::{Labels, Operator, Requirement, Selector};

/// Characters of a label's value, and of the part of its key behind the '/'.
const LONGEST: usize = 63;

/// Characters of the part of a label's key before the '/': a DNS name.
const LONGEST_DOMAIN: usize = 253;

impl Problems {
    /// The labels of an object: `None` if one of them is wrong.
    pub(crate) fn labels(&mut self, node: &Node) -> Option<Labels> {
        let before = self.errors();
        let mut labels = Labels::new();
        for entry in self.named(node)? {
            if !is_key(&entry.key) {
                self.error(
                    "label-malformed",
                    &entry.key_location,
                    format!("'{}' cannot be the key of a label", entry.key),
                    "Kubernetes takes up to 63 letters, digits, '-', '_' and '.', with a letter or \
                     digit at both ends, and before it a domain and '/' if you like",
                );
            }
            let Some(value) = self.label_value(&entry.value) else {
                continue;
            };
            if !value.is_empty() && !is_name(value) {
                self.error(
                    "label-malformed",
                    &entry.value.location,
                    format!("'{value}' cannot be the value of a label"),
                    "Kubernetes takes up to 63 letters, digits, '-', '_' and '.', with a letter or \
                     digit at both ends, or nothing at all",
                );
            }
            labels.insert(entry.key.clone(), value.to_owned());
        }
        (self.errors() == before).then_some(labels)
    }

    /// The value of a label: text, which may be empty. Kubernetes refuses
    /// numbers and booleans here, and so do we.
    pub(crate) fn label_value<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        if let Value::Text(text) = &node.value {
            return Some(text);
        }
        let help = match node.value {
            Value::Null => "for the empty value write \"\"".to_owned(),
            Value::Boolean(_) | Value::Integer(_) | Value::Fraction | Value::Text(_) => {
                format!("quote it: \"{}\"", node.location.text())
            }
            Value::List(_) | Value::Map(_) => "write a single text".to_owned(),
        };
        self.wrong_type(node, "the text of a label", help);
        None
    }
}

/// Whether labels meet every requirement.
pub(crate) fn meets(labels: &Labels, selector: &Selector) -> bool {
    (selector.0.iter()).all(|Requirement { key, operator }| {
        let value = labels.get(key);
        match operator {
            Operator::In(values) => value.is_some_and(|value| values.contains(value)),
            Operator::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    })
}

/// Whether a label can have this key (Kubernetes, "qualified name").
fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((domain, name)) => is_domain(domain) && is_name(name),
        None => is_name(key),
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= LONGEST && ends_plain(text, |c| c.is_ascii_alphanumeric()) && {
        (text.chars()).all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    }
}

fn is_domain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= LONGEST_DOMAIN
        && ends_plain(text, plain)
        && text.chars().all(|c| plain(c) || "-.".contains(c))
}

fn ends_plain(text: &str, plain: impl Fn(char) -> bool) -> bool {
    text.starts_with(&plain) && text.ends_with(&plain)
}
