//! What is right, read off the description of a frame and the policy by linear
//! scan.
//!
//! Semantics are those of Kubernetes NetworkPolicy and of Cilium; the order of
//! judging is laid down in [`Reason`].
//!
//! Invariant: nothing of [`crate::lower`], [`crate::image`],
//! [`crate::interpret`] or the frame builder's arithmetic is used here, nor any
//! cleverness: two parties with one mistake would agree.

mod shape;
mod stage;

use netverdict_abi::{Reason, Verdict};

use crate::frame::FrameSpec;
use crate::journey::{Journey, Point};
use crate::model::{Policy, RuleRef};
use crate::port::ProtoPort;

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
    /// What the hook's stage says by itself, whether or not it was asked; `None`
    /// where there is no such stage, or the frame's shape decides.
    pub stage: Option<Stage>,
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
    /// Pass or drop.
    pub fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }
}

/// What a node remembers of the packets it has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Whether connections and first fragments are remembered at all
    /// ([`netverdict_abi::Mode::TRACK`]).
    pub tracks: bool,
}

impl Memory {
    /// Nothing seen yet; it remembers what a prefilter let bypass the policy, and
    /// nothing else.
    pub fn untracked() -> Memory {
        Memory { tracks: false }
    }

    /// Nothing seen yet; it remembers everything.
    pub fn tracking() -> Memory {
        Memory { tracks: true }
    }
}

/// Judges a frame at a hook, in the order that [`Reason`] lays down.
///
/// The frame is one that has bytes ([`crate::frame::build`] takes it).
pub fn judge(policy: &Policy, point: Point, frame: &FrameSpec, memory: &mut Memory) -> Decision {
    let _ = (policy, point, frame, memory);
    todo!()
}

/// Judges a frame at each hook on its way, up to and with the first that does not
/// pass it. At least one decision.
pub fn travel(policy: &Policy, journey: &Journey, memory: &mut Memory) -> Vec<Decision> {
    let _ = (policy, journey, memory);
    todo!()
}
