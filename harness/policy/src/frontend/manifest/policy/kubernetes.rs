//! Reads a `networking.k8s.io/v1 NetworkPolicy`.
//!
//! What the API server would refuse is an error (Kubernetes,
//! `pkg/apis/networking/validation`).

use super::cidr;
use super::draft::{DraftPeer, DraftPeers, DraftRule, DraftSpec, Gaps, PolicyObject, given};
use super::selector;
use crate::frontend::manifest::fields::{Keys, Known};
use crate::frontend::manifest::metadata;
use crate::frontend::problems::Problems;
use crate::frontend::tree::{Node, Value};
use crate::model::{
    Cidr, Direction, EndpointSelector, L4Match, L4Port, L4Protocol, Namespaces, Peer, PeerKind,
    PolicyKind, Ports, RuleAction, Selector, Subject,
};

const OBJECT: Keys = Keys {
    what: "a NetworkPolicy",
    read: &["metadata", "spec"],
    ignored: &["apiVersion", "kind", "status"],
};

const SPEC: Keys = Keys {
    what: "a NetworkPolicy's spec",
    read: &["podSelector", "policyTypes", "ingress", "egress"],
    ignored: &[],
};

const INGRESS: Keys = Keys {
    what: "an ingress rule",
    read: &["from", "ports"],
    ignored: &[],
};

const EGRESS: Keys = Keys {
    what: "an egress rule",
    read: &["to", "ports"],
    ignored: &[],
};

const PEER: Keys = Keys {
    what: "a peer",
    read: &["podSelector", "namespaceSelector", "ipBlock"],
    ignored: &[],
};

const IP_BLOCK: Keys = Keys {
    what: "an ipBlock",
    read: &["cidr", "except"],
    ignored: &[],
};

const PORT: Keys = Keys {
    what: "an entry of ports",
    read: &["port", "endPort", "protocol"],
    ignored: &[],
};

const PROTOCOLS: [(&str, L4Protocol); 3] = [
    ("TCP", L4Protocol::Tcp),
    ("UDP", L4Protocol::Udp),
    ("SCTP", L4Protocol::Sctp),
];

const TYPES: [(&str, Direction); 2] = [
    ("Ingress", Direction::Ingress),
    ("Egress", Direction::Egress),
];

/// Reads one object.
pub(super) fn read(document: &Node, problems: &mut Problems) -> Option<PolicyObject> {
    let object = Known::of(document, &OBJECT, problems)?;
    let name = object
        .need("metadata", "give it metadata with a name", problems)
        .and_then(|node| metadata::name(node, metadata::Subject::Policy, problems));
    let Some(node) = given(document, "spec") else {
        problems.warn(
            "missing-selector",
            &document.location,
            "'spec' is missing, so that every pod of the namespace is denied all ingress",
            "write the spec out if that is meant: {podSelector: {}, policyTypes: [Ingress]}",
        );
        let name = name?;
        return object.whole.then(|| PolicyObject {
            kind: PolicyKind::Kubernetes,
            location: document.location.clone(),
            dry_run: false,
            specs: vec![DraftSpec {
                subject: subject(&name.namespace, Selector::default()),
                isolates_ingress: true,
                isolates_egress: false,
                rules: Vec::new(),
                selector_location: document.location.clone(),
            }],
            name,
        });
    };
    let fields = Known::of(node, &SPEC, problems)?;
    let selector_node = given(node, "podSelector");
    if selector_node.is_none() {
        problems.warn(
            "missing-selector",
            &node.location,
            "'podSelector' is missing, so that the policy is about every pod of its namespace",
            "write 'podSelector: {}' if that is meant",
        );
    }
    let labels = match selector_node {
        Some(node) => selector::kubernetes(node, problems),
        None => Some(Selector::default()),
    };
    let name = name?;
    let mut rules = Vec::new();
    let mut sound = object.whole && fields.whole;
    for (section, direction) in [
        ("ingress", Direction::Ingress),
        ("egress", Direction::Egress),
    ] {
        let items = given(node, section).map(|node| problems.list(node));
        for (index, item) in items.flatten().unwrap_or(&[]).iter().enumerate() {
            let field = format!("spec.{section}[{index}]");
            match rule(item, direction, field, &name.namespace, problems) {
                Some(rule) => rules.push(rule),
                None => sound = false,
            }
        }
        sound &= items != Some(None);
    }
    let (isolates_ingress, isolates_egress) = types(node, &rules, problems)?;
    // A section whose type is not listed has no effect.
    rules.retain(|rule| match rule.direction {
        Direction::Ingress => isolates_ingress,
        Direction::Egress => isolates_egress,
    });
    let labels = labels?;
    sound.then(|| PolicyObject {
        kind: PolicyKind::Kubernetes,
        location: document.location.clone(),
        dry_run: false,
        specs: vec![DraftSpec {
            subject: subject(&name.namespace, labels),
            isolates_ingress,
            isolates_egress,
            rules,
            selector_location: selector_node.unwrap_or(node).location.clone(),
        }],
        name,
    })
}

