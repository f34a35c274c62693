//! What two networks did with a frame, compared.

use std::fmt;

use netverdict_abi::Reason;
use netverdict_policy::scenario::{Case, Probe};

use super::comparable::NotCompared;
use crate::observation::{Judged, Observation, Seen, Witness};
use crate::suite::{Finding, NoFinding};

/// Where the reference was seen to let a frame go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It arrived where it was meant to.
    Arrived,
    /// It did not. In a network where everything is accepted it did.
    Stopped,
}

/// A frame, and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The probe.
    pub probe: &'a Probe,
    /// The frame.
    pub case: &'a Case,
    /// What the filter said last, if it judged the frame.
    pub deciding: Option<Judged>,
    /// What is to be said of it.
    pub outcome: Outcome,
}

/// What is to be said of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived in both networks, or in neither.
    Equal {
        /// Whether it arrived.
        arrived: bool,
    },
    /// The filter lets it through, the reference does not: danger.
    MorePermissive,
    /// The reference lets it through, the filter does not: breakage, unless it is
    /// meant.
    Stricter(Cause),
    /// It cannot be compared.
    NotCompared(NotCompared),
    /// Nothing can be said, by some fault of the trial.
    Inconclusive(String),
}

/// What made the filter drop what the reference lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A prefilter, which kube-proxy knows nothing of: as its author wants it.
    Prefilter,
    /// A workload's frame under a foreign address, which policies say nothing of.
    ForeignSource,
    /// The filter does not read such a packet, and passes nothing it cannot read.
    Unread,
    /// The policy, as the filter has it: a real difference.
    Policy,
}

impl Cause {
    fn of(reason: Reason) -> Cause {
        match reason {
            Reason::PrefilterDeny | Reason::PrefilterDefaultDrop => Cause::Prefilter,
            Reason::ForeignSource => Cause::ForeignSource,
            Reason::UntrackedFragment
            | Reason::TooManyTags
            | Reason::Truncated
            | Reason::BadIpHeader
            | Reason::TooManyExtensionHeaders
            | Reason::FirstFragmentWithoutPorts => Cause::Unread,
            _ => Cause::Policy,
        }
    }

    /// Whether it comes of what the reference does not have at all.
    pub const fn is_meant(self) -> bool {
        match self {
            Cause::Prefilter | Cause::ForeignSource | Cause::Unread => true,
            Cause::Policy => false,
        }
    }

    /// Stable name in kebab case.
    pub const fn slug(self) -> &'static str {
        match self {
            Cause::Prefilter => "prefilter",
            Cause::ForeignSource => "foreign-source",
            Cause::Unread => "unread",
            Cause::Policy => "policy",
        }
    }
}

/// A clause that follows "XDP is stricter:".
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Prefilter => "by its prefilter, which is no part of kube-proxy; as meant",
            Cause::ForeignSource => {
                "the sender's address is not its own, of which policies say nothing; as meant"
            }
            Cause::Unread => "the filter passes no packet that it does not read; as meant",
            Cause::Policy => "by the policy, which the reference reads otherwise",
        })
    }
}

impl Outcome {
    /// Whether it is a finding that fails `--fail-on any`.
    pub const fn is_difference(&self) -> bool {
        match self {
            Outcome::MorePermissive => true,
            Outcome::Stricter(cause) => !cause.is_meant(),
            Outcome::Equal { .. } | Outcome::NotCompared(_) | Outcome::Inconclusive(_) => false,
        }
    }

    /// Stable name in kebab case.
    pub const fn slug(&self) -> &'static str {
        match self {
            Outcome::Equal { .. } => "equal",
            Outcome::MorePermissive => "more-permissive",
            Outcome::Stricter(_) => "stricter",
            Outcome::NotCompared(_) => "not-compared",
            Outcome::Inconclusive(_) => "inconclusive",
        }
    }
}

/// Compares what the filter's network showed with what the reference did.
pub(super) fn compare(
    found: &Finding,
    reference: Result<Arrival, Unknown>,
) -> (Option<Judged>, Outcome) {
    if let Err(Unknown::NotCompared(why)) = reference {
        let deciding = (found.as_ref().ok()).and_then(|it| it.judged.last().copied());
        return (deciding, Outcome::NotCompared(why));
    }
    let observation = match found {
        Ok(observation) => observation,
        Err(NoFinding::Inconclusive(why)) => {
            return (
                None,
                Outcome::Inconclusive(format!("with the filter: {why}")),
            );
        }
        Err(NoFinding::Skipped(_)) => return (None, Outcome::NotCompared(NotCompared::Unseen)),
    };
    let deciding = observation.judged.last().copied();
    let arrived = match passes(observation) {
        Ok(arrived) => arrived,
        Err(why) => return (deciding, Outcome::Inconclusive(why.to_owned())),
    };
    let outcome = match (reference, arrived, deciding) {
        (Err(Unknown::NotCompared(why)), _, _) => Outcome::NotCompared(why),
        (Err(Unknown::Inconclusive(why)), _, _) => {
            Outcome::Inconclusive(format!("in the reference: {why}"))
        }
        (Ok(Arrival::Arrived), true, _) => Outcome::Equal { arrived: true },
        (Ok(Arrival::Stopped), false, _) => Outcome::Equal { arrived: false },
        (Ok(Arrival::Stopped), true, _) => Outcome::MorePermissive,
        (Ok(Arrival::Arrived), false, Some(judged)) => Outcome::Stricter(Cause::of(judged.reason)),
        (Ok(Arrival::Arrived), false, None) => {
            Outcome::Inconclusive("with the filter: nothing says who dropped it".to_owned())
        }
    };
    (deciding, outcome)
}

/// Why the reference has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    NotCompared(NotCompared),
    Inconclusive(String),
}

/// Whether a frame that a host can deliver arrived behind the filter.
fn passes(observation: &Observation) -> Result<bool, &'static str> {
    match (observation.seen, observation.witness) {
        (Seen::Delivered, _) => Ok(true),
        (Seen::Dropped | Seen::Aborted, Some(Witness::Arrives)) => Ok(false),
        (Seen::Dropped | Seen::Aborted, _) => {
            Err("with the filter: it was dropped, and could not have arrived either way")
        }
        (Seen::Passed | Seen::PassedThenLost, _) => {
            Err("with the filter: it was passed, and did not arrive")
        }
        (Seen::Rejected, _) => Err("with the filter: something answered it"),
        (Seen::NotSeen, _) => Err("with the filter: it left no trace"),
    }
}
