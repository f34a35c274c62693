//! Three parties compared: the author, the policy as the oracle reads it, and
//! the kernel.

use netverdict_abi::{Reason, Verdict};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret::{Judgement, Proposal};
use netverdict_policy::journey::Target;
use netverdict_policy::oracle::{Decision, Said};
use netverdict_policy::scenario::{Case, OfPolicy, Probe};

use crate::observation::{Judged, Observation, Seen, Witness};

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
    /// The frame was seen behind a hook where the filter did not judge it.
    Unjudged,
    /// The frame was dropped, but could not have arrived either way.
    Vacuous,
    /// The frame was lost between two hooks, the second of which decides.
    Lost,
    /// Something answered the frame during probing.
    Rejected,
}

/// Compares what the author expects, what the oracle decides hook by hook (as
/// [`netverdict_policy::oracle::travel`] does), and what was seen.
pub fn compare(
    probe: &Probe,
    case: &Case,
    decisions: &[Decision],
    image: &MapImage,
    observation: &Observation,
) -> Outcome {
    let Observation {
        seen,
        judged,
        witness,
    } = observation;
    let verdict_seen = match seen {
        Seen::NotSeen => return Outcome::Error(Inconclusive::NotSeen),
        Seen::Rejected => return Outcome::Error(Inconclusive::Rejected),
        Seen::Passed | Seen::Delivered | Seen::PassedThenLost => Verdict::Pass,
        Seen::Dropped => Verdict::Drop,
        Seen::Aborted => Verdict::Abort,
    };
    let (Some(deciding), Some(last)) = (decisions.last(), judged.last()) else {
        return Outcome::Error(Inconclusive::Unjudged);
    };
    if *witness == Some(Witness::Vacuous) {
        return Outcome::Error(Inconclusive::Vacuous);
    }
    // It was seen behind a hook that said nothing.
    let came_by_all = matches!(seen, Seen::Passed | Seen::Delivered);
    if came_by_all && judged.len() < case.journey.legs.len() {
        return Outcome::Error(Inconclusive::Unjudged);
    }
    let agree = |(decision, judged): (&Decision, &Judged)| agrees(decision, judged, image);
    if !decisions.iter().zip(judged).all(agree) || judged.len() > decisions.len() {
        return Outcome::Mismatch(Blame::Filter);
    }
    // The hooks that judged agree, and the frame was lost before the next one.
    let lost_between = judged.len() < decisions.len();
    if !lost_between && verdict_seen != deciding.verdict() {
        return Outcome::Mismatch(Blame::Filter);
    }
    if lost_between && *seen != Seen::PassedThenLost {
        return Outcome::Mismatch(Blame::Filter);
    }
    let as_meant = probe.accepts(match probe.of_policy {
        OfPolicy::InForce => deciding.reason,
        OfPolicy::Proposed => would_be(decisions),
    });
    if lost_between {
        // What the next hook would have done was not seen.
        return match as_meant && deciding.verdict() == Verdict::Pass {
            true => Outcome::Mismatch(Blame::Delivery),
            false => Outcome::Error(Inconclusive::Lost),
        };
    }
    debug_assert_eq!(last.point, deciding.point);
    if !as_meant || !proposes_as_meant(probe, decisions) {
        return Outcome::Mismatch(Blame::Policy);
    }
    if *seen == Seen::PassedThenLost && !is_undeliverable(case) {
        return Outcome::Mismatch(Blame::Delivery);
    }
    Outcome::Match {
        redundant: *witness == Some(Witness::LostBehind),
    }
}

/// What would become of a frame if policies in dry run were enforced, as far as it
/// comes now: the reason of the first hook that would not pass it, or of the last.
///
/// # Panics
/// Without a decision, which no journey allows.
pub fn would_be(decisions: &[Decision]) -> Reason {
    let would_be = |decision: &Decision| match &decision.proposed {
        None => decision.reason,
        Some(proposed) => proposed.reason,
    };
    let last = decisions.last().expect("at least one hook decides");
    (decisions.iter().map(would_be))
        .find(|reason| reason.verdict() != Verdict::Pass)
        .unwrap_or(would_be(last))
}

/// Whether the proposed policy would do what its author expects of it.
pub fn proposes_as_meant(probe: &Probe, decisions: &[Decision]) -> bool {
    (probe.proposed).is_none_or(|expected| expected.is(would_be(decisions)))
}

/// The filter names one rule, the oracle all that decide alike.
fn agrees(decision: &Decision, judged: &Judged, image: &MapImage) -> bool {
    decision.point == judged.point && says_the_same(decision, judged.word(), image)
}

/// Whether the filter gave the oracle's reason, and one of its rules, and proposes the
/// same.
pub(crate) fn says_the_same(decision: &Decision, word: Judgement, image: &MapImage) -> bool {
    let Judgement {
        reason,
        rule,
        proposed,
    } = word;
    let said = |reason, rule| Said {
        reason,
        rule: image.rule(rule),
    };
    let proposed = proposed.map(|Proposal { reason, rule }| said(reason, rule));
    decision.is_said_by(said(reason, rule), proposed)
}

fn is_undeliverable(case: &Case) -> bool {
    match case.journey.target {
        Target::Workload { .. } | Target::Node | Target::Outside(_) => false,
        Target::Undeliverable(_) => true,
    }
}

#[cfg(test)]
mod tests;
