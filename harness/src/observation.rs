//! What was seen of one frame.

use netverdict_abi::Reason;
use netverdict_policy::image::RuleId;

/// Everything seen of one frame in one lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What became of it.
    pub seen: Seen,
    /// What the filter said of it: an event carrying the probe's identity, or
    /// the interpreter's judgement.
    pub judged: Option<Judged>,
    /// For a frame dropped on the wire: what became of it when every frame
    /// passes.
    pub witness: Option<Witness>,
}

/// The filter's own word on a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Why.
    pub reason: Reason,
    /// The rule that decided.
    pub rule: RuleId,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The filter let it on. In the lanes without a wire that is all there is to
    /// see; on the wire it was seen at a tap just behind the filter, and nothing
    /// was expected to receive it.
    Passed,
    /// It arrived where it was meant to.
    Delivered,
    /// Passed, and then lost by the network stack, or delivered elsewhere.
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
    /// It arrived behind the filter, and where it was meant to.
    Arrives,
    /// It arrived behind the filter; the stack then lost it, so that the drop
    /// is not the only thing in its way.
    LostBehind,
    /// It did not arrive behind the filter even so: the drop proves nothing.
    Vacuous,
}
