//! Writes label selectors.

use std::collections::BTreeSet;

use super::super::yaml::{Map, Yaml};
use crate::model::{Operator, Requirement};

/// The requirements in their order: those of one value first go under
/// `matchLabels`, which are read first. `key` writes a key.
pub(super) fn write<'r>(
    requirements: impl IntoIterator<Item = &'r Requirement>,
    key: impl Fn(&str) -> String,
) -> Map {
    let mut labels = Map::default();
    let mut keys = BTreeSet::new();
    let mut expressions = Vec::new();
    for requirement in requirements {
        match only_value(requirement) {
            Some(value) if expressions.is_empty() && keys.insert(&requirement.key) => {
                labels = labels.with(key(&requirement.key), value);
            }
            Some(_) | None => expressions.push(expression(requirement, &key)),
        }
    }
    let expressions = (!expressions.is_empty()).then_some(Yaml::List(expressions));
    Map::default()
        .with_some("matchLabels", labels.some())
        .with_some("matchExpressions", expressions)
}

/// The value that the label must have, if only one will do.
fn only_value(requirement: &Requirement) -> Option<&str> {
    match &requirement.operator {
        Operator::In(values) if values.len() == 1 => values.first().map(String::as_str),
        Operator::In(_) | Operator::NotIn(_) | Operator::Exists | Operator::DoesNotExist => None,
    }
}

/// An entry of `matchExpressions`.
pub(super) fn expression(requirement: &Requirement, key: impl Fn(&str) -> String) -> Yaml {
    let (operator, values) = match &requirement.operator {
        Operator::In(values) => ("In", Some(values)),
        Operator::NotIn(values) => ("NotIn", Some(values)),
        Operator::Exists => ("Exists", None),
        Operator::DoesNotExist => ("DoesNotExist", None),
    };
    let expression = Map::default()
        .with("key", key(&requirement.key))
        .with("operator", operator)
        .with_some("values", values.map(Yaml::texts));
    Yaml::from(expression).on_one_line()
}
