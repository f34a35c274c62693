//! The steps of a scenario: what is judged between them, and under them.

use std::time::{Duration, Instant};

use netverdict_policy::scenario::Probe;

use super::in_dry_run::{in_force_of_stages, tellable};
use super::judge_suite::verdicts;
use super::lane::{failed_to, for_each};
use super::worker::Worker;
use crate::event::{StepVerdict, Verdict};
use crate::lane::{Lane, Mode};
use crate::lanes::model;
use crate::lanes::swap::Swaps;
use crate::live::{Live, Under};
use crate::suite::{Finding, Suite};

impl Worker<'_> {
    /// What the lane finds out about the frames that are judged before the first
    /// step, and after each; and how long that took.
    pub(super) fn stages(
        &mut self,
        suite: &Suite<'_>,
        live: &Live<'_>,
    ) -> (Vec<Finding>, Duration) {
        let started = Instant::now();
        let staged = live.staged.as_slice();
        let topology = &suite.scenario.topology;
        let judged = self.guarded(|worker| match suite.lane {
            Lane::Model => Ok(model::in_stages(staged)),
            Lane::TestRun => worker.kernel()?.test_run_stages(staged).map_err(failed_to),
            Lane::Wire(mode) => (worker.kernel()?)
                .wire_stages(mode, topology, staged)
                .map_err(failed_to),
        });
        (for_each(live.frames(), judged), started.elapsed())
    }

    /// A change of the policy under traffic.
    pub(super) fn step(&mut self, mode: Mode, under: Under<'_>) -> StepVerdict {
        let started = Instant::now();
        let Under {
            suite,
            live,
            number,
            swaps,
        } = under;
        let (before, after) = (&live.stages[number], &live.stages[number + 1]);
        let policies = [&before.scenario.policy, &after.scenario.policy];
        let expected = live.traffic.expected(policies);
        let swaps = Swaps {
            images: [&before.image, &after.image],
            connections: after.connections,
            count: swaps,
            stop: self.settings.stop,
        };
        let judged = match live.traffic.frames.is_empty() {
            true => Err("none of the scenario's probes can be sent over and over".to_owned()),
            false => self.guarded(|worker| {
                (worker.kernel()?)
                    .swap(
                        mode,
                        &suite.scenario.topology,
                        &swaps,
                        &live.traffic,
                        &expected,
                    )
                    .map_err(failed_to)
            }),
        };
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        under.verdict(&judged, &expected, micros)
    }

    /// The steps of a scenario.
    pub(super) fn under<'a>(
        &self,
        suite: &'a Suite<'a>,
        live: &'a Live<'a>,
    ) -> impl Iterator<Item = Under<'a>> + use<'a> {
        let swaps = self.settings.swaps;
        (0..live.stages.len() - 1).map(move |number| Under {
            suite,
            live,
            number,
            swaps,
        })
    }
}

/// The verdicts on the probes of steps, by what was found out about their frames.
pub(super) fn verdicts_of_stages(
    suite: &Suite<'_>,
    live: &Live<'_>,
    findings: &[Finding],
    elapsed: Duration,
) -> Vec<Verdict> {
    let mut from = 0;
    let mut all = Vec::new();
    let in_force = in_force_of_stages(live);
    for (number, (stage, decisions)) in live.stages.iter().zip(&live.decisions).enumerate() {
        let suite = Suite {
            scenario: &stage.scenario,
            image: &stage.image,
            ..*suite
        };
        let probes: Vec<&Probe> = stage.scenario.probes.iter().collect();
        let findings = &findings[from..from + decisions.len()];
        from += decisions.len();
        let told = (in_force.as_ref())
            .map(|in_force| tellable(&suite, &probes, decisions, &in_force[number], findings));
        let findings = told.as_deref().unwrap_or(findings);
        all.extend(verdicts(&suite, &probes, decisions, findings, elapsed));
    }
    all
}
