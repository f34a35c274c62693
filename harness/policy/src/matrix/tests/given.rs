//! Small worlds.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Location, SourceFile};
use crate::model::{
    Cidr, Direction, EndpointSelector, L4Match, L4Port, L4Protocol, NamedPort, Namespaces,
    NetworkPolicy, Node, ObjectName, Operator, Peer, PeerKind, Peers, Policy, PolicyKind, Ports,
    Requirement, Rule, RuleAction, Selector, Subject, Workload,
};
use crate::port::ProtoPort;

pub(super) fn nowhere() -> Location {
    let file = SourceFile {
        path: "given.yaml".to_owned(),
        text: String::new(),
    };
    Location::new(&Arc::new(file), 0, 0)
}

/// `NAME ADDRESS[,ADDRESS] [PORTNAME=PORT/PROTOCOL]…`, labelled `app: NAME`.
pub(super) fn workload(text: &str) -> Workload {
    let mut words = text.split(' ');
    let name = words.next().expect("a name").to_owned();
    let addresses = words.next().expect("addresses").split(',');
    let named = words.map(|word| {
        let (name, port) = word.split_once('=').expect("NAME=PORT/PROTOCOL");
        let port: ProtoPort = port.parse().expect("a port");
        NamedPort {
            name: name.to_owned(),
            port,
        }
    });
    Workload {
        labels: BTreeMap::from([("app".to_owned(), name.clone())]),
        addresses: addresses
            .map(|at| at.parse().expect("an address"))
            .collect(),
        known_addresses: Vec::new(),
        named_ports: named.collect(),
        name: ObjectName {
            namespace: "default".to_owned(),
            name,
        },
        kind: "Deployment".to_owned(),
        host_network: false,
        location: nowhere(),
    }
}

pub(super) fn policy(workloads: &[&str], network_policies: Vec<NetworkPolicy>) -> Policy {
    Policy {
        namespaces: BTreeMap::from([("default".to_owned(), BTreeMap::new())]),
        node: Node {
            addresses: vec!["192.0.2.10".parse().expect("an address")],
            ..Node::default()
        },
        workloads: workloads.iter().map(|text| workload(text)).collect(),
        network_policies,
        ..Policy::default()
    }
}

/// A policy about the workload of this name.
pub(super) fn about(app: &str, rules: Vec<Rule>) -> NetworkPolicy {
    let requirement = Requirement {
        key: "app".to_owned(),
        operator: Operator::In([app.to_owned()].into()),
    };
    NetworkPolicy {
        kind: PolicyKind::Kubernetes,
        name: ObjectName {
            namespace: "default".to_owned(),
            name: format!("about-{app}"),
        },
        subject: Subject::Workloads(EndpointSelector {
            namespaces: Namespaces::Named("default".to_owned()),
            labels: Selector(vec![requirement]),
        }),
        isolates_ingress: rules
            .iter()
            .any(|rule| rule.direction == Direction::Ingress),
        isolates_egress: rules.iter().any(|rule| rule.direction == Direction::Egress),
        rules,
        location: nowhere(),
    }
}

pub(super) fn allow(direction: Direction, peers: Peers, ports: Ports) -> Rule {
    Rule {
        direction,
        action: RuleAction::Allow,
        peers,
        ports,
        location: nowhere(),
    }
}

/// `PREFIX [except PREFIX]`.
pub(super) fn addresses(text: &str) -> Peers {
    let (prefix, except) = match text.split_once(" except ") {
        Some((prefix, except)) => (prefix, Some(except)),
        None => (text, None),
    };
    let cidr = Cidr {
        prefix: prefix.parse().expect("a prefix"),
        except: except
            .iter()
            .map(|each| each.parse().expect("a prefix"))
            .collect(),
    };
    Peers::Listed(vec![Peer {
        kind: PeerKind::Cidr(cidr),
        location: nowhere(),
    }])
}

pub(super) fn tcp(port: L4Port) -> Ports {
    Ports::Listed(vec![L4Match {
        protocol: L4Protocol::Tcp,
        port,
        location: nowhere(),
    }])
}
