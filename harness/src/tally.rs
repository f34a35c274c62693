//! Counts events to the exit code.

use std::time::Duration;

use crate::event::{Event, ProbeOutcome, RunFinished};
use crate::exit::Exit;

/// How a run ended, by its events.
///
/// Any error, or a run that was stopped, is inconclusive; otherwise any mismatch
/// or unexpected pass counts; otherwise everything was as expected.
pub fn tally(events: &[Event], interrupted: bool, elapsed: Duration) -> RunFinished {
    let mut sum = RunFinished {
        interrupted,
        micros: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        ..RunFinished::default()
    };
    for event in events {
        match event {
            Event::Problem(_) => sum.errors += 1,
            Event::Verdict(verdict) => {
                sum.frames += verdict.cases.len();
                sum.count(verdict.outcome);
            }
            Event::Step(step) => {
                sum.frames += usize::try_from(step.frames).unwrap_or(usize::MAX);
                sum.count(step.outcome);
            }
            Event::RunStarted(_)
            | Event::Coverage(_)
            | Event::SuiteStarted(_)
            | Event::SuiteFinished(_)
            | Event::RunFinished(_) => {}
        }
    }
    let nothing_judged = sum.as_expected + sum.mismatched + sum.errors + sum.skipped == 0;
    let exit = if sum.errors > 0 || interrupted || nothing_judged {
        Exit::Inconclusive
    } else if sum.mismatched > 0 {
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
