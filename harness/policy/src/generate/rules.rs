//! Network policies.

use super::Draw;
use super::peer::{NAMESPACES, endpoints, peers, selector};
use super::places::nowhere;
use crate::model::{
    Direction, EndpointSelector, Entity, L4Match, L4Port, L4Protocol, Namespaces, NetworkPolicy,
    ObjectName, Peer, PeerKind, Peers, Policy, PolicyKind, Ports, Rule, RuleAction, Selector,
    Subject,
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
    let mut rules = draw.some(4, |draw| rule(draw, policy, kind, None));
    let has = |direction| rules.iter().any(|rule| rule.direction == direction);
    let (has_ingress, has_egress) = (has(Direction::Ingress), has(Direction::Egress));
    // As `policyTypes` and `enableDefaultDeny` have it, whatever the rules.
    let isolates_ingress = has_ingress != draw.once_in(5);
    let isolates_egress = has_egress != draw.once_in(5);
    if kind == PolicyKind::Kubernetes {
        // Rules of a direction that is no policy type are none.
        rules.retain(|rule| match rule.direction {
            Direction::Ingress => isolates_ingress,
            Direction::Egress => isolates_egress,
        });
    }
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
        isolates_ingress,
        isolates_egress,
        rules,
        location: nowhere(),
    }
}

/// A rule of a policy of this kind, with this action if that is given.
pub(super) fn rule(
    draw: &mut Draw,
    policy: &Policy,
    kind: PolicyKind,
    action: Option<RuleAction>,
) -> Rule {
    let peers = match draw.below(6) {
        0 => Peers::Any,
        // Who says nothing of peers means anybody.
        1 if kind != PolicyKind::Kubernetes => Peers::Listed(Vec::new()),
        _ => Peers::Listed(peers(draw, policy, kind)),
    };
    let ports = ports(draw, kind);
    let peers = match (peers, &ports) {
        // In Cilium a rule that says neither who nor what is about nobody.
        (Peers::Any, Ports::All) if kind != PolicyKind::Kubernetes => Peers::Listed(vec![Peer {
            kind: PeerKind::Entity(Entity::All),
            location: nowhere(),
        }]),
        (peers, _) => peers,
    };
    Rule {
        direction: if draw.once_in(3) {
            Direction::Egress
        } else {
            Direction::Ingress
        },
        action: match action {
            Some(action) => action,
            None if kind != PolicyKind::Kubernetes && draw.once_in(3) => RuleAction::Deny,
            None => RuleAction::Allow,
        },
        peers,
        ports,
        location: nowhere(),
    }
}

/// Ports, or types of ICMP messages, which only Cilium knows.
fn ports(draw: &mut Draw, kind: PolicyKind) -> Ports {
    let kubernetes = kind == PolicyKind::Kubernetes;
    let count = match draw.below(5) {
        0 | 1 => return Ports::All,
        2 if !kubernetes => draw.below(2),
        _ => 1 + draw.below(3),
    };
    let messages = !kubernetes && draw.once_in(4);
    let mut entry = || match messages {
        true => message(draw),
        false => port(draw, kubernetes),
    };
    Ports::Listed((0..count).map(|_| entry()).collect())
}

/// Ports with something to tell apart at their edges.
const EDGES: [u16; 9] = [80, 8080, 53, 3868, 1, 1023, 1024, 30007, 65535];

fn port(draw: &mut Draw, kubernetes: bool) -> L4Match {
    let protocols: &[L4Protocol] = match kubernetes {
        true => &[L4Protocol::Tcp, L4Protocol::Udp, L4Protocol::Sctp],
        false => &[
            L4Protocol::Tcp,
            L4Protocol::AnyWithPorts,
            L4Protocol::Udp,
            L4Protocol::Sctp,
        ],
    };
    let protocol = *draw.one(protocols);
    let port = match draw.below(6) {
        0 => L4Port::All,
        1 | 2 => {
            let port = *draw.one(&EDGES);
            L4Port::Range(port, port)
        }
        3 => L4Port::Named((*draw.one(&["http", "dns", "diameter", "none"])).to_owned()),
        _ => {
            let ends = [*draw.one(&EDGES), *draw.one(&EDGES)];
            L4Port::Range(ends[0].min(ends[1]), ends[0].max(ends[1]))
        }
    };
    L4Match {
        protocol,
        port,
        location: nowhere(),
    }
}

/// A type of message.
fn message(draw: &mut Draw) -> L4Match {
    let kind = *draw.one(&[8, 0, 3, 128, 129, 1, 135, 255]);
    L4Match {
        protocol: *draw.one(&[L4Protocol::Icmp, L4Protocol::Icmpv6]),
        port: L4Port::Range(kind, kind),
        location: nowhere(),
    }
}
