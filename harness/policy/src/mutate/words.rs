//! What a change is called.

use crate::diagnostic::Location;
use crate::model::{L4Match, L4Port, L4Protocol, Operator, PeerKind, Requirement};

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) location: Location,
    pub(super) words: String,
}

impl Made {
    pub(super) fn new(location: &Location, words: impl Into<String>) -> Made {
        Made {
            location: location.clone(),
            words: words.into(),
        }
    }
}

/// `app = web`, `tier in (a, b)`, `team exists`.
pub(super) fn requirement(requirement: &Requirement) -> String {
    let key = &requirement.key;
    let list = |values: &std::collections::BTreeSet<String>| {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        values.join(", ")
    };
    match &requirement.operator {
        Operator::In(values) if values.len() == 1 => format!("{key} = {}", list(values)),
        Operator::In(values) => format!("{key} in ({})", list(values)),
        Operator::NotIn(values) => format!("{key} not in ({})", list(values)),
        Operator::Exists => format!("{key} exists"),
        Operator::DoesNotExist => format!("{key} does not exist"),
    }
}

/// Whom a peer names, as the subject of a sentence.
pub(super) fn peer(kind: &PeerKind) -> String {
    match kind {
        PeerKind::Workloads(_) => "a selector of workloads".to_owned(),
        PeerKind::Cidr(cidr) => cidr.prefix.to_string(),
        PeerKind::Entity(_) => "an entity".to_owned(),
        PeerKind::Nodes(_) => "a selector of nodes".to_owned(),
    }
}

/// `443/TCP`, `8000-8080/ANY`, `http/TCP`, `every/UDP`, `type 8/ICMP`.
pub(super) fn port(entry: &L4Match) -> String {
    let (is_message, protocol) = match entry.protocol {
        L4Protocol::AnyWithPorts => (false, "ANY"),
        L4Protocol::Tcp => (false, "TCP"),
        L4Protocol::Udp => (false, "UDP"),
        L4Protocol::Sctp => (false, "SCTP"),
        L4Protocol::Icmp => (true, "ICMP"),
        L4Protocol::Icmpv6 => (true, "ICMPv6"),
    };
    let kind = if is_message { "type " } else { "" };
    let port = match &entry.port {
        L4Port::All => "every".to_owned(),
        L4Port::Range(first, last) if first == last => format!("{kind}{first}"),
        L4Port::Range(first, last) => format!("{kind}{first}-{last}"),
        L4Port::Named(name) => name.clone(),
    };
    format!("{port}/{protocol}")
}
