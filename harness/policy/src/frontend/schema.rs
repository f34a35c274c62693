//! The JSON Schema of a scenario, from the tables that the reader uses.

use std::collections::BTreeMap;

use netverdict_abi::Reason;
use serde_json::{Map, Value, json};

use super::document::SCENARIO;
use super::keys::{Shape, Table};

/// The schema, in the dialect that editors read.
pub(super) fn schema() -> Value {
    let mut schema = table(&SCENARIO);
    if let Value::Object(object) = &mut schema {
        let head = [
            ("$schema", json!("http://json-schema.org/draft-07/schema#")),
            ("title", json!("netverdict scenario")),
            (
                "description",
                json!(
                    "A network, the policy that guards it, and what is meant to pass. Written by \
                     'netverdict schema'."
                ),
            ),
        ];
        object.extend(head.map(|(key, value)| (key.to_owned(), value)));
    }
    sorted(schema)
}

/// The same with sorted keys, however [`Map`] keeps them: another crate of the
/// build may have asked for the order of insertion.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let entries: BTreeMap<String, Value> = (object.into_iter())
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn table(table: &Table) -> Value {
    let mut properties = Map::new();
    for key in table.keys {
        let mut value = shape(&key.shape);
        if let Value::Object(object) = &mut value {
            object.insert("description".to_owned(), json!(key.doc));
        }
        properties.insert(key.name.to_owned(), value);
    }
    let required: Vec<&str> = (table.keys.iter())
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn shape(shape_: &Shape) -> Value {
    match shape_ {
        Shape::Text => json!({"type": "string", "minLength": 1}),
        Shape::Pattern(pattern) => json!({"type": "string", "pattern": pattern}),
        Shape::Integer { least, most } => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Shape::Null => json!({"type": "null"}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Choice(words) => json!({"enum": words}),
        Shape::Reason => {
            let slugs: Vec<&str> = Reason::ALL.iter().map(|reason| reason.slug()).collect();
            json!({"enum": slugs})
        }
        Shape::Mapping(inner) => table(inner),
        Shape::List { of, least } => {
            let mut list = json!({"type": "array", "items": shape(of)});
            if *least > 0 {
                list["minItems"] = json!(least);
            }
            list
        }
        Shape::Named(inner) => json!({"type": "object", "additionalProperties": shape(inner)}),
        Shape::AnyOf(shapes) => {
            let shapes: Vec<Value> = shapes.iter().map(shape).collect();
            json!({"anyOf": shapes})
        }
    }
}
