//! Reads `toPorts`.

use super::super::draft::{Gaps, given, key_location};
use super::{Context, layer7};
use crate::frontend::manifest::fields::{Keys, Known};
use crate::frontend::problems::Problems;
use crate::frontend::suggest::did_you_mean;
use crate::frontend::tree::{Node, Value};
use crate::model::{L4Match, L4Port, L4Protocol, RuleAction};

/// Most ports that one entry may have (Cilium, `maxPorts`).
const MOST_PORTS: usize = 40;

const ALLOW: Keys = Keys {
    what: "an entry of toPorts",
    read: &[
        "ports",
        "rules",
        "terminatingTLS",
        "originatingTLS",
        "serverNames",
        "listener",
    ],
    ignored: &[],
};

const DENY: Keys = Keys {
    what: "an entry of toPorts in a rule that denies",
    read: &["ports"],
    // Refused with their own words.
    ignored: &[
        "rules",
        "terminatingTLS",
        "originatingTLS",
        "serverNames",
        "listener",
    ],
};

const PORT: Keys = Keys {
    what: "a port of toPorts",
    read: &["port", "endPort", "protocol"],
    ignored: &[],
};

/// No protocol means any, unlike in Kubernetes, where it means TCP. VRRP and
/// IGMP have no ports, and no hook tells them from other protocols.
const PROTOCOLS: [(&str, Option<L4Protocol>); 6] = [
    ("TCP", Some(L4Protocol::Tcp)),
    ("UDP", Some(L4Protocol::Udp)),
    ("SCTP", Some(L4Protocol::Sctp)),
    ("ANY", Some(L4Protocol::AnyWithPorts)),
    ("VRRP", None),
    ("IGMP", None),
];

/// The ports that are listed; the inner `None` for an empty list, which counts
/// as none.
pub(super) fn read(
    node: &Node,
    path: &str,
    context: &Context<'_>,
    gaps: &mut Gaps,
    problems: &mut Problems,
) -> Option<Option<Vec<L4Match>>> {
    let items = problems.list(node)?;
    if items.is_empty() {
        problems.warn(
            "empty-list",
            &node.location,
            "'toPorts' is an empty list, and counts as left out",
            "list ports, or leave the key out if every port is meant",
        );
        return Some(None);
    }
    let mut matches = Vec::new();
    let mut sound = true;
    let mut untold = false;
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}.toPorts[{index}]");
        match entry(item, &path, context, gaps, problems) {
            Some(found) => {
                for one in found {
                    match one {
                        Some(one) => matches.push(one),
                        None => untold = true,
                    }
                }
            }
            None => sound = false,
        }
    }
    if untold && matches.is_empty() {
        gaps.nothing_is_left();
    }
    sound.then_some(Some(matches))
}

/// The ports of an entry; `None` among them for one that no hook can tell.
fn entry(
    item: &Node,
    path: &str,
    context: &Context<'_>,
    gaps: &mut Gaps,
    problems: &mut Problems,
) -> Option<Vec<Option<L4Match>>> {
    let keys = match context.action {
        RuleAction::Allow => &ALLOW,
        RuleAction::Deny => &DENY,
    };
    let fields = Known::of(item, keys, problems)?;
    let mut sound = fields.whole;
    if let (RuleAction::Deny, Value::Map(entries)) = (context.action, &item.value) {
        for entry in entries
            .iter()
            .filter(|entry| DENY.ignored.contains(&&*entry.key))
        {
            sound = false;
            problems.error(
                "l7-in-deny",
                &entry.key_location,
                format!("'{}' does not belong into a rule that denies", entry.key),
                "Cilium denies whole ports only: allow what is wanted by a rule of 'ingress' or \
                 'egress'",
            );
        }
    }
    let listed = match given(item, "ports") {
        Some(node) => problems.list(node)?,
        None => &[],
    };
    if listed.is_empty() {
        problems.warn(
            "empty-list",
            given(item, "ports").map_or(&item.location, |node| &node.location),
            "no port is named, so that this entry matches nothing",
            "list ports: ports: [{port: \"443\", protocol: TCP}]; port \"0\" is every port",
        );
    }
    if let Some(beyond) = listed.get(MOST_PORTS) {
        sound = false;
        problems.error(
            "too-many-ports",
            &beyond.location,
            format!(
                "{} ports are more than the {MOST_PORTS} that Cilium takes",
                listed.len()
            ),
            "write another entry of toPorts for the rest, or a range with endPort",
        );
    }
    let mut matches = Vec::with_capacity(listed.len());
    for (index, item) in listed.iter().enumerate() {
        match port(item, problems) {
            Some(Some(found)) => matches.push(Some(found)),
            Some(None) => {
                gaps.part(
                    format!("{path}.ports[{index}].protocol"),
                    key_location(item, "protocol").unwrap_or(&item.location),
                    "not enforced: this protocol has no ports, and rules know no others",
                );
                matches.push(None);
            }
            None => sound = false,
        }
    }
    if context.action == RuleAction::Allow {
        let known: Vec<&L4Match> = matches.iter().flatten().collect();
        sound &= layer7::read(item, path, context, &known, gaps, problems);
    }
    sound.then_some(matches)
}

