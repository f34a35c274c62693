//! What each kind of policy means, written back in short.

mod cilium;
mod coverage;
mod groups;
mod kubernetes;
mod refused;

use std::sync::Arc;

use super::resolve::{Resolved, ServiceFacts};
use crate::diagnostic::{Diagnostic, SourceFile};
use crate::frontend::manifest::{self, Objects};
use crate::frontend::problems::Problems;
use crate::model::{
    EndpointSelector, L4Match, L4Port, L4Protocol, Namespaces, NetworkPolicy, Operator, Peer,
    PeerKind, Peers, Ports, Rule, RuleAction, Selector, Subject,
};

/// What the manifests say, and everything to be said about them.
fn linked(text: &str) -> (Resolved, Vec<Diagnostic>) {
    let file = Arc::new(SourceFile {
        path: "test.yaml".to_owned(),
        text: text.to_owned(),
    });
    let mut objects = Objects::default();
    let mut problems = Problems::default();
    manifest::read(&file, &mut objects, &mut problems);
    let services: Vec<ServiceFacts> = (objects.services.iter())
        .map(|service| ServiceFacts {
            name: service.name.clone(),
            labels: [("app".to_owned(), service.name.name.clone())].into(),
            selector: (service.selector.clone())
                .map(|(labels, _)| labels)
                .unwrap_or_default(),
        })
        .collect();
    let policies = std::mem::take(&mut objects.policies);
    let resolved = super::link(policies, &objects.cidr_groups, &services, &mut problems);
    (resolved, problems.into_sorted(&[file]))
}

/// Codes, and the text they are about.
fn codes(found: &[Diagnostic]) -> Vec<String> {
    (found.iter())
        .map(|one| format!("{} at {}", one.code, one.labels[0].location.text()))
        .collect()
}

/// The policies in short, where nothing is wrong.
fn shown(text: &str) -> Vec<String> {
    let (resolved, found) = linked(text);
    assert!(found.is_empty(), "{text}\n{found:#?}");
    resolved.policies.iter().flat_map(show).collect()
}

/// A Cilium policy of the namespace `shop` with this spec.
fn cilium(spec: &str) -> String {
    object("cilium.io/v2", "CiliumNetworkPolicy", spec)
}

/// A clusterwide one.
fn clusterwide(spec: &str) -> String {
    object("cilium.io/v2", "CiliumClusterwideNetworkPolicy", spec)
}

/// A Kubernetes policy of the namespace `shop`.
fn kubernetes(spec: &str) -> String {
    object("networking.k8s.io/v1", "NetworkPolicy", spec)
}

fn object(api_version: &str, kind: &str, spec: &str) -> String {
    let namespace = match kind {
        "CiliumClusterwideNetworkPolicy" => "",
        _ => ", namespace: shop",
    };
    format!(
        "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: test{namespace}}}\n\
         spec: {spec}\n"
    )
}

/// A line for the policy, and one for each rule.
fn show(policy: &NetworkPolicy) -> Vec<String> {
    let about = match &policy.subject {
        Subject::Workloads(selector) => endpoints(selector),
        Subject::Nodes(labels) => format!("nodes {}", labels_of(labels)),
    };
    let mut isolates = String::new();
    if policy.isolates_ingress {
        isolates += " isolates-ingress";
    }
    if policy.isolates_egress {
        isolates += " isolates-egress";
    }
    let mut lines = vec![format!("{about}{isolates}")];
    lines.extend(policy.rules.iter().map(show_rule));
    lines
}

fn show_rule(rule: &Rule) -> String {
    let action = match rule.action {
        RuleAction::Allow => "allow",
        RuleAction::Deny => "deny",
    };
    let peers = match &rule.peers {
        Peers::Any => "anybody".to_owned(),
        Peers::Listed(peers) if peers.is_empty() => "nobody".to_owned(),
        Peers::Listed(peers) => peers.iter().map(show_peer).collect::<Vec<_>>().join(" | "),
    };
    let ports = match &rule.ports {
        Ports::All => "*".to_owned(),
        Ports::Listed(listed) if listed.is_empty() => "no port".to_owned(),
        Ports::Listed(listed) => listed.iter().map(port).collect::<Vec<_>>().join(","),
    };
    format!("{action} {} {peers} : {ports}", rule.direction)
}

fn show_peer(peer: &Peer) -> String {
    match &peer.kind {
        PeerKind::Workloads(selector) => endpoints(selector),
        PeerKind::Cidr(cidr) => {
            let holes: Vec<String> = cidr.except.iter().map(|hole| format!("-{hole}")).collect();
            format!("{}{}", cidr.prefix, holes.join(""))
        }
        PeerKind::Entity(entity) => format!("{entity:?}"),
        PeerKind::Nodes(labels) => format!("nodes {}", labels_of(labels)),
    }
}

fn endpoints(selector: &EndpointSelector) -> String {
    let namespaces = match &selector.namespaces {
        Namespaces::All => "*".to_owned(),
        Namespaces::Named(name) => name.clone(),
        Namespaces::Labelled(labels) => labels_of(labels),
    };
    format!("{namespaces}/{}", labels_of(&selector.labels))
}

fn labels_of(selector: &Selector) -> String {
    let terms: Vec<String> = (selector.0.iter())
        .map(|requirement| {
            let key = &requirement.key;
            let list = |values: &std::collections::BTreeSet<String>| {
                values.iter().cloned().collect::<Vec<_>>().join("|")
            };
            match &requirement.operator {
                Operator::In(values) => format!("{key}={}", list(values)),
                Operator::NotIn(values) => format!("{key}!={}", list(values)),
                Operator::Exists => key.clone(),
                Operator::DoesNotExist => format!("!{key}"),
            }
        })
        .collect();
    format!("{{{}}}", terms.join(" "))
}

fn port(entry: &L4Match) -> String {
    let protocol = match entry.protocol {
        L4Protocol::AnyWithPorts => "any",
        L4Protocol::Tcp => "tcp",
        L4Protocol::Udp => "udp",
        L4Protocol::Sctp => "sctp",
        L4Protocol::Icmp => "icmp",
        L4Protocol::Icmpv6 => "icmpv6",
    };
    match &entry.port {
        L4Port::All => format!("{protocol}/*"),
        L4Port::Range(first, last) if first == last => format!("{protocol}/{first}"),
        L4Port::Range(first, last) => format!("{protocol}/{first}-{last}"),
        L4Port::Named(name) => format!("{protocol}/{name}"),
    }
}
