//! Network policies.

use super::Draw;
use super::peer::{NAMESPACES, endpoints, peers, selector};
use super::places::nowhere;
use crate::model::{
    Direction, EndpointSelector, L4Match, L4Port, L4Protocol, Namespaces, NetworkPolicy,
    ObjectName, Peers, Policy, PolicyKind, Ports, Rule, RuleAction, Selector, Subject,
};

/// A policy of any kind; what a kind cannot say, it does not say here either.
pub(super) fn network_policy(draw: &mut Draw, policy: &Policy, index: usize) -> NetworkPolicy {
    let kind = *draw.one(&[
        PolicyKind::Cilium,
        PolicyKind::Kubernetes,
        PolicyKind::CiliumClusterwide,
    ]);
    network_policy_of(draw, policy, kind, index)
}

/// One of this kind.
pub(super) fn network_policy_of(
    draw: &mut Draw,
    policy: &Policy,
    kind: PolicyKind,
    index: usize,
) -> NetworkPolicy {
    let namespace = (*draw.one(&NAMESPACES)).to_owned();
    let clusterwide = kind == PolicyKind::CiliumClusterwide;
    let subject = if clusterwide && draw.once_in(6) {
        Subject::Nodes(selector(draw))
    } else if clusterwide {
        Subject::Workloads(endpoints(draw, None))
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
    let name = ObjectName {
        namespace: if clusterwide {
            String::new()
        } else {
            namespace
        },
        name: format!("policy-{index}"),
    };
    let mut rules = match kind {
        PolicyKind::Kubernetes => draw.some(4, |draw| rule(draw, policy, &name, kind, None)),
        // Without any, Cilium refuses the policy.
        PolicyKind::Cilium | PolicyKind::CiliumClusterwide => {
            let mut rules = vec![rule(draw, policy, &name, kind, None)];
            rules.extend(draw.some(3, |draw| rule(draw, policy, &name, kind, None)));
            rules
        }
    };
    in_sections(&mut rules);
    let has = |direction| rules.iter().any(|rule| rule.direction == direction);
    let (has_ingress, has_egress) = (has(Direction::Ingress), has(Direction::Egress));
    let (ingress, egress) = (draw.once_in(5), draw.once_in(5));
    let (isolates_ingress, isolates_egress) = match kind {
        // A direction that it does not isolate has no rules either, and it isolates
        // one at least.
        PolicyKind::Kubernetes => {
            let egress = has_egress || egress;
            (has_ingress || ingress || !egress, egress)
        }
        // As `enableDefaultDeny` has it, whatever the rules.
        PolicyKind::Cilium | PolicyKind::CiliumClusterwide => {
            (has_ingress != ingress, has_egress != egress)
        }
    };
    NetworkPolicy {
        kind,
        name,
        subject,
        isolates_ingress,
        isolates_egress,
        rules,
        location: nowhere(),
    }
}

/// Each section of a policy has its rules together.
pub(super) fn in_sections(rules: &mut [Rule]) {
    rules.sort_by_key(|rule| (rule.direction, rule.action));
}

/// A rule of a policy of this name and kind, with this action if that is given.
pub(super) fn rule(
    draw: &mut Draw,
    policy: &Policy,
    name: &ObjectName,
    kind: PolicyKind,
    action: Option<RuleAction>,
) -> Rule {
    let of_kubernetes = kind == PolicyKind::Kubernetes;
    let ports = match draw.below(5) {
        0 | 1 => Ports::All,
        2 if !of_kubernetes && draw.once_in(2) => Ports::Listed(Vec::new()),
        _ => Ports::Listed(l4_matches(draw, kind)),
    };
    let peers = match draw.below(6) {
        // A rule of Cilium that names neither peers nor ports is about nobody.
        0 if of_kubernetes || ports != Ports::All => Peers::Any,
        1 if !of_kubernetes => Peers::Listed(Vec::new()),
        _ => Peers::Listed(peers(draw, policy, name, kind)),
    };
    Rule {
        direction: if draw.once_in(3) {
            Direction::Egress
        } else {
            Direction::Ingress
        },
        action: match action {
            Some(action) => action,
            None if !of_kubernetes && draw.once_in(3) => RuleAction::Deny,
            None => RuleAction::Allow,
        },
        peers,
        ports,
        location: nowhere(),
    }
}

/// One to three ports, or of Cilium ICMP messages.
fn l4_matches(draw: &mut Draw, kind: PolicyKind) -> Vec<L4Match> {
    let count = 1 + draw.below(3);
    let messages = kind != PolicyKind::Kubernetes && draw.once_in(4);
    (0..count)
        .map(|_| match messages {
            true => message(draw),
            false => port(draw, kind),
        })
        .collect()
}

fn message(draw: &mut Draw) -> L4Match {
    let number = *draw.one(&[8, 0, 3, 128, 129, 1, 135, 255]);
    L4Match {
        protocol: *draw.one(&[L4Protocol::Icmp, L4Protocol::Icmpv6]),
        port: L4Port::Range(number, number),
        location: nowhere(),
    }
}

fn port(draw: &mut Draw, kind: PolicyKind) -> L4Match {
    let edges = [80, 8080, 53, 3868, 1, 1023, 1024, 30007, 65535];
    let protocol = *draw.one(&[
        L4Protocol::Tcp,
        L4Protocol::AnyWithPorts,
        L4Protocol::Udp,
        L4Protocol::Sctp,
    ]);
    let port = match draw.below(6) {
        0 => L4Port::All,
        1 | 2 => {
            let port = *draw.one(&edges);
            L4Port::Range(port, port)
        }
        3 => L4Port::Named((*draw.one(&["http", "dns", "diameter", "none"])).to_owned()),
        _ => {
            let ends = [*draw.one(&edges), *draw.one(&edges)];
            L4Port::Range(ends[0].min(ends[1]), ends[0].max(ends[1]))
        }
    };
    L4Match {
        // Kubernetes has no word for any of them.
        protocol: match (kind, protocol) {
            (PolicyKind::Kubernetes, L4Protocol::AnyWithPorts) => L4Protocol::Tcp,
            (_, protocol) => protocol,
        },
        port,
        location: nowhere(),
    }
}
