//! Network policies.

use super::Draw;
use super::peer::{NAMESPACES, endpoints, peer, selector};
use super::places::nowhere;
use crate::model::{
    Direction, EndpointSelector, L4Match, L4Port, L4Protocol, Namespaces, NetworkPolicy,
    ObjectName, Peers, Policy, PolicyKind, Ports, Rule, RuleAction, Selector, Subject,
};

/// A policy of any kind; what a kind cannot say, it does not say here either, but
/// for deny rules, which Kubernetes has none of.
pub(super) fn network_policy(draw: &mut Draw, policy: &Policy, index: usize) -> NetworkPolicy {
    let kind = *draw.one(&[
        PolicyKind::Cilium,
        PolicyKind::Kubernetes,
        PolicyKind::CiliumClusterwide,
    ]);
    let namespace = (*draw.one(&NAMESPACES)).to_owned();
    let clusterwide = kind == PolicyKind::CiliumClusterwide;
    let subject = if clusterwide && draw.once_in(6) {
        Subject::Nodes(selector(draw))
    } else if clusterwide {
        Subject::Workloads(endpoints(draw))
    } else {
        Subject::Workloads(EndpointSelector {
            namespaces: Namespaces::Named(namespace.clone()),
            labels: if draw.once_in(2) {
                selector(draw)
            } else {
                Selector::default()
            },
        })
    };
    let rules = draw.some(4, |draw| rule(draw, policy, kind));
    let has = |direction| rules.iter().any(|rule| rule.direction == direction);
    let (has_ingress, has_egress) = (has(Direction::Ingress), has(Direction::Egress));
    NetworkPolicy {
        kind,
        name: ObjectName {
            namespace: if clusterwide {
                String::new()
            } else {
                namespace
            },
            name: format!("policy-{index}"),
        },
        subject,
        // As `policyTypes` and `enableDefaultDeny` have it, whatever the rules.
        isolates_ingress: has_ingress != draw.once_in(5),
        isolates_egress: has_egress != draw.once_in(5),
        rules,
        location: nowhere(),
    }
}

fn rule(draw: &mut Draw, policy: &Policy, kind: PolicyKind) -> Rule {
    let peers = match draw.below(6) {
        0 => Peers::Any,
        1 => Peers::Listed(Vec::new()),
        _ => {
            let mut peers = vec![peer(draw, policy)];
            peers.extend(draw.some(2, |draw| peer(draw, policy)));
            Peers::Listed(peers)
        }
    };
    let ports = match draw.below(5) {
        0 | 1 => Ports::All,
        2 => Ports::Listed(draw.some(1, l4_match)),
        _ => {
            let mut entries = vec![l4_match(draw)];
            entries.extend(draw.some(2, l4_match));
            Ports::Listed(entries)
        }
    };
    Rule {
        direction: if draw.once_in(3) {
            Direction::Egress
        } else {
            Direction::Ingress
        },
        action: if kind != PolicyKind::Kubernetes && draw.once_in(3) {
            RuleAction::Deny
        } else {
            RuleAction::Allow
        },
        peers,
        ports,
        location: nowhere(),
    }
}

fn l4_match(draw: &mut Draw) -> L4Match {
    let protocol = *draw.one(&[
        L4Protocol::Tcp,
        L4Protocol::AnyWithPorts,
        L4Protocol::Udp,
        L4Protocol::Sctp,
        L4Protocol::Icmp,
        L4Protocol::Icmpv6,
    ]);
    let edges: &[u16] = match protocol {
        L4Protocol::Icmp | L4Protocol::Icmpv6 => &[8, 0, 3, 128, 129, 1, 135, 255],
        L4Protocol::AnyWithPorts | L4Protocol::Tcp | L4Protocol::Udp | L4Protocol::Sctp => {
            &[80, 8080, 53, 3868, 1, 1023, 1024, 30007, 65535, 0]
        }
    };
    let has_ports = edges.contains(&80);
    let port = match draw.below(6) {
        0 => L4Port::All,
        1 | 2 => {
            let port = *draw.one(edges);
            L4Port::Range(port, port)
        }
        3 if has_ports => {
            L4Port::Named((*draw.one(&["http", "dns", "diameter", "none"])).to_owned())
        }
        _ => {
            let ends = [*draw.one(edges), *draw.one(edges)];
            L4Port::Range(ends[0].min(ends[1]), ends[0].max(ends[1]))
        }
    };
    L4Match {
        protocol,
        port,
        location: nowhere(),
    }
}
