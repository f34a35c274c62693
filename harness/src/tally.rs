//! Counts events to the exit code.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::{Event, ProbeOutcome, RuleStatus, RunFinished};
use crate::exit::Exit;

/// How a run ended, by its events.
///
/// Any error, or a run that was stopped, is inconclusive; otherwise any mismatch
/// or unexpected pass counts, and fewer rules that decided than the run asked for;
/// otherwise everything was as expected.
pub fn tally(events: &[Event], interrupted: bool, elapsed: Duration) -> RunFinished {
    let mut sum = RunFinished {
        interrupted,
        micros: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        ..RunFinished::default()
    };
    // Rules at one place that say the same are one, whatever scenario they are part
    // of.
    let mut rules: BTreeMap<(&str, &str), RuleStatus> = BTreeMap::new();
    let mut wanted = None;
    for event in events {
        match event {
            Event::RunStarted(started) => wanted = started.min_rule_coverage,
            Event::Problem(_) => sum.errors += 1,
            Event::Verdict(verdict) => {
                sum.frames += verdict.cases.len();
                sum.count(verdict.outcome);
            }
            Event::Step(step) => {
                sum.frames += usize::try_from(step.frames).unwrap_or(usize::MAX);
                sum.count(step.outcome);
            }
            Event::RuleHits(hits) => {
                for rule in &hits.rules {
                    let status = rules
                        .entry((&rule.location, &rule.rule))
                        .or_insert(rule.status);
                    *status = rule.status.min(*status);
                }
            }
            Event::Coverage(_)
            | Event::SuiteStarted(_)
            | Event::Counts(_)
            | Event::SuiteFinished(_)
            | Event::RunFinished(_) => {}
        }
    }
    for status in rules.into_values() {
        sum.rules.rules += 1;
        match status {
            RuleStatus::Decided => sum.rules.decided += 1,
            RuleStatus::Beside => sum.rules.beside += 1,
            RuleStatus::Undecided => {}
            RuleStatus::NeverDecides => sum.rules.never += 1,
        }
    }
    let too_few = wanted.is_some_and(|wanted| sum.rules.percent() < f64::from(wanted));
    let nothing_judged = sum.as_expected + sum.mismatched + sum.errors + sum.skipped == 0;
    let exit = if sum.errors > 0 || interrupted || nothing_judged {
        Exit::Inconclusive
    } else if sum.mismatched > 0 || too_few {
        Exit::Mismatch
    } else {
        Exit::AsExpected
    };
    sum.exit_code = exit.code();
    sum
}

impl RunFinished {
    fn count(&mut self, outcome: ProbeOutcome) {
        match outcome {
            ProbeOutcome::Match => self.as_expected += 1,
            ProbeOutcome::Reproduced => {
                self.as_expected += 1;
                self.reproduced += 1;
            }
            ProbeOutcome::Skipped => self.skipped += 1,
            ProbeOutcome::PolicyMismatch
            | ProbeOutcome::DeliveryMismatch
            | ProbeOutcome::FilterMismatch
            | ProbeOutcome::UnexpectedPass => self.mismatched += 1,
            ProbeOutcome::Error => self.errors += 1,
        }
    }
}

#[cfg(test)]
mod tests;