/// The inner `None` for a protocol that no hook can tell.
fn port(item: &Node, problems: &mut Problems) -> Option<Option<L4Match>> {
    let fields = Known::of(item, &PORT, problems)?;
    let protocol = match given(item, "protocol") {
        Some(node) => protocol(node, problems),
        None => Some(Some(L4Protocol::AnyWithPorts)),
    };
    let end_node = given(item, "endPort");
    let end: Option<u16> = match end_node {
        // Cilium's schema takes 0 for none.
        Some(node) => Some(problems.number(node, 0..=65535)?).filter(|end| *end != 0),
        None => None,
    };
    if let Some(None) = protocol {
        return fields.whole.then_some(None);
    }
    let help = "give the workload's port, in quotes; \"0\" is every port";
    let port_node = fields.need("port", help, problems);
    let port = port_node.and_then(|node| port_of(node, problems))?;
    let place = end_node.unwrap_or(item);
    let port = match (port, end) {
        (port, None) => port,
        (L4Port::Named(name), Some(_)) => {
            problems.warn(
                "end-port-ignored",
                &place.location,
                format!("Cilium ignores 'endPort' beside the port's name '{name}'"),
                "write the first port as a number, or remove 'endPort'",
            );
            L4Port::Named(name)
        }
        (L4Port::Range(first, _), Some(end)) if first <= end => L4Port::Range(first, end),
        (L4Port::Range(_, _) | L4Port::All, Some(end)) => {
            problems.error(
                "port-range",
                &place.location,
                format!("a range that ends at {end} begins at a port from 1 to {end}"),
                "write the smaller port as 'port', the larger one as 'endPort'",
            );
            return None;
        }
    };
    let protocol = protocol?;
    fields.whole.then(|| {
        protocol.map(|protocol| L4Match {
            protocol,
            port,
            location: item.location.clone(),
        })
    })
}

fn protocol(node: &Node, problems: &mut Problems) -> Option<Option<L4Protocol>> {
    let text = match &node.value {
        // As left out.
        Value::Text(text) if text.is_empty() => return Some(Some(L4Protocol::AnyWithPorts)),
        _ => problems.text(node)?,
    };
    let found = PROTOCOLS.iter().find(|(name, _)| *name == text);
    if found.is_none() {
        let help = match text.to_ascii_lowercase().as_str() {
            "icmp" | "icmpv6" => {
                "Cilium rejects it here: write 'icmps: [{fields: [{family: IPv4, type: \
                 EchoRequest}]}]' instead of toPorts"
                    .to_owned()
            }
            _ => did_you_mean(text, PROTOCOLS.map(|(name, _)| name)),
        };
        problems.error(
            "unsupported-field",
            &node.location,
            format!("'protocol: {text}' is not understood"),
            help,
        );
    }
    found.map(|(_, protocol)| *protocol)
}

/// The port. It is text in Cilium's schema.
fn port_of(node: &Node, problems: &mut Problems) -> Option<L4Port> {
    let text = problems.text(node)?;
    if is_service_name(text) {
        // Names compare without case (Cilium, `PortProtocol.sanitize`).
        return Some(L4Port::Named(text.to_ascii_lowercase()));
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    // Cilium reads 010 as octal.
    let octal = text.len() > 1 && text.starts_with('0');
    match (plain && !octal).then(|| text.parse::<u16>()) {
        Some(Ok(0)) => Some(L4Port::All),
        Some(Ok(port)) => Some(L4Port::Range(port, port)),
        Some(Err(_)) | None => {
            problems.error(
                "port-malformed",
                &node.location,
                format!("'{text}' is not a port from 0 to 65535, nor the name of one"),
                "write the workload's port as a number without leading zeros, in quotes; \"0\" is \
                 every port",
            );
            None
        }
    }
}

/// RFC 6335 §5.1: up to 15 letters, digits and single hyphens inside, among them
/// a letter.
fn is_service_name(text: &str) -> bool {
    text.len() <= 15
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && text.contains(|c: char| c.is_ascii_alphabetic())
        && !text.contains("--")
        && !text.starts_with('-')
        && !text.ends_with('-')
}
