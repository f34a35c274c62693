//! Reports: pure functions from the events of a run to text.

pub mod human;
pub mod json;
pub mod junit;
pub mod metrics;
pub mod mismatch;
pub mod rules;
pub mod sarif;
pub mod side_by_side;
pub mod summary;
pub mod tap;
mod write;

use crate::event::{Event, ProbeOutcome, Problem, StepVerdict, Verdict};
use crate::exit::Exit;
use crate::repository::Repository;

pub use write::{ReportError, write_capture, write_file, write_reports};

/// The events of a run as SARIF.
pub fn sarif_of_run(events: &[Event]) -> String {
    let exit = events.iter().find_map(|event| match event {
        Event::RunFinished(finished) => Exit::from_code(finished.exit_code),
        _ => None,
    });
    let problems: Vec<&Problem> = (events.iter())
        .filter_map(|event| match event {
            Event::Problem(problem) => Some(problem),
            _ => None,
        })
        .collect();
    sarif::render(&sarif::Log {
        command: "run",
        kinds: &mismatch::KINDS,
        findings: &mismatch::findings(events),
        problems: &problems,
        exit: exit.unwrap_or(Exit::Inconclusive),
        has_baseline: false,
        repository: &Repository::here(),
    })
}

/// `step quarantine: 12,345 frames under traffic, 0 wrong, window 1.8 µs`.
fn step_title(step: &StepVerdict) -> String {
    if step.skipped.is_some() {
        return format!("step {}", step.step);
    }
    if step.outcome == ProbeOutcome::Error {
        let frames = grouped(step.frames);
        return format!("step {}: inconclusive after {frames} frames", step.step);
    }
    let window = format!("window {:.1} µs", step.window_micros);
    let (changes, window) = match step.swaps {
        1 => (String::new(), window),
        swaps => (
            format!("{} changes, ", grouped(u64::from(swaps))),
            format!("{window} (at most {:.1})", step.longest_window_micros),
        ),
    };
    format!(
        "step {}: {changes}{} frames under traffic, {} wrong, {window}",
        step.step,
        grouped(step.frames),
        grouped(step.wrong),
    )
}

/// What was sent in a probe's first frame that is not as expected, what was expected of
/// it, what the policy says and what was seen.
fn case_title(verdict: &Verdict) -> String {
    let wrong = (verdict.cases.iter())
        .find(|case| !matches!(case.outcome, "match" | "redundant"))
        .or(verdict.cases.first());
    wrong.map_or(verdict.probe.clone(), |case| {
        let policy = case.policy.last();
        let policy = policy.map(|policy| format!("{} ({})", policy.verdict, policy.reason));
        format!(
            "{}: expected {}, policy says {}, seen: {}",
            case.sent,
            case.expect,
            policy.as_deref().unwrap_or("nothing"),
            case.seen
        )
    })
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_are_grouped_from_the_end() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(super::grouped(number), expected);
        }
    }
}
