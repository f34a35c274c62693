//! Why one connection is open or not: hook by hook, down to the line.

mod near;
mod place;
mod question;
mod text;

use std::net::IpAddr;

use crate::frame::FrameSpec;
use crate::journey::{Journey, Leg, Point, Sender, Target, route};
use crate::model::{Direction, Policy, RuleRef};
use crate::oracle::{self, Decision, Memory};
use crate::scenario::Case;
use crate::topology::TopologyPlan;

use super::selects;

pub use near::{Miss, NearMiss};
pub use place::{Place, PlaceError};
pub use question::{Question, QuestionError, What, WhatError};
pub use text::{Seen, json, text};

/// Why the first packet of a connection passes or is dropped.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What was asked.
    pub question: Question,
    /// The packet's addresses: the source's, the destination's.
    pub addresses: (IpAddr, IpAddr),
    /// The hooks that it comes by, in order; none if it passes none.
    pub hooks: Vec<HookStory>,
    /// Where it arrives if they all pass it; `None` where that is not a matter of
    /// this node's hooks.
    pub target: Option<Target>,
}

/// What happens at a hook.
#[derive(Clone, Debug)]
pub struct HookStory {
    /// The hook, and the packet as it looks there.
    pub leg: Leg,
    /// What is decided there: also behind a hook that drops it, as if it had
    /// passed.
    pub decision: Decision,
    /// Policies that select the workload for this direction, as indices into
    /// [`Policy::network_policies`]: those that isolate it, and others with rules.
    pub selected_by: Vec<usize>,
    /// If no rule allows it: the rules that nearly do.
    pub near: Vec<NearMiss>,
}

impl Explanation {
    /// Whether every hook passes it.
    pub fn passes(&self) -> bool {
        (self.hooks.iter()).all(|hook| hook.decision.verdict() == netverdict_abi::Verdict::Pass)
    }
}

impl Explanation {
    /// Whether the node itself sends it, so that it comes by no hook before the
    /// receiver's.
    pub fn is_of_the_node(&self) -> bool {
        match self.hooks.first() {
            None => false,
            Some(first) => matches!(first.leg.point, Point::Ingress(_)),
        }
    }

    /// The packet and its way, for whoever sends it; `None` if it comes by no hook
    /// on its way.
    pub fn case(&self) -> Option<Case> {
        let target = self.target.clone()?;
        let legs: Vec<Leg> = self.hooks.iter().map(|hook| hook.leg.clone()).collect();
        (!legs.is_empty()).then_some(Case {
            label: String::new(),
            journey: Journey { legs, target },
        })
    }
}

/// Explains what becomes of a new connection.
///
/// # Errors
/// Where the ends have no addresses that could talk to each other.
pub fn explain(
    policy: &Policy,
    topology: &TopologyPlan,
    question: &Question,
) -> Result<Explanation, QuestionError> {
    let (frame, addresses) = question.first_packet(policy)?;
    let (legs, target) = way(policy, topology, question, frame);
    let mut memory = Memory::untracked();
    let hooks = legs.into_iter().map(|leg| {
        let decision = oracle::judge(policy, leg.point, &leg.frame, &mut memory);
        let selected_by = selecting(policy, leg.point);
        HookStory {
            near: near::near(policy, &leg, &decision, &selected_by),
            leg,
            decision,
            selected_by,
        }
    });
    Ok(Explanation {
        question: *question,
        addresses,
        hooks: hooks.collect(),
        target,
    })
}

/// The hooks on the packet's way. What the node itself sends comes by no hook
/// before that of the receiver.
fn way(
    policy: &Policy,
    topology: &TopologyPlan,
    question: &Question,
    frame: FrameSpec,
) -> (Vec<Leg>, Option<Target>) {
    let in_network = |index: usize| !policy.workloads[index].host_network;
    let sender = match question.source {
        Place::Workload(index) if in_network(index) => Sender::Workload(index),
        Place::Address(_) => Sender::Outside,
        Place::Workload(_) | Place::Node => {
            return match question.destination {
                Place::Workload(workload) if in_network(workload) => {
                    let target = Target::Workload {
                        workload,
                        node_port: None,
                    };
                    let point = Point::Ingress(workload);
                    (vec![Leg { point, frame }], Some(target))
                }
                Place::Workload(_) | Place::Node | Place::Address(_) => (Vec::new(), None),
            };
        }
    };
    let journey = route(topology, sender, frame);
    (journey.legs, Some(journey.target))
}

/// Policies with a say at this hook.
fn selecting(policy: &Policy, point: Point) -> Vec<usize> {
    let (index, direction) = match point {
        Point::Uplink => return Vec::new(),
        Point::Egress(index) => (index, Direction::Egress),
        Point::Ingress(index) => (index, Direction::Ingress),
    };
    let has_a_say = |at: &usize| {
        let network_policy = &policy.network_policies[*at];
        let isolates = match direction {
            Direction::Ingress => network_policy.isolates_ingress,
            Direction::Egress => network_policy.isolates_egress,
        };
        let mut rules = network_policy.rules.iter();
        (isolates || rules.any(|rule| rule.direction == direction))
            && selects(policy, network_policy, &policy.workloads[index])
    };
    (0..policy.network_policies.len())
        .filter(has_a_say)
        .collect()
}

/// The policy that a rule belongs to.
fn policy_of(rule: RuleRef) -> Option<usize> {
    match rule {
        RuleRef::Policy { policy, .. } | RuleRef::DefaultDeny { policy } => Some(policy),
        RuleRef::DenyList { .. }
        | RuleRef::PrefilterDeny { .. }
        | RuleRef::PrefilterAllow { .. }
        | RuleRef::PrefilterDefault { .. }
        | RuleRef::NodeReachesWorkloads => None,
    }
}
