//! What is right, read off the description of a frame and the policy by linear
//! scan.
//!
//! Semantics are those of Kubernetes NetworkPolicy and of Cilium; the order of
//! judging is laid down in [`Reason`].
//!
//! Invariant: nothing of [`crate::lower`], [`crate::image`],
//! [`crate::interpret`] or the frame builder's arithmetic is used here, nor any
//! cleverness: two parties with one mistake would agree.

mod address;
mod content;
mod memory;
mod policy;
mod prefilter;
mod rule;
mod selector;
mod shape;
mod uplink;
mod workload;

use netverdict_abi::{Hook, Reason, Verdict};

use crate::frame::FrameSpec;
use crate::journey::{Journey, Point};
use crate::model::{Direction, Policy, RuleRef};
use crate::port::ProtoPort;
use content::Content;
use shape::{Carried, Whole};

pub use memory::Memory;

/// The oracle's word on one frame at one hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Where.
    pub point: Point,
    /// Why; it implies the verdict.
    pub reason: Reason,
    /// Every rule that decides in this way, in the policy's order: a party that
    /// names any of them is right. Empty where no rule decides.
    pub rules: Vec<RuleRef>,
    /// What the proposed policy says, where policies in dry run are about the workload
    /// and direction, and the policy stage was asked.
    pub proposed: Option<Proposed>,
    /// What the hook's stage says by itself, whether or not it was asked; `None`
    /// where there is no such stage, or the frame's shape decides.
    pub stage: Option<Stage>,
}

/// What the proposed policy says of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// Why; it implies the verdict.
    pub reason: Reason,
    /// Every rule that would decide in this way, as of [`Decision::rules`].
    pub rules: Vec<RuleRef>,
}

/// What another party says: why, and by which rule, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Why.
    pub reason: Reason,
    /// The one rule that it names.
    pub rule: Option<RuleRef>,
}

impl Said {
    /// Whether it is this reason and one of these rules, or rightly none.
    fn is(self, reason: Reason, rules: &[RuleRef]) -> bool {
        self.reason == reason
            && match self.rule {
                Some(rule) => rules.contains(&rule),
                None => rules.is_empty(),
            }
    }
}

/// A stage judged by itself, so that a report can name every fault that
/// suffices, also one masked by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The prefilter of a port.
    Prefilter(PrefilterStage),
    /// The policy of a workload, asked as if nothing bypassed it and nothing were
    /// remembered.
    Policy(PolicyStage),
}

/// What the prefilter says by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefilterStage {
    /// Index into [`Policy::prefilters`].
    pub prefilter: usize,
    /// The port.
    pub node_port: ProtoPort,
    /// List entries that decide, or the default alone.
    pub rules: Vec<RuleRef>,
    /// Whether it lets the frame on.
    pub passes: bool,
    /// Whether what it lets on skips the policy stage.
    pub bypasses: bool,
}

/// What the policy stage says by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyStage {
    /// No policy asks for default deny, and no rule matches.
    NotSelected,
    /// These rules allow the packet.
    Allowed(Vec<RuleRef>),
    /// These rules deny the packet.
    Denied(Vec<RuleRef>),
    /// These policies isolate the workload, and no rule allows the packet.
    DefaultDenied(Vec<RuleRef>),
}

impl Decision {
    fn without_rule(point: Point, reason: Reason) -> Decision {
        Decision {
            point,
            reason,
            rules: Vec::new(),
            proposed: None,
            stage: None,
        }
    }

    /// Whether a party that gives these reasons is right: the one that decides, and
    /// that of the proposed policy, each with the rule that it names.
    pub fn is_said_by(&self, decided: Said, proposed: Option<Said>) -> bool {
        let proposed_agrees = match (&self.proposed, proposed) {
            (None, None) => true,
            (Some(Proposed { reason, rules }), Some(said)) => said.is(*reason, rules),
            (None, Some(_)) | (Some(_), None) => false,
        };
        decided.is(self.reason, &self.rules) && proposed_agrees
    }

    /// Pass or drop.
    pub fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }
}

/// Judges a frame at a hook, in the order that [`Reason`] lays down.
///
/// The frame is one that has bytes ([`crate::frame::build`] takes it).
pub fn judge(policy: &Policy, point: Point, frame: &FrameSpec, memory: &mut Memory) -> Decision {
    let whole = match shape::whole(frame) {
        Ok(whole) => whole,
        Err(reason) => return Decision::without_rule(point, reason),
    };
    match point {
        Point::Uplink => uplink::judge(policy, &whole, memory),
        Point::Egress(workload) => workload::judge(
            policy,
            point,
            Direction::Egress,
            Some(workload),
            &whole,
            memory,
        ),
        // Whose hook it is does not matter here: the destination says whose policy
        // is asked.
        Point::Ingress(_) => {
            workload::judge(policy, point, Direction::Ingress, None, &whole, memory)
        }
    }
}

/// Judges a frame at each hook on its way, up to and with the first that does not
/// pass it. At least one decision.
pub fn travel(policy: &Policy, journey: &Journey, memory: &mut Memory) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for leg in &journey.legs {
        let decision = judge(policy, leg.point, &leg.frame, memory);
        let passes = decision.verdict() == Verdict::Pass;
        decisions.push(decision);
        if !passes {
            break;
        }
    }
    decisions
}

/// What the packet carries, by itself or by its first fragment. A first fragment is
/// remembered.
fn read(hook: Hook, whole: &Whole<'_>, memory: &mut Memory) -> Result<Content, Reason> {
    match whole.carried()? {
        Carried::All(content) => Ok(content),
        Carried::First(content) => {
            memory.remember_fragment(hook, whole, content);
            Ok(content)
        }
        Carried::Later => (memory.first_fragment(hook, whole)).ok_or(Reason::UntrackedFragment),
    }
}
