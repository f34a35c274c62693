//! What an entry of `toPorts` asks of Cilium's proxy: reported, not enforced.

use super::super::draft::{Gaps, given, key_location};
use super::Context;
use crate::frontend::manifest::fields::{Keys, Known};
use crate::frontend::problems::Problems;
use crate::frontend::tree::{Node, Value};
use crate::model::{Direction, L4Match, L4Port, L4Protocol};

const RULES: Keys = Keys {
    what: "the rules of a port",
    read: &["http", "kafka", "dns", "l7proto", "l7"],
    ignored: &[],
};

/// Kinds of rules, and what a sentence calls them.
const KINDS: [(&str, &str); 4] = [
    ("http", "HTTP"),
    ("kafka", "Kafka"),
    ("dns", "DNS"),
    ("l7proto", "a proxy's own protocol"),
];

const PROXIES: [(&str, &str); 4] = [
    ("terminatingTLS", "TLS is not terminated"),
    ("originatingTLS", "TLS is not originated"),
    ("serverNames", "server names of TLS are not exercised"),
    ("listener", "no proxy listens here"),
];

/// Whether what the entry says is what Cilium takes.
pub(super) fn read(
    item: &Node,
    path: &str,
    context: &Context<'_>,
    ports: &[&L4Match],
    gaps: &mut Gaps,
    problems: &mut Problems,
) -> bool {
    let mut sound = true;
    for (key, words) in PROXIES {
        if let Some(node) = given(item, key) {
            if matches!(&node.value, Value::List(items) if items.is_empty()) {
                continue;
            }
            gaps.part(
                format!("{path}.{key}"),
                key_location(item, key).unwrap_or(&node.location),
                format!("{words}; the L4 part is enforced"),
            );
        }
    }
    let mut kinds: Vec<&str> = Vec::new();
    if let Some(node) = given(item, "rules") {
        let Some(fields) = Known::of(node, &RULES, problems) else {
            return false;
        };
        sound &= fields.whole;
        for (key, name) in KINDS {
            let Some(value) = given(node, key) else {
                continue;
            };
            match key {
                "l7proto" => sound &= problems.text(value).is_some(),
                _ => sound &= problems.list(value).is_some(),
            }
            kinds.push(key);
            gaps.part(
                format!("{path}.rules.{key}"),
                key_location(node, key).unwrap_or(&value.location),
                format!("L7 rules ({name}) are not exercised; the L4 part is enforced"),
            );
        }
        if let Some(lone) = given(node, "l7")
            && given(node, "l7proto").is_none()
        {
            sound = false;
            problems.error(
                "l7-rules",
                key_location(node, "l7").unwrap_or(&lone.location),
                "'l7' means nothing without 'l7proto'",
                "name the protocol: l7proto: NAME",
            );
        }
        sound &= fits(node, &kinds, context, ports, problems);
    }
    sound & proxies_fit(item, !kinds.is_empty(), context, problems)
}

/// What Cilium asks of rules: `PortRule.Validate` and `L7Rules.Validate`.
fn fits(
    rules: &Node,
    kinds: &[&str],
    context: &Context<'_>,
    ports: &[&L4Match],
    problems: &mut Problems,
) -> bool {
    let Some(first) = kinds.first() else {
        return true;
    };
    let place = key_location(rules, first).unwrap_or(&rules.location);
    let dns = kinds.contains(&"dns");
    let mut sound = true;
    let mut refuse = |message: &str, help: &str| {
        sound = false;
        problems.error("l7-rules", place, message, help);
    };
    if kinds.len() > 1 {
        refuse(
            "rules of several protocols stand at one port",
            "write an entry of toPorts for each protocol",
        );
    }
    if context.of_node && !(dns && context.direction == Direction::Egress) {
        refuse(
            "Cilium has no L7 rules for nodes, but for DNS of what they send",
            "remove 'rules', or use endpointSelector",
        );
    }
    if dns && context.direction == Direction::Ingress {
        refuse(
            "DNS rules are about what is sent: Cilium rejects them in ingress rules",
            "move them to an egress rule",
        );
    }
    if ports.iter().any(|port| port.port == L4Port::All) {
        refuse(
            "L7 rules need a port, and port 0 is every one",
            "name the ports that the rules are about",
        );
    }
    if !dns && (ports.iter()).any(|port| port.protocol != L4Protocol::Tcp) {
        refuse(
            "L7 rules other than DNS are for TCP alone; a port without protocol is for all",
            "write 'protocol: TCP' at each port of this entry",
        );
    }
    if dns && ports.is_empty() {
        refuse(
            "DNS rules need a port",
            "write ports: [{port: \"53\", protocol: ANY}]",
        );
    }
    if dns && (ports.iter()).any(|port| matches!(port.port, L4Port::Range(a, b) if a != b)) {
        refuse("DNS rules take no range of ports", "remove 'endPort'");
    }
    sound
}

fn proxies_fit(
    item: &Node,
    any_rules: bool,
    context: &Context<'_>,
    problems: &mut Problems,
) -> bool {
    let mut sound = true;
    let mut refuse = |key: &str, message: &str, help: &str| {
        sound = false;
        let place = key_location(item, key).unwrap_or(&item.location);
        problems.error("l7-rules", place, message, help);
    };
    if given(item, "listener").is_some() {
        if context.direction == Direction::Ingress {
            refuse(
                "listener",
                "Cilium takes a listener in egress rules only",
                "remove it, or move the rule to 'egress'",
            );
        }
        if any_rules {
            refuse(
                "listener",
                "a listener and L7 rules do not go together",
                "keep one of the two",
            );
        }
    }
    if given(item, "serverNames").is_some() && any_rules && given(item, "terminatingTLS").is_none()
    {
        refuse(
            "serverNames",
            "server names go with L7 rules only where TLS is terminated",
            "add 'terminatingTLS', or remove 'rules'",
        );
    }
    sound
}
