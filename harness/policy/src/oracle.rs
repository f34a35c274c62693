//! What is right, read off the description of a frame and the policy by linear
//! scan.
//!
//! Semantics are those of Cilium, for packets that arrive from outside: deny
//! beats allow, whatever the policy; a workload that any policy selects is
//! default-deny; a rule that names ports only matches every source; `except`
//! narrows its own entry and is no deny; `toPorts` are the workload's ports,
//! never the node's. Where a service has several backends the first is judged:
//! the lowering refuses services whose backends differ. Cilium's exemption of
//! pod and node addresses from CIDR rules is not modelled, since neither sends
//! from beyond the node's uplink.
//!
//! Invariant: nothing of [`crate::lower`], [`crate::image`],
//! [`crate::interpret`] or the frame builder's arithmetic is used here, nor any
//! cleverness: two parties with one mistake would agree.

mod shape;
mod stage;

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
    /// names any of them is right. Empty where the frame's shape or port decides,
    /// and where no rule selects the service.
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

/// Judges `frame` by `policy`, in the order that [`Reason`] lays down.
///
/// The frame is one that has bytes ([`crate::frame::build`] takes it).
pub fn decide(policy: &Policy, frame: &FrameSpec) -> Decision {
    let flow = match shape::flow(frame) {
        Ok(flow) => flow,
        Err(reason) => return by_shape(reason),
    };
    let Some(stages) = stage::stages(policy, flow.node_port, flow.source) else {
        return by_shape(Reason::UnprotectedPort);
    };
    let (reason, rules) = combine(&stages);
    Decision {
        reason,
        rules,
        stages: Some(stages),
    }
}

fn by_shape(reason: Reason) -> Decision {
    Decision {
        reason,
        rules: Vec::new(),
        stages: None,
    }
}

/// The prefilter speaks first; the policy is asked unless it is bypassed.
fn combine(stages: &Stages) -> (Reason, Vec<RuleRef>) {
    if let Some(prefilter) = &stages.prefilter {
        let by_default = matches!(prefilter.rules[..], [RuleRef::PrefilterDefault { .. }]);
        let reason = match (prefilter.passes, prefilter.bypasses, by_default) {
            (false, _, _) => Some(Reason::PrefilterDefaultDrop),
            (true, true, true) => Some(Reason::PrefilterDefaultBypass),
            (true, true, false) => Some(Reason::PrefilterAllowBypass),
            (true, false, _) => None,
        };
        if let Some(reason) = reason {
            return (reason, prefilter.rules.clone());
        }
    }
    match &stages.policy {
        PolicyStage::NotSelected => (Reason::PolicyNotSelected, Vec::new()),
        PolicyStage::Allowed(rules) => (Reason::PolicyAllow, rules.clone()),
        PolicyStage::Denied(rules) => (Reason::PolicyDeny, rules.clone()),
        PolicyStage::DefaultDenied(rules) => (Reason::PolicyDefaultDeny, rules.clone()),
    }
}
