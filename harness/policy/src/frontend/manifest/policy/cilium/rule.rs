//! Reads an entry of `ingress`, `ingressDeny`, `egress` or `egressDeny`.

use super::super::draft::{DraftPeers, DraftRule, Gaps, given, key_location};
use super::{Context, icmp, peers, ports};
use crate::frontend::manifest::fields::{Keys, Known};
use crate::frontend::problems::Problems;
use crate::frontend::tree::{Node, Value};
use crate::model::{Direction, Ports, RuleAction};

const INGRESS: Keys = Keys {
    what: "an ingress rule",
    read: &[
        "fromEndpoints",
        "fromEntities",
        "fromCIDR",
        "fromCIDRSet",
        "fromNodes",
        "fromGroups",
        "toPorts",
        "icmps",
        "authentication",
    ],
    // Refused by `misplaced`.
    ignored: MISPLACED_IN_INGRESS,
};

const EGRESS: Keys = Keys {
    what: "an egress rule",
    read: &[
        "toEndpoints",
        "toEntities",
        "toCIDR",
        "toCIDRSet",
        "toNodes",
        "toGroups",
        "toServices",
        "toFQDNs",
        "toPorts",
        "icmps",
        "authentication",
    ],
    // Refused by `misplaced`.
    ignored: MISPLACED_IN_EGRESS,
};

const MISPLACED_IN_INGRESS: &[&str] = &[
    "toEndpoints",
    "toEntities",
    "toCIDR",
    "toCIDRSet",
    "toNodes",
    "toGroups",
    "toServices",
    "toFQDNs",
    "fromRequires",
    "toRequires",
];

const MISPLACED_IN_EGRESS: &[&str] = &[
    "fromEndpoints",
    "fromEntities",
    "fromCIDR",
    "fromCIDRSet",
    "fromNodes",
    "fromGroups",
    "fromRequires",
    "toRequires",
];

const AUTHENTICATION: Keys = Keys {
    what: "authentication",
    read: &["mode"],
    ignored: &[],
};

/// Whether something is left to be authenticated.
const MODES: [(&str, bool); 3] = [
    ("disabled", false),
    ("required", true),
    ("test-always-fail", true),
];

/// Reads one rule.
pub(super) fn read(
    item: &Node,
    field: String,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<DraftRule> {
    let keys = match context.direction {
        Direction::Ingress => &INGRESS,
        Direction::Egress => &EGRESS,
    };
    let fields = Known::of(item, keys, problems)?;
    let mut sound = fields.whole & !misplaced(item, keys.ignored, context, problems);
    let mut gaps = Gaps::default();
    let listed = peers::read(item, &field, context, &mut gaps, problems);
    let ports = match given(item, "toPorts") {
        Some(node) => ports::read(node, &field, context, &mut gaps, problems).map(Some),
        None => Some(None),
    };
    let messages = match given(item, "icmps") {
        Some(node) => icmp::read(node, problems).map(Some),
        None => Some(None),
    };
    if let Some(node) = given(item, "authentication")
        && context.action == RuleAction::Allow
    {
        sound &= authentication(item, node, &field, &mut gaps, problems).is_some();
    }
    let (listed, ports, messages) = (listed?, ports?, messages?);
    // An empty list of either counts as none (`len(rule.ToPorts)` upstream).
    let (ports, messages) = (ports.flatten(), messages.flatten());
    if ports.is_some() && messages.is_some() {
        problems.error(
            "icmps-with-ports",
            key_location(item, "icmps").unwrap_or(&item.location),
            "a rule is about ports or about ICMP, not both",
            "write two rules; Cilium rejects this one",
        );
        return None;
    }
    let ports = ports.or(messages);
    // A rule that says neither who nor what is about nobody; one that says what
    // only, about anybody.
    let peers = match (listed, &ports) {
        (Some(listed), _) => DraftPeers::Listed(listed),
        (None, Some(_)) => DraftPeers::Any,
        (None, None) => DraftPeers::Listed(Vec::new()),
    };
    sound.then(|| DraftRule {
        field,
        direction: context.direction,
        action: context.action,
        peers,
        ports: match ports {
            Some(listed) => Ports::Listed(listed),
            None => Ports::All,
        },
        location: item.location.clone(),
        gaps,
    })
}

/// Reports keys that stand in the wrong section; whether there are any.
fn misplaced(item: &Node, wrong: &[&str], context: &Context<'_>, problems: &mut Problems) -> bool {
    let Value::Map(entries) = &item.value else {
        return false;
    };
    let mut any = false;
    for entry in entries {
        let key = entry.key.as_str();
        let denies = context.action == RuleAction::Deny;
        let (code, message, help) = if key.ends_with("Requires") && wrong.contains(&key) {
            let peers = key.replace("Requires", "Endpoints");
            (
                "requires-removed",
                format!("'{key}' was deprecated by Cilium 1.19 and is gone since"),
                format!(
                    "it narrowed every other rule of the workload: add its labels to each \
                     '{peers}' instead"
                ),
            )
        } else if wrong.contains(&key) {
            let direction = context.direction;
            let (from, to) = match direction {
                Direction::Ingress => ("to", "from"),
                Direction::Egress => ("from", "to"),
            };
            let other = key.replacen(from, to, 1);
            let keys = match direction {
                Direction::Ingress => INGRESS.read,
                Direction::Egress => EGRESS.read,
            };
            (
                "wrong-section",
                format!("'{key}' does not belong into an {direction} rule"),
                match keys.contains(&other.as_str()) {
                    true => format!("write '{other}', or move the rule to the other section"),
                    false => "move the rule to 'egress'".to_owned(),
                },
            )
        } else if denies && matches!(key, "toFQDNs" | "authentication") {
            (
                "wrong-section",
                format!("'{key}' does not belong into a rule that denies"),
                "Cilium's denying rules know addresses, workloads, entities and ports only".into(),
            )
        } else {
            continue;
        };
        any = true;
        problems.error(code, &entry.key_location, message, help);
    }
    any
}

fn authentication(
    item: &Node,
    node: &Node,
    path: &str,
    gaps: &mut Gaps,
    problems: &mut Problems,
) -> Option<()> {
    let fields = Known::of(node, &AUTHENTICATION, problems)?;
    let mode = fields.need("mode", "write disabled or required", problems)?;
    if problems.choice(mode, &MODES)? {
        gaps.part(
            format!("{path}.authentication"),
            key_location(item, "authentication").unwrap_or(&node.location),
            "mutual authentication is not exercised; the L3 and L4 part is enforced",
        );
    }
    fields.whole.then_some(())
}
