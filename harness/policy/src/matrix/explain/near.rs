//! Rules that nearly allow a packet.
//!
//! Each is put to the oracle alone, once about every port and once about
//! everybody: so a near miss means what the oracle means.

use crate::journey::{Leg, Point};
use crate::model::{Choices, Direction, Peers, Policy, Ports, RuleAction, RuleRef};
use crate::oracle::{self, Decision, Memory, PolicyStage, Stage};

/// A rule that would allow the packet if one thing were otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NearMiss {
    /// What does not match.
    pub miss: Miss,
    /// The rule: its first peer.
    pub rule: RuleRef,
}

/// What a rule does not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Miss {
    /// It is about the peer, but not this port.
    Port,
    /// It is about the port, but not this peer.
    Peer,
}

/// The rules of these policies that nearly allow the packet, those about the peer
/// first; none where a rule decides already.
pub(super) fn near(
    policy: &Policy,
    leg: &Leg,
    decision: &Decision,
    selected_by: &[usize],
) -> Vec<NearMiss> {
    let Some(Stage::Policy(PolicyStage::DefaultDenied(_))) = decision.stage else {
        return Vec::new();
    };
    let direction = match leg.point {
        Point::Uplink => return Vec::new(),
        Point::Egress(_) => Direction::Egress,
        Point::Ingress(_) => Direction::Ingress,
    };
    let mut alone = Policy {
        network_policies: Vec::new(),
        dry_run: Vec::new(),
        choices: Choices {
            node_reaches_workloads: false,
            ..policy.choices
        },
        ..policy.clone()
    };
    let mut allows = |at: usize, rule: crate::model::Rule| {
        let mut network_policy = policy.network_policies[at].clone();
        network_policy.rules = vec![rule];
        alone.network_policies = vec![network_policy];
        let mut memory = Memory::untracked();
        let decision = oracle::judge(&alone, leg.point, &leg.frame, &mut memory);
        matches!(decision.stage, Some(Stage::Policy(PolicyStage::Allowed(_))))
    };
    let mut found = Vec::new();
    for at in selected_by {
        for (index, rule) in policy.network_policies[*at].rules.iter().enumerate() {
            if rule.direction != direction || rule.action != RuleAction::Allow {
                continue;
            }
            let mut any_port = rule.clone();
            any_port.ports = Ports::All;
            let mut anybody = rule.clone();
            anybody.peers = Peers::Any;
            let miss = match (allows(*at, any_port), allows(*at, anybody)) {
                (true, _) => Miss::Port,
                (false, true) => Miss::Peer,
                (false, false) => continue,
            };
            let peer = match miss {
                Miss::Port => peer_of(policy, *at, index, &mut allows),
                Miss::Peer => 0,
            };
            let rule = RuleRef::Policy {
                policy: *at,
                rule: index,
                peer,
            };
            // Where nobody is listed, the rule has no peer to point at.
            let is_empty = matches!(&policy.network_policies[*at].rules[index].peers,
                Peers::Listed(peers) if peers.is_empty());
            if !is_empty {
                found.push(NearMiss { miss, rule });
            }
        }
    }
    found.sort();
    found
}

/// The first peer of the rule that the packet's peer is.
fn peer_of(
    policy: &Policy,
    at: usize,
    index: usize,
    allows: &mut impl FnMut(usize, crate::model::Rule) -> bool,
) -> usize {
    let rule = &policy.network_policies[at].rules[index];
    let Peers::Listed(peers) = &rule.peers else {
        return 0;
    };
    let is_it = |peer: &crate::model::Peer| {
        let mut only = rule.clone();
        only.ports = Ports::All;
        only.peers = Peers::Listed(vec![peer.clone()]);
        allows(at, only)
    };
    peers.iter().position(is_it).unwrap_or(0)
}
