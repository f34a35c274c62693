//! Writes the spec of a Kubernetes NetworkPolicy.

use super::super::Unwritable;
use super::super::yaml::{Map, Yaml};
use super::{Named, selector};
use crate::model::{
    Cidr, Direction, EndpointSelector, L4Match, L4Port, L4Protocol, Namespaces, NetworkPolicy,
    Peer, PeerKind, Peers, Ports, Rule, RuleAction, Selector, Subject,
};

pub(super) fn spec(policy: &NetworkPolicy) -> Result<Map, Unwritable> {
    let cannot = |why: &str| Unwritable::because(Named(policy, None).to_string(), why);
    let Subject::Workloads(EndpointSelector { namespaces, labels }) = &policy.subject else {
        return Err(cannot("it cannot be about nodes"));
    };
    if *namespaces != Namespaces::Named(policy.name.namespace.clone()) {
        return Err(cannot("it is about pods of its own namespace"));
    }
    let types = [
        (policy.isolates_ingress, "Ingress"),
        (policy.isolates_egress, "Egress"),
    ];
    let types: Vec<&str> = (types.iter())
        .filter(|(isolates, _)| *isolates)
        .map(|(_, name)| *name)
        .collect();
    if types.is_empty() {
        return Err(cannot("it isolates in at least one direction"));
    }
    let mut map = Map::default()
        .with("podSelector", of_labels(labels))
        .with("policyTypes", Yaml::texts(types));
    for (section, direction) in [
        ("ingress", Direction::Ingress),
        ("egress", Direction::Egress),
    ] {
        let rules: Vec<Yaml> = (policy.rules.iter())
            .filter(|rule| rule.direction == direction)
            .map(|one| rule(policy, one).map(Yaml::from))
            .collect::<Result<_, _>>()?;
        map = map.with_some(section, (!rules.is_empty()).then_some(Yaml::List(rules)));
    }
    Ok(map)
}

fn rule(policy: &NetworkPolicy, rule: &Rule) -> Result<Map, Unwritable> {
    let cannot = |why: &str| Unwritable::because(Named(policy, Some(rule)).to_string(), why);
    let Rule {
        direction,
        action,
        peers: who,
        ports: what,
        location: _,
    } = rule;
    if *action == RuleAction::Deny {
        return Err(cannot("its rules allow"));
    }
    let key = match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let peers = match who {
        Peers::Any => None,
        Peers::Listed(peers) if peers.is_empty() => {
            return Err(cannot("an empty list of peers means anybody"));
        }
        Peers::Listed(peers) => {
            let own = &policy.name.namespace;
            let peers = peers.iter().map(|one| peer(one, own).map(Yaml::from));
            let peers: Result<Vec<Yaml>, &str> = peers.collect();
            Some(Yaml::List(peers.map_err(cannot)?))
        }
    };
    let ports = match what {
        Ports::All => None,
        Ports::Listed(entries) if entries.is_empty() => {
            return Err(cannot("an empty list of ports means every port"));
        }
        Ports::Listed(entries) => {
            let entries = entries.iter().map(|one| port(one).map(Yaml::from));
            let entries: Result<Vec<Yaml>, &str> = entries.collect();
            Some(Yaml::List(entries.map_err(cannot)?))
        }
    };
    Ok(Map::default()
        .with_some(key, peers)
        .with_some("ports", ports))
}

fn peer(peer: &Peer, own: &str) -> Result<Map, &'static str> {
    match &peer.kind {
        PeerKind::Cidr(Cidr { prefix, except }) => {
            let except = (!except.is_empty()).then(|| Yaml::texts(except));
            let block = Map::default()
                .with("cidr", Yaml::text(prefix))
                .with_some("except", except);
            Ok(Map::default().with("ipBlock", block))
        }
        PeerKind::Workloads(EndpointSelector { namespaces, labels }) => {
            let namespaces = match namespaces {
                Namespaces::All => Some(Map::default()),
                Namespaces::Labelled(labels) if labels.0.is_empty() => {
                    return Err("namespaces without requirements are all of them");
                }
                Namespaces::Labelled(labels) => Some(of_labels(labels)),
                Namespaces::Named(name) if name == own => None,
                Namespaces::Named(_) => {
                    return Err("a peer of another namespace is told by its labels");
                }
            };
            // A namespace alone says it of all its pods.
            let says_pods = namespaces.is_none() || !labels.0.is_empty();
            Ok(Map::default()
                .with_some("namespaceSelector", namespaces)
                .with_some("podSelector", says_pods.then(|| of_labels(labels))))
        }
        PeerKind::Entity(_) | PeerKind::Nodes(_) => Err("its peers are pods and addresses"),
    }
}

fn of_labels(labels: &Selector) -> Map {
    selector::write(&labels.0, str::to_owned)
}

fn port(entry: &L4Match) -> Result<Map, &'static str> {
    let protocol = match entry.protocol {
        L4Protocol::Tcp => "TCP",
        L4Protocol::Udp => "UDP",
        L4Protocol::Sctp => "SCTP",
        L4Protocol::AnyWithPorts | L4Protocol::Icmp | L4Protocol::Icmpv6 => {
            return Err("its protocols are TCP, UDP and SCTP");
        }
    };
    let (port, last) = match &entry.port {
        L4Port::All => (None, None),
        L4Port::Range(first, last) => {
            let last = (first != last).then(|| Yaml::number(*last));
            (Some(Yaml::number(*first)), last)
        }
        L4Port::Named(name) => (Some(Yaml::text(name)), None),
    };
    Ok(Map::default()
        .with("protocol", protocol)
        .with_some("port", port)
        .with_some("endPort", last))
}