fn subject(namespace: &str, labels: Selector) -> Subject {
    Subject::Workloads(EndpointSelector {
        namespaces: Namespaces::Named(namespace.to_owned()),
        labels,
    })
}

/// Whether it isolates ingress, and egress. Without `policyTypes`, ingress
/// always, and egress if there is at least one rule of it.
fn types(spec: &Node, rules: &[DraftRule], problems: &mut Problems) -> Option<(bool, bool)> {
    let any_egress = (rules.iter()).any(|rule| rule.direction == Direction::Egress);
    let Some(node) = given(spec, "policyTypes") else {
        return Some((true, any_egress));
    };
    let items = problems.list(node)?;
    if items.is_empty() {
        return Some((true, any_egress));
    }
    let listed: Vec<Option<Direction>> = (items.iter())
        .map(|item| problems.choice(item, &TYPES))
        .collect();
    let listed: Vec<Direction> = listed.into_iter().collect::<Option<_>>()?;
    for (word, direction) in TYPES {
        let first = rules.iter().find(|rule| rule.direction == direction);
        if let Some(first) = first
            && !listed.contains(&direction)
        {
            problems.warn(
                "rules-without-type",
                &first.location,
                format!("{direction} rules have no effect where 'policyTypes' has no '{word}'"),
                format!("add '{word}' to 'policyTypes', or remove the rules"),
            );
        }
    }
    Some((
        listed.contains(&Direction::Ingress),
        listed.contains(&Direction::Egress),
    ))
}

fn rule(
    item: &Node,
    direction: Direction,
    field: String,
    namespace: &str,
    problems: &mut Problems,
) -> Option<DraftRule> {
    let (keys, peers_key) = match direction {
        Direction::Ingress => (&INGRESS, "from"),
        Direction::Egress => (&EGRESS, "to"),
    };
    let fields = Known::of(item, keys, problems)?;
    let mut sound = fields.whole;
    let mut peers = DraftPeers::Any;
    if let Some(node) = given(item, peers_key) {
        let mut listed = Vec::new();
        for item in problems.list(node)? {
            match peer(item, namespace, problems) {
                Some(kind) => listed.push(DraftPeer::Known(Peer {
                    kind,
                    location: item.location.clone(),
                })),
                None => sound = false,
            }
        }
        if !listed.is_empty() {
            peers = DraftPeers::Listed(listed);
        }
    }
    let mut ports = Ports::All;
    if let Some(node) = given(item, "ports") {
        let mut listed = Vec::new();
        for item in problems.list(node)? {
            match port(item, problems) {
                Some(found) => listed.push(found),
                None => sound = false,
            }
        }
        if !listed.is_empty() {
            ports = Ports::Listed(listed);
        }
    }
    sound.then(|| DraftRule {
        field,
        direction,
        action: RuleAction::Allow,
        peers,
        ports,
        location: item.location.clone(),
        gaps: Gaps::default(),
    })
}

