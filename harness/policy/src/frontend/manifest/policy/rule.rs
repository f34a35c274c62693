//! Reads an entry of `ingress` or `ingressDeny`.

use super::super::super::problems::Problems;
use super::super::super::tree::{Node, Value};
use super::super::fields::{Keys, Known, filled_list, supported};
use crate::diagnostic::Diagnostic;
use crate::model::{
    Cidr, Direction, L4Match, L4Port, L4Protocol, Peer, PeerKind, Peers, Ports, Rule, RuleAction,
};
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
const PROTOCOLS: [(&str, L4Protocol); 4] = [
    ("TCP", L4Protocol::Tcp),
    ("UDP", L4Protocol::Udp),
    ("SCTP", L4Protocol::Sctp),
    ("ANY", L4Protocol::AnyWithPorts),
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
    let mut cidrs: Option<Vec<Peer>> = None;
    if let Some(node) = fields.get("fromCIDR") {
        match filled_list(node, "fromCIDR", EMPTY_CIDRS, problems) {
            Some(items) => {
                for item in items {
                    match problems.prefix(item) {
                        Some(prefix) => cidrs.get_or_insert_default().push(Peer {
                            kind: PeerKind::Cidr(Cidr {
                                prefix,
                                except: Vec::new(),
                            }),
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
    let peers = match (cidrs, fields.get("toPorts")) {
        (Some(cidrs), _) => Peers::Listed(cidrs),
        (None, Some(_)) => Peers::Any,
        (None, None) => Peers::Listed(Vec::new()),
    };
    // A key that was refused may have been the one that names the sources.
    (sound && fields.whole).then_some(Rule {
        direction: Direction::Ingress,
        action,
        peers,
        ports: ports?,
        location: item.location.clone(),
    })
}

fn cidr_set(item: &Node, problems: &mut Problems) -> Option<Peer> {
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
    let prefix = cidr?;
    (sound && fields.whole).then_some(Peer {
        kind: PeerKind::Cidr(Cidr { prefix, except }),
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

fn port_match(item: &Node, problems: &mut Problems) -> Option<L4Match> {
    let fields = Known::of(item, &PORT, problems)?;
    let protocol = match fields.get("protocol") {
        Some(node) => supported(node, "protocol", &PROTOCOLS, problems),
        None => Some(L4Protocol::AnyWithPorts),
    };
    let port_help = "give the workload's port, in quotes; \"0\" is every port";
    let port = fields
        .need("port", port_help, problems)
        .and_then(|node| port_number(node, problems));
    fields.whole.then_some(L4Match {
        port: port?,
        protocol: protocol?,
        location: item.location.clone(),
    })
}

/// The port, where `None` is every port. It is text in Cilium's schema.
fn port_number(node: &Node, problems: &mut Problems) -> Option<L4Port> {
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
        Some(Ok(0)) => Some(L4Port::All),
        Some(Ok(port)) => Some(L4Port::Range(port, port)),
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
