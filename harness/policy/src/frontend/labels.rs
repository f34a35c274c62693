//! Label keys and values, as Kubernetes and Cilium have them.

use super::problems::Problems;
use super::tree::{Node, Value};
use crate::model::{Labels, Operator, Requirement, Selector};

impl Problems {
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
