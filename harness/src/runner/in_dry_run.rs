//! What a dry run can tell about probes that depend on frames before them.

use netverdict_policy::oracle::Decision;
use netverdict_policy::scenario::{OfPolicy, Probe, Scenario};

use super::judge_suite::decisions;
use crate::event::SkipReason;
use crate::live::{Live, Stage, decisions_of_stages};
use crate::outcome::{Blame, Outcome, compare, would_be};
use crate::suite::{Finding, NoFinding, Suite};

/// The findings, but for those about probes that are held against a proposed policy which
/// would judge otherwise if it were in force than it does in dry run: connections and
/// fragments are remembered of what passes now. What the filter does wrong stays.
pub(super) fn tellable(
    suite: &Suite<'_>,
    probes: &[&Probe],
    dry: &[Vec<Decision>],
    in_force: &[Vec<Decision>],
    findings: &[Finding],
) -> Vec<Finding> {
    let cases = (probes.iter()).flat_map(|probe| probe.cases.iter().map(|case| (*probe, case)));
    let frames = cases.zip(dry.iter().zip(in_force)).zip(findings);
    frames
        .map(|(((probe, case), (dry, in_force)), finding)| {
            let truth = in_force.last().map(|decision| decision.reason);
            if !is_asked(probe) || truth == Some(would_be(dry)) {
                return finding.clone();
            }
            let seen = finding.as_ref().map_err(Clone::clone)?;
            match compare(probe, case, dry, suite.image, seen) {
                Outcome::Match { .. } | Outcome::Mismatch(Blame::Policy) => {
                    Err(NoFinding::Skipped(SkipReason::RemembersWhatPasses))
                }
                Outcome::Mismatch(Blame::Filter | Blame::Delivery) | Outcome::Error(_) => {
                    finding.clone()
                }
            }
        })
        .collect()
}

/// What would be decided about each frame, if the proposed policy were in force; none
/// where no probe is held against it.
pub(super) fn in_force(scenario: &Scenario, probes: &[&Probe]) -> Option<Vec<Vec<Decision>>> {
    let asked = probes.iter().any(|probe| is_asked(probe));
    asked.then(|| {
        let scenario = Scenario {
            policy: scenario.policy.proposed(),
            ..scenario.clone()
        };
        decisions(&scenario, probes)
    })
}

/// Likewise of the frames of each stage.
pub(super) fn in_force_of_stages(live: &Live<'_>) -> Option<Vec<Vec<Vec<Decision>>>> {
    let mut probes = live.stages.iter().flat_map(|stage| &stage.scenario.probes);
    probes.any(is_asked).then(|| {
        let proposed: Vec<Stage> = (live.stages.iter())
            .map(|stage| {
                let mut stage = stage.clone();
                stage.scenario.policy = stage.scenario.policy.proposed();
                stage
            })
            .collect();
        decisions_of_stages(&proposed)
    })
}

fn is_asked(probe: &Probe) -> bool {
    probe.of_policy == OfPolicy::Proposed
}
