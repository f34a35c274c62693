//! From findings about frames to verdicts on the probes of a scenario in a lane.

use std::time::Duration;

use netverdict_policy::oracle::{Decision, Memory, travel};
use netverdict_policy::scenario::{Probe, Scenario};

use crate::event::{Event, ProbeOutcome, SuiteStarted, Verdict};
use crate::suite::{Finding, Suite};

/// What the oracle decides about each frame, hook by hook: those of a sequence in
/// one memory, every other as if nothing had been before it.
pub fn decisions(scenario: &Scenario, probes: &[&Probe]) -> Vec<Vec<Decision>> {
    let mut decisions = Vec::new();
    let mut memory: Option<(usize, Memory)> = None;
    for probe in probes {
        for case in &probe.cases {
            let policy = &scenario.policy;
            decisions.push(match (probe.sequence, &mut memory) {
                (None, _) => travel(policy, &case.journey, &mut Memory::untracked()),
                (Some(number), Some((same, memory))) if *same == number => {
                    travel(policy, &case.journey, memory)
                }
                (Some(number), other) => {
                    let (_, memory) = other.insert((number, Memory::tracking()));
                    travel(policy, &case.journey, memory)
                }
            });
        }
    }
    decisions
}

/// Whether an outcome leaves the run green.
pub const fn is_as_expected(outcome: ProbeOutcome) -> bool {
    match outcome {
        ProbeOutcome::Match | ProbeOutcome::Reproduced | ProbeOutcome::Skipped => true,
        ProbeOutcome::PolicyMismatch
        | ProbeOutcome::DeliveryMismatch
        | ProbeOutcome::FilterMismatch
        | ProbeOutcome::UnexpectedPass
        | ProbeOutcome::Error => false,
    }
}

pub(super) fn begun(suite: &Suite<'_>, probes: usize) -> Event {
    Event::SuiteStarted(SuiteStarted {
        suite: suite.id(),
        name: suite.scenario.name.clone(),
        probes,
    })
}

pub(super) fn verdicts(
    suite: &Suite<'_>,
    probes: &[&Probe],
    decisions: &[Vec<Decision>],
    findings: &[Finding],
    elapsed: Duration,
) -> Vec<Verdict> {
    let per_frame = elapsed / u32::try_from(findings.len().max(1)).unwrap_or(u32::MAX);
    let mut from = 0;
    (probes.iter())
        .map(|probe| {
            let cases = from..from + probe.cases.len();
            from = cases.end;
            let share = per_frame * u32::try_from(cases.len()).unwrap_or(u32::MAX);
            suite.verdict(probe, &decisions[cases.clone()], &findings[cases], share)
        })
        .collect()
}

pub(super) fn reproduced(suite: &Suite<'_>, verdicts: &[Verdict]) -> Option<String> {
    let xfail = suite
        .scenario
        .xfail
        .as_ref()
        .filter(|_| suite.honour_xfail)?;
    let any = verdicts
        .iter()
        .any(|verdict| verdict.outcome == ProbeOutcome::Reproduced);
    let all = verdicts
        .iter()
        .all(|verdict| is_as_expected(verdict.outcome));
    (any && all).then(|| xfail.reason.clone())
}
