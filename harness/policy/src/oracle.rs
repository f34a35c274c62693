//! What is right, read off the policy by linear scan.

use netverdict_abi::{Reason, Verdict};

use crate::frame::FrameSpec;
use crate::model::{Policy, RuleRef};
use crate::port::ProtoPort;

/// The oracle's word on one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Why; it implies the verdict.
    pub reason: Reason,
    /// Every rule that decides in this way, in the policy's order: a party that
    /// names any of them is right. Empty where the frame's shape decides.
    pub rules: Vec<RuleRef>,
    /// What each stage says by itself, whether or not it was asked; `None`
    /// where the frame's shape or port decides.
    pub stages: Option<Stages>,
}

/// Each stage of a protected port, judged by itself, so that a report can name
/// every fault that suffices, also one masked by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stages {
    /// The port.
    pub node_port: ProtoPort,
    /// The prefilter, if there is one.
    pub prefilter: Option<PrefilterStage>,
    /// The policy stage, asked as if there were no bypass.
    pub policy: PolicyStage,
}

/// What the prefilter says by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefilterStage {
    /// Index into [`Policy::prefilters`].
    pub prefilter: usize,
    /// Allow-list entries that hold the source, or the default alone.
    pub rules: Vec<RuleRef>,
    /// Whether it lets the frame on.
    pub passes: bool,
    /// Whether what it lets on skips the policy stage.
    pub bypasses: bool,
}

/// What the policy stage says by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyStage {
    /// No rule selects the service.
    NotSelected,
    /// These rules allow the source.
    Allowed(Vec<RuleRef>),
    /// These rules deny the source.
    Denied(Vec<RuleRef>),
    /// These policies select the service, and none of their rules allows the
    /// source.
    DefaultDenied(Vec<RuleRef>),
}

impl Decision {
    /// Pass or drop.
    pub fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }
}

/// Judges `frame` by `policy`.
pub fn decide(_policy: &Policy, _frame: &FrameSpec) -> Decision {
    Decision {
        reason: Reason::NotIp,
        rules: Vec::new(),
        stages: None,
    }
}
