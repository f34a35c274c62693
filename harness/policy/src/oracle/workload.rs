//! Steps 5, 6 and 8 to 13, at a workload.

use std::net::IpAddr;

use netverdict_abi::{Hook, Reason};

use super::address::workload_at;
use super::content::{About, Content, Message};
use super::memory::{Bypass, Memory};
use super::policy::Asked;
use super::shape::Whole;
use super::{Decision, PolicyStage, Proposed, Stage, policy as network_policy, read};
use crate::journey::Point;
use crate::model::{Direction, Policy};

/// `owner` is whose link it is, if that is to be checked.
pub(super) fn judge(
    policy: &Policy,
    point: Point,
    direction: Direction,
    owner: Option<usize>,
    whole: &Whole<'_>,
    memory: &mut Memory,
) -> Decision {
    let hook = point.hook();
    let content = match read(hook, whole, memory) {
        Ok(content) => content,
        Err(reason) => return Decision::without_rule(point, reason),
    };
    if is_discovery(whole, content) {
        return Decision::without_rule(point, Reason::NeighbourDiscovery);
    }
    let (source, destination) = (whole.packet.source, whole.destination());
    let (own, peer, foreign) = match direction {
        Direction::Egress => (source, destination, Reason::ForeignSource),
        Direction::Ingress => (destination, source, Reason::ForeignDestination),
    };
    let workload = workload_at(policy, own);
    let Some(workload) = workload.filter(|it| owner.is_none_or(|owner| owner == *it)) else {
        return Decision::without_rule(point, foreign);
    };
    let ask = |asked| network_policy::stage(policy, asked, workload, direction, peer, content);
    let decided = |stage: &PolicyStage, asked| match stage {
        PolicyStage::NotSelected => (Reason::PolicyNotSelected, Vec::new()),
        PolicyStage::Allowed(rules) => (Reason::PolicyAllow, rules.clone()),
        PolicyStage::Denied(rules) => (Reason::PolicyDeny, rules.clone()),
        PolicyStage::DefaultDenied(rules) => {
            let allows = network_policy::allows_anything(policy, asked, workload, direction);
            let reason = match allows {
                true => Reason::PolicyNoMatch,
                false => Reason::PolicyDefaultDeny,
            };
            (reason, rules.clone())
        }
    };
    let stage = ask(Asked::Enforced);
    let mut proposed = None;
    let (reason, rules) =
        if let Some(bypass) = bypass(policy, workload, hook, whole, content, memory) {
            (Reason::Bypassed, bypass.rules)
        } else if is_reply(hook, source, destination, content, memory) {
            (Reason::Reply, Vec::new())
        } else if is_related(hook, source, destination, content, memory) {
            (Reason::Related, Vec::new())
        } else {
            if network_policy::is_proposed(policy, workload, direction) {
                let (reason, rules) = decided(&ask(Asked::Proposed), Asked::Proposed);
                proposed = Some(Proposed { reason, rules });
            }
            decided(&stage, Asked::Enforced)
        };
    match reason {
        Reason::Bypassed | Reason::PolicyNotSelected | Reason::PolicyAllow => {
            memory.remember_connection(hook, source, destination, content);
        }
        // What is part of a connection is no new one, and what is dropped is none.
        _ => {}
    }
    Decision {
        point,
        reason,
        rules,
        proposed,
        stage: Some(Stage::Policy(stage)),
    }
}

/// Step 8 (RFC 4861 §4: what came by a router has fewer hops left).
fn is_discovery(whole: &Whole<'_>, content: Content) -> bool {
    match content {
        Content::Icmp {
            protocol: 58,
            kind: 133..=137,
            message: _,
        } => whole.hop_limit() == 255,
        _ => false,
    }
}

/// Step 10.
fn bypass(
    policy: &Policy,
    workload: usize,
    hook: Hook,
    whole: &Whole<'_>,
    content: Content,
    memory: &Memory,
) -> Option<Bypass> {
    let Content::Ports {
        protocol,
        source,
        destination,
    } = content
    else {
        return None;
    };
    if hook != Hook::Ingress {
        return None;
    }
    let bypass = memory.flow(whole.packet.source, source, protocol)?;
    let stands_at = policy.prefilters.get(bypass.prefilter)?.node_port;
    let is_backend = (policy.node_ports.iter())
        .filter(|service| service.node_port == stands_at)
        .flat_map(|service| &service.backends)
        .any(|backend| (backend.workload, backend.port) == (workload, destination));
    is_backend.then(|| bypass.clone())
}

/// The workload's other hook.
fn other(hook: Hook) -> Hook {
    match hook {
        Hook::Egress => Hook::Ingress,
        Hook::Ingress => Hook::Egress,
        Hook::Uplink => Hook::Uplink,
    }
}

/// Step 11: the reverse of a connection.
fn is_reply(
    hook: Hook,
    source: IpAddr,
    destination: IpAddr,
    content: Content,
    memory: &Memory,
) -> bool {
    content
        .answers()
        .is_some_and(|exchange| memory.knows_connection(other(hook), destination, source, exchange))
}

/// Step 11: an error about a connection's packet, to whoever sent it, or from
/// whoever received it.
fn is_related(
    hook: Hook,
    source: IpAddr,
    destination: IpAddr,
    content: Content,
    memory: &Memory,
) -> bool {
    let Content::Icmp {
        message:
            Message::Error {
                source: sender,
                destination: receiver,
                about,
            },
        ..
    } = content
    else {
        return false;
    };
    // Otherwise a workload could write to anybody, in errors about what it once
    // received.
    let is_for_its_sender = sender == destination;
    let is_party = match hook {
        Hook::Ingress => is_for_its_sender,
        Hook::Egress => is_for_its_sender && receiver == source,
        Hook::Uplink => false,
    };
    // The quoted packet came by the workload's other hook. So did the first, if the
    // quoted one's sender began; if its receiver did, the first came by this one.
    let sender_began = |exchange| memory.knows_connection(other(hook), sender, receiver, exchange);
    let receiver_began = |exchange| memory.knows_connection(hook, receiver, sender, exchange);
    is_party
        && match about {
            About::Either(exchange) => {
                sender_began(exchange) || receiver_began(exchange.turned_round())
            }
            About::Question(exchange) => sender_began(exchange),
            About::Answer(exchange) => receiver_began(exchange),
        }
}
