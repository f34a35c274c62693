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
                match verdict.outcome {
                    ProbeOutcome::Match => sum.as_expected += 1,
                    ProbeOutcome::Reproduced => {
                        sum.as_expected += 1;
                        sum.reproduced += 1;
                    }
                    ProbeOutcome::Skipped => sum.skipped += 1,
                    ProbeOutcome::PolicyMismatch
                    | ProbeOutcome::DeliveryMismatch
                    | ProbeOutcome::FilterMismatch
                    | ProbeOutcome::UnexpectedPass => sum.mismatched += 1,
                    ProbeOutcome::Error => sum.errors += 1,
                }
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

#[cfg(test)]
mod tests;
