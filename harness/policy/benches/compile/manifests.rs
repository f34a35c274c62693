//! The made-up cluster as a user would write it down.

use std::fmt::Write as _;
use std::sync::Arc;

use netverdict_policy::diagnostic::SourceFile;
use netverdict_policy::model::{
    Direction, EndpointSelector, Entity, L4Match, L4Port, L4Protocol, Namespaces, NetworkPolicy,
    Operator, PeerKind, Peers, Policy, Ports, Rule, RuleAction, Selector, Subject, Workload,
};

/// A file for each namespace: it, its pods, its policies.
pub(crate) fn files(policy: &Policy) -> Vec<Arc<SourceFile>> {
    let file = |(name, labels): (&String, _)| {
        let mut text = format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n");
        text.push_str("  labels:\n");
        for (key, value) in labels {
            let _ = writeln!(text, "    {key}: {value}");
        }
        let pods = policy.workloads.iter();
        for workload in pods.filter(|workload| workload.name.namespace == *name) {
            pod(&mut text, workload);
        }
        let policies = policy.network_policies.iter();
        for rules in policies.filter(|rules| rules.name.namespace == *name) {
            network_policy(&mut text, rules);
        }
        Arc::new(SourceFile {
            path: format!("{name}.yaml"),
            text,
        })
    };
    policy.namespaces.iter().map(file).collect()
}

fn pod(text: &mut String, workload: &Workload) {
    let name = &workload.name;
    let _ = write!(
        text,
        "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {}\n  namespace: {}\n  labels:\n",
        name.name, name.namespace
    );
    for (key, value) in &workload.labels {
        // Cilium derives it.
        if key != "io.kubernetes.pod.namespace" {
            let _ = writeln!(text, "    {key}: {value}");
        }
    }
    text.push_str("spec:\n  containers:\n    - name: main\n      image: main\n      ports:\n");
    for port in &workload.named_ports {
        let _ = writeln!(
            text,
            "        - {{ name: {}, containerPort: {}, protocol: TCP }}",
            port.name, port.port.port
        );
    }
    text.push_str("status:\n  podIPs:\n");
    for address in &workload.addresses {
        let _ = writeln!(text, "    - ip: \"{address}\"");
    }
}

fn network_policy(text: &mut String, policy: &NetworkPolicy) {
    let Subject::Workloads(subject) = &policy.subject else {
        panic!("none of these is about nodes");
    };
    let _ = write!(
        text,
        "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: {}\n  \
         namespace: {}\nspec:\n  endpointSelector:\n",
        policy.name.name, policy.name.namespace
    );
    match_labels(text, "    ", &subject.labels, "");
    for rule in &policy.rules {
        let section = match (rule.direction, rule.action) {
            (Direction::Ingress, RuleAction::Allow) => "ingress",
            (Direction::Ingress, RuleAction::Deny) => "ingressDeny",
            (Direction::Egress, RuleAction::Allow) => "egress",
            (Direction::Egress, RuleAction::Deny) => "egressDeny",
        };
        let _ = writeln!(text, "  {section}:\n    -");
        peers(text, rule);
        if let Ports::Listed(ports) = &rule.ports {
            text.push_str("      toPorts:\n        - ports:\n");
            ports.iter().for_each(|port| entry(text, port));
        }
    }
}

fn peers(text: &mut String, rule: &Rule) {
    let Peers::Listed(peers) = &rule.peers else {
        return;
    };
    let way = match rule.direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let mut section = "";
    for peer in peers {
        let of = match &peer.kind {
            PeerKind::Workloads(_) => "Endpoints",
            PeerKind::Cidr(_) => "CIDRSet",
            PeerKind::Entity(_) => "Entities",
            PeerKind::Nodes(_) => panic!("none of these is about nodes"),
        };
        if of != section {
            let _ = writeln!(text, "      {way}{of}:");
            section = of;
        }
        match &peer.kind {
            PeerKind::Workloads(EndpointSelector { namespaces, labels }) => {
                text.push_str("        - matchLabels:\n");
                let indent = "            ";
                match namespaces {
                    Namespaces::All => {}
                    Namespaces::Named(name) => {
                        let _ = writeln!(text, "{indent}k8s:io.kubernetes.pod.namespace: {name}");
                    }
                    Namespaces::Labelled(labels) => {
                        values(text, indent, labels, "k8s:io.cilium.k8s.namespace.labels.");
                    }
                }
                values(text, indent, labels, "");
            }
            PeerKind::Cidr(cidr) => {
                let _ = writeln!(text, "        - cidr: {}", cidr.prefix);
                if !cidr.except.is_empty() {
                    let except: Vec<String> = cidr.except.iter().map(ToString::to_string).collect();
                    let _ = writeln!(text, "          except: [{}]", except.join(", "));
                }
            }
            PeerKind::Entity(entity) => {
                let name = match entity {
                    Entity::World => "world",
                    Entity::Cluster => "cluster",
                    Entity::RemoteNode => "remote-node",
                    other => panic!("none of these is about {other:?}"),
                };
                let _ = writeln!(text, "        - {name}");
            }
            PeerKind::Nodes(_) => {}
        }
    }
}

fn match_labels(text: &mut String, indent: &str, selector: &Selector, prefix: &str) {
    let _ = writeln!(text, "{indent}matchLabels:");
    values(text, &format!("{indent}  "), selector, prefix);
}

fn values(text: &mut String, indent: &str, selector: &Selector, prefix: &str) {
    for requirement in &selector.0 {
        let Operator::In(values) = &requirement.operator else {
            panic!("each of these names a value");
        };
        for value in values {
            let _ = writeln!(text, "{indent}{prefix}{}: {value}", requirement.key);
        }
    }
}

fn entry(text: &mut String, port: &L4Match) {
    let protocol = match port.protocol {
        L4Protocol::Tcp => "TCP",
        L4Protocol::Udp => "UDP",
        other => panic!("none of these is about {other:?}"),
    };
    let _ = match &port.port {
        L4Port::Range(first, last) if first == last => writeln!(
            text,
            "            - {{ port: \"{first}\", protocol: {protocol} }}"
        ),
        L4Port::Range(first, last) => writeln!(
            text,
            "            - {{ port: \"{first}\", endPort: {last}, protocol: {protocol} }}"
        ),
        L4Port::Named(name) => writeln!(
            text,
            "            - {{ port: {name}, protocol: {protocol} }}"
        ),
        L4Port::All => writeln!(text, "            - {{ protocol: {protocol} }}"),
    };
}
