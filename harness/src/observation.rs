//! What was seen of one frame.

use netverdict_abi::{Reason, Verdict};
use netverdict_policy::image::RuleId;
use netverdict_policy::interpret::{Judgement, Proposal};
use netverdict_policy::journey::Point;

/// Everything seen of one frame in one lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What became of it.
    pub seen: Seen,
    /// What the filter said of it at each hook it came by, in order: events
    /// carrying the probe's identity, or the interpreter's judgements.
    pub judged: Vec<Judged>,
    /// For a frame dropped on the wire: what became of it when every frame
    /// passes.
    pub witness: Option<Witness>,
}

/// The filter's own word on a frame at a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Where.
    pub point: Point,
    /// Why.
    pub reason: Reason,
    /// The rule that decided.
    pub rule: RuleId,
    /// What the proposed policy says, where it was asked.
    pub proposed: Option<Proposal>,
}

impl Judged {
    /// What was said, wherever it was.
    pub fn word(&self) -> Judgement {
        Judgement {
            reason: self.reason,
            rule: self.rule,
            proposed: self.proposed,
        }
    }

    /// Whether the frame went on.
    pub fn passes(&self) -> bool {
        self.reason.verdict() == Verdict::Pass
    }
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The filter let it on, at every hook it came by. In the lanes without a
    /// wire that is all there is to see; on the wire it was seen just behind the
    /// filter, and nothing was expected to receive it.
    Passed,
    /// It arrived where it was meant to.
    Delivered,
    /// Passed at the hooks it came by, and then lost by the network stack, or
    /// delivered elsewhere.
    PassedThenLost,
    /// The filter said that it dropped it.
    Dropped,
    /// The filter gave up (`XDP_ABORTED`).
    Aborted,
    /// Something answered it: a frame came back.
    Rejected,
    /// No trace: neither the filter nor the tap nor a sink knows of it.
    NotSeen,
}

/// The same frame under an image that passes everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// It came by every hook on its way, and arrived where it was meant to.
    Arrives,
    /// It came by every hook on its way; the stack then lost it, so that the
    /// drop is not the only thing in its way.
    LostBehind,
    /// It did not get behind every hook even so: the drop proves nothing.
    Vacuous,
}