fn peer(item: &Node, own: &str, problems: &mut Problems) -> Option<PeerKind> {
    let fields = Known::of(item, &PEER, problems)?;
    let pods = given(item, "podSelector");
    let namespaces = given(item, "namespaceSelector");
    let block = given(item, "ipBlock");
    if let Some(block) = block {
        if pods.is_some() || namespaces.is_some() {
            problems.error(
                "ip-block-with-selectors",
                &item.location,
                "a peer is an ipBlock or selectors, not both",
                "write two entries, each with a '-' of its own: they are alternatives then",
            );
            return None;
        }
        let fields = Known::of(block, &IP_BLOCK, problems)?;
        let cidr = fields.need("cidr", "give the prefix that the entry is about", problems)?;
        let (prefix, except) = cidr::block(cidr, given(block, "except"), true, problems)?;
        return fields
            .whole
            .then_some(PeerKind::Cidr(Cidr { prefix, except }));
    }
    if pods.is_none() && namespaces.is_none() {
        if fields.whole {
            problems.error(
                "peer-empty",
                &item.location,
                "a peer names somebody",
                "write podSelector, namespaceSelector or ipBlock; '{}' after one of the selectors \
                 means all of them",
            );
        }
        return None;
    }
    let labels = match pods {
        Some(node) => selector::kubernetes(node, problems),
        None => Some(Selector::default()),
    };
    let namespaces = match namespaces {
        Some(node) => selector::kubernetes(node, problems).map(|labels| {
            if labels.0.is_empty() {
                Namespaces::All
            } else {
                Namespaces::Labelled(labels)
            }
        }),
        None => Some(Namespaces::Named(own.to_owned())),
    };
    let (labels, namespaces) = (labels?, namespaces?);
    fields
        .whole
        .then_some(PeerKind::Workloads(EndpointSelector { namespaces, labels }))
}

fn port(item: &Node, problems: &mut Problems) -> Option<L4Match> {
    let fields = Known::of(item, &PORT, problems)?;
    let protocol = match given(item, "protocol") {
        Some(node) => problems.choice(node, &PROTOCOLS),
        None => Some(L4Protocol::Tcp),
    };
    let end_node = given(item, "endPort");
    let port_node = given(item, "port");
    let port = match port_node {
        Some(node) => match &node.value {
            Value::Integer(_) => {
                let first: u16 = problems.number(node, 1..=65535)?;
                let last = match end_node {
                    Some(end) => problems.number(end, 1..=65535)?,
                    None => first,
                };
                if last < first {
                    problems.error(
                        "port-range",
                        &end_node.unwrap_or(node).location,
                        format!("the last port, {last}, is before the first, {first}"),
                        "write the smaller port as 'port', the larger one as 'endPort'",
                    );
                    return None;
                }
                L4Port::Range(first, last)
            }
            _ => {
                let name = port_name(node, problems)?;
                if let Some(end) = end_node {
                    problems.error(
                        "port-range",
                        &end.location,
                        "a port that is named begins no range",
                        "write the first port as a number, or remove 'endPort'",
                    );
                    return None;
                }
                L4Port::Named(name)
            }
        },
        None => {
            if let Some(end) = end_node {
                problems.error(
                    "port-range",
                    &end.location,
                    "a range has a first port",
                    "add 'port', or remove 'endPort'",
                );
                return None;
            }
            L4Port::All
        }
    };
    let protocol = protocol?;
    fields.whole.then(|| L4Match {
        protocol,
        port,
        location: item.location.clone(),
    })
}

/// A port's name: up to 15 lower-case letters, digits and single `-`, with a
/// letter (Kubernetes, `IsValidPortName`).
fn port_name(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = problems.text(node)?;
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = text.len() <= 15
        && text.chars().all(inside)
        && text.contains(|c: char| c.is_ascii_lowercase())
        && !text.contains("--")
        && !text.starts_with('-')
        && !text.ends_with('-');
    if !fits {
        let help = match text.parse::<u16>() {
            Ok(_) => format!("write the number without quotes: {text}"),
            Err(_) => "a name has up to 15 lower-case letters, digits and single '-', among them \
                       a letter"
                .to_owned(),
        };
        problems.error(
            "port-malformed",
            &node.location,
            format!("'{text}' is not the name of a port"),
            help,
        );
        return None;
    }
    Some(text.to_owned())
}
