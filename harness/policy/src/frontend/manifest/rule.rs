//! Reads an entry of `ingress` or `ingressDeny`.

use super::super::problems::Problems;
use super::super::tree::{Node, Value};
use super::fields::{Keys, Known, filled_list, supported};
use crate::diagnostic::Diagnostic;
use crate::model::{CidrSource, PortMatch, Ports, Rule, RuleAction, Sources};
use crate::port::Protocol;
use crate::prefix::Prefix;

const RULE: Keys = Keys {
    what: "an ingress rule",
    read: &["fromCIDR", "fromCIDRSet", "toPorts"],
    ignored: &[],
};

const CIDR_SET: Keys = Keys {
    what: "an entry of fromCIDRSet",
    read: &["cidr", "except"],
    ignored: &[],
};

const TO_PORTS: Keys = Keys {
    what: "an entry of toPorts",
    read: &["ports"],
    ignored: &[],
};

const PORT: Keys = Keys {
    what: "a port of toPorts",
    read: &["port", "protocol"],
    ignored: &[],
};

/// No protocol means any, unlike in Kubernetes, where it means TCP.
const PROTOCOLS: [(&str, Option<Protocol>); 4] = [
    ("TCP", Some(Protocol::Tcp)),
    ("UDP", Some(Protocol::Udp)),
    ("SCTP", Some(Protocol::Sctp)),
    ("ANY", None),
];

const EMPTY_CIDRS: &str = "an empty list of sources is easily taken for 'everyone': list prefixes, \
                           or leave the key out if every source is meant";

const EMPTY_PORTS: &str = "an empty list of ports is easily taken for 'none': list ports, or leave \
                           'toPorts' out if every port is meant";

/// Reads one rule.
pub(super) fn read(
    item: &Node,
    section: &str,
    action: RuleAction,
    problems: &mut Problems,
) -> Option<Rule> {
    if item.value == Value::Null {
        let help = format!("write '{section}: [{{}}]' for the rule that matches nobody");
        problems.wrong_type(item, "a rule", help);
        return None;
    }
    let fields = Known::of(item, &RULE, problems)?;
    let mut sound = true;
    let mut cidrs: Option<Vec<CidrSource>> = None;
    if let Some(node) = fields.get("fromCIDR") {
        match filled_list(node, "fromCIDR", EMPTY_CIDRS, problems) {
            Some(items) => {
                for item in items {
                    match problems.prefix(item) {
                        Some(cidr) => cidrs.get_or_insert_default().push(CidrSource {
                            cidr,
                            except: Vec::new(),
                            location: item.location.clone(),
                        }),
                        None => sound = false,
                    }
                }
            }
            None => sound = false,
        }
    }
    if let Some(node) = fields.get("fromCIDRSet") {
        match filled_list(node, "fromCIDRSet", EMPTY_CIDRS, problems) {
            Some(items) => {
                for item in items {
                    match cidr_set(item, problems) {
                        Some(source) => cidrs.get_or_insert_default().push(source),
                        None => sound = false,
                    }
                }
            }
            None => sound = false,
        }
    }
    let ports = match fields.get("toPorts") {
        Some(node) => to_ports(node, problems),
        None => Some(Ports::All),
    };
    let sources = match (cidrs, fields.get("toPorts")) {
        (Some(cidrs), _) => Sources::Cidrs(cidrs),
        (None, Some(_)) => Sources::Any,
        (None, None) => Sources::Nobody,
    };
    // A key that was refused may have been the one that names the sources.
    (sound && fields.whole).then_some(Rule {
        action,
        sources,
        ports: ports?,
        location: item.location.clone(),
    })
}

fn cidr_set(item: &Node, problems: &mut Problems) -> Option<CidrSource> {
    let fields = Known::of(item, &CIDR_SET, problems)?;
    let cidr_help = "give the prefix that the entry is about";
    let cidr_node = fields.need("cidr", cidr_help, problems);
    let cidr = cidr_node.and_then(|node| problems.prefix(node));
    let mut except = Vec::new();
    let mut sound = true;
    let items = match fields.get("except") {
        Some(node) => problems.list(node)?,
        None => &[],
    };
    for item in items {
        let Some(prefix) = problems.prefix(item) else {
            sound = false;
            continue;
        };
        if let (Some(cidr), Some(cidr_node)) = (cidr, cidr_node)
            && !cidr.covers(prefix)
        {
            sound = false;
            problems.push(
                Diagnostic::error(
                    "except-outside",
                    &item.location,
                    format!("{prefix} does not lie in {cidr}"),
                    except_help(cidr, prefix),
                )
                .with_label(&cidr_node.location, "the prefix it is an exception of"),
            );
        }
        except.push(prefix);
    }
    (sound && fields.whole).then_some(CidrSource {
        cidr: cidr?,
        except,
        location: item.location.clone(),
    })
}

fn except_help(cidr: Prefix, except: Prefix) -> String {
    if cidr.family() == except.family() {
        return format!("an exception narrows its own entry: name a prefix inside {cidr}");
    }
    format!("{cidr} holds {} addresses only", cidr.family())
}

fn to_ports(node: &Node, problems: &mut Problems) -> Option<Ports> {
    let items = filled_list(node, "toPorts", EMPTY_PORTS, problems)?;
    let mut matches = Vec::new();
    let mut sound = true;
    for item in items {
        let Some(fields) = Known::of(item, &TO_PORTS, problems) else {
            sound = false;
            continue;
        };
        sound &= fields.whole;
        let ports = fields
            .need("ports", EMPTY_PORTS, problems)
            .and_then(|node| filled_list(node, "ports", EMPTY_PORTS, problems));
        match ports {
            Some(ports) => {
                for port in ports {
                    match port_match(port, problems) {
                        Some(found) => matches.push(found),
                        None => sound = false,
                    }
                }
            }
            None => sound = false,
        }
    }
    sound.then_some(Ports::Listed(matches))
}

fn port_match(item: &Node, problems: &mut Problems) -> Option<PortMatch> {
    let fields = Known::of(item, &PORT, problems)?;
    let protocol = match fields.get("protocol") {
        Some(node) => supported(node, "protocol", &PROTOCOLS, problems),
        None => Some(None),
    };
    let port_help = "give the workload's port, in quotes; \"0\" is every port";
    let port = fields
        .need("port", port_help, problems)
        .and_then(|node| port_number(node, problems));
    fields.whole.then_some(PortMatch {
        port: port?,
        protocol: protocol?,
        location: item.location.clone(),
    })
}

/// The port, where `None` is every port. It is text in Cilium's schema.
fn port_number(node: &Node, problems: &mut Problems) -> Option<Option<u16>> {
    let text = problems.text(node)?;
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        problems.error(
            "unsupported-field",
            &node.location,
            format!("the port name '{text}' is not understood"),
            "write the workload's port as a number, in quotes",
        );
        return None;
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match digits.then(|| text.parse::<u16>()) {
        Some(Ok(0)) => Some(None),
        Some(Ok(port)) => Some(Some(port)),
        Some(Err(_)) | None => {
            problems.error(
                "port-malformed",
                &node.location,
                format!("'{text}' is not a port from 0 to 65535"),
                "write the workload's port as a number, in quotes; \"0\" is every port",
            );
            None
        }
    }
}
