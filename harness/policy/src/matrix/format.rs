//! Rows as somebody reads them.

mod picture;

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Value, json};

use super::{PortSet, Row};
use crate::matrix::Party;
use crate::model::Policy;
use crate::port::Protocol;

pub use picture::svg;

/// `SRC => DST : PORTS`, a line each.
pub fn text(policy: &Policy, rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let (source, destination) = (row.source.name(policy), row.destination.name(policy));
        let connections = described(row);
        let _ = writeln!(text, "{source} => {destination} : {connections}");
    }
    text
}

/// The connections, and the family where it matters.
fn described(row: &Row) -> String {
    match row.family {
        None => row.connections.to_string(),
        Some(family) => format!("{} ({family} only)", row.connections),
    }
}

/// An object with an array `connections`, one object a row. Ports are strings as
/// in `9001-9090`, by protocol; `all` says that every port of each is open.
pub fn json(policy: &Policy, rows: &[Row]) -> Value {
    let party = |party: Party| match party {
        Party::Outside(range) => json!({
            "first": range.first,
            "last": range.last,
        }),
        Party::Workload(index) => {
            let workload = &policy.workloads[index];
            json!({
                "namespace": workload.name.namespace,
                "name": workload.name.name,
                "kind": workload.kind,
            })
        }
    };
    let ports =
        |set: &PortSet| -> Vec<String> { set.ranges().iter().map(ToString::to_string).collect() };
    let rows: Vec<Value> = (rows.iter())
        .map(|row| {
            let mut object = json!({
                "source": party(row.source),
                "destination": party(row.destination),
                "all": row.connections.is_all(),
                "tcp": ports(row.connections.of(Protocol::Tcp)),
                "udp": ports(row.connections.of(Protocol::Udp)),
                "sctp": ports(row.connections.of(Protocol::Sctp)),
            });
            if let Some(family) = row.family {
                object["family"] = json!(family.to_string());
            }
            object
        })
        .collect();
    json!({ "connections": rows })
}

/// Comma-separated values (RFC 4180) with a header line.
pub fn csv(policy: &Policy, rows: &[Row]) -> String {
    let mut text = String::from("source,destination,connections\r\n");
    for row in rows {
        let fields = [
            row.source.name(policy),
            row.destination.name(policy),
            described(row),
        ];
        let quoted = fields.map(|field| match field.contains([',', '"', '\r', '\n']) {
            true => format!("\"{}\"", field.replace('"', "\"\"")),
            false => field,
        });
        let _ = write!(text, "{}\r\n", quoted.join(","));
    }
    text
}

/// A graph for Graphviz.
pub fn dot(policy: &Policy, rows: &[Row]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = String::from("digraph connections {\n\trankdir=LR;\n\tnode [shape=box];\n");
    let parties: BTreeSet<Party> = (rows.iter())
        .flat_map(|row| [row.source, row.destination])
        .collect();
    for party in parties {
        let style = match party {
            Party::Outside(_) => " [style=dashed]",
            Party::Workload(_) => "",
        };
        let _ = writeln!(text, "\t{}{style};", quoted(&party.name(policy)));
    }
    for row in rows {
        let _ = writeln!(
            text,
            "\t{} -> {} [label={}];",
            quoted(&row.source.name(policy)),
            quoted(&row.destination.name(policy)),
            quoted(&described(row))
        );
    }
    text.push_str("}\n");
    text
}
