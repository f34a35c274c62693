//! Three parties compared: the author, the policy as the oracle reads it, and
//! the kernel.

use netverdict_abi::Verdict;
use netverdict_policy::image::MapImage;
use netverdict_policy::model::RuleRef;
use netverdict_policy::oracle::Decision;
use netverdict_policy::scenario::{Case, Expect, Probe, Target};

use crate::observation::{Observation, Seen, Witness};

/// What is to be said of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All three agree. `redundant`: the frame was dropped, and the stack would
    /// have lost it anyway.
    Match {
        /// See above.
        redundant: bool,
    },
    /// They disagree.
    Mismatch(Blame),
    /// Nothing can be said.
    Error(Inconclusive),
}

/// Who is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blame {
    /// The policy says, and the kernel does, what the author did not mean.
    Policy,
    /// The kernel does what the policy does not say: the filter or the compiler.
    Filter,
    /// Filter and policy are as meant, but the frame did not arrive.
    Delivery,
}

/// Why nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inconclusive {
    /// The frame left no trace.
    NotSeen,
    /// The frame was seen behind the filter, but the filter did not judge it.
    Unjudged,
    /// The frame was dropped, but could not have arrived either way.
    Vacuous,
    /// Something answered the frame during probing.
    Rejected,
}

/// Compares what the author expects, what the oracle decides, and what was seen.
pub fn compare(
    probe: &Probe,
    case: &Case,
    decision: &Decision,
    image: &MapImage,
    observation: &Observation,
) -> Outcome {
    let judged = match (observation.seen, observation.judged) {
        (Seen::NotSeen, _) => return Outcome::Error(Inconclusive::NotSeen),
        (Seen::Rejected, _) => return Outcome::Error(Inconclusive::Rejected),
        (_, None) => return Outcome::Error(Inconclusive::Unjudged),
        (_, Some(judged)) => judged,
    };
    if observation.witness == Some(Witness::Vacuous) {
        return Outcome::Error(Inconclusive::Vacuous);
    }
    let verdict_seen = match observation.seen {
        Seen::Passed | Seen::Delivered | Seen::PassedThenLost => Verdict::Pass,
        Seen::Dropped => Verdict::Drop,
        Seen::Aborted => Verdict::Abort,
        Seen::Rejected | Seen::NotSeen => unreachable!("returned above"),
    };
    let agrees = verdict_seen == decision.verdict()
        && judged.reason == decision.reason
        && names_a_deciding_rule(image.rule(judged.rule), &decision.rules);
    if !agrees {
        return Outcome::Mismatch(Blame::Filter);
    }
    let as_meant = match probe.expect {
        Expect::Pass => verdict_seen == Verdict::Pass,
        Expect::Drop => verdict_seen == Verdict::Drop,
    } && probe.reason.is_none_or(|reason| reason == judged.reason);
    if !as_meant {
        return Outcome::Mismatch(Blame::Policy);
    }
    if observation.seen == Seen::PassedThenLost && !is_undeliverable(case) {
        return Outcome::Mismatch(Blame::Delivery);
    }
    Outcome::Match {
        redundant: observation.witness == Some(Witness::LostBehind),
    }
}

/// The filter names one rule, the oracle all that decide alike.
fn names_a_deciding_rule(named: Option<RuleRef>, deciding: &[RuleRef]) -> bool {
    match named {
        None => deciding.is_empty(),
        Some(rule) => deciding.contains(&rule),
    }
}

fn is_undeliverable(case: &Case) -> bool {
    match case.target {
        Target::Workload { .. } | Target::Node => false,
        Target::Undeliverable(_) => true,
    }
}

#[cfg(test)]
mod tests;
