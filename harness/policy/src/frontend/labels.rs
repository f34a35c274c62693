//! Label keys and values, as Kubernetes and Cilium have them.

use super::problems::Problems;
use super::tree::{Node, Value};

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
