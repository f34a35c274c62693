//! Reads `choices`.

use super::keys::{Key, Shape, Table};
use super::problems::Problems;
use super::read::Fields;
use super::tree::Node;
use crate::model::Choices;

pub(super) const CHOICES: Table = Table {
    what: "choices",
    keys: &[
        Key::optional(
            "ip_blocks_match_workloads",
            Shape::Boolean,
            "Whether 'ipBlock' of a NetworkPolicy matches addresses of workloads; false if not \
             given.",
        ),
        Key::optional(
            "cidrs_match_workloads",
            Shape::Boolean,
            "Whether CIDR rules of Cilium policies match addresses of workloads; false if not \
             given.",
        ),
        Key::optional(
            "cidrs_match_nodes",
            Shape::Boolean,
            "Whether CIDR rules of any policy match the node and remote nodes \
             (policy-cidr-match-mode); false if not given.",
        ),
        Key::optional(
            "node_reaches_workloads",
            Shape::Boolean,
            "Whether the node always reaches its workloads (allow-localhost); true if not given.",
        ),
    ],
};

/// What the author chose; the rest is as Cilium does it unless told otherwise.
pub(super) fn read(node: Option<&Node>, problems: &mut Problems) -> Choices {
    let mut choices = Choices::default();
    let Some(fields) = node.and_then(|node| Fields::of(node, &CHOICES, problems)) else {
        return choices;
    };
    for (name, choice) in [
        (
            "ip_blocks_match_workloads",
            &mut choices.ip_blocks_match_workloads,
        ),
        ("cidrs_match_workloads", &mut choices.cidrs_match_workloads),
        ("cidrs_match_nodes", &mut choices.cidrs_match_nodes),
        (
            "node_reaches_workloads",
            &mut choices.node_reaches_workloads,
        ),
    ] {
        let given = fields.get(name).and_then(|node| problems.boolean(node));
        *choice = given.unwrap_or(*choice);
    }
    choices
}
