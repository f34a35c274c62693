//! Reports: pure functions from the events of a run to text.

pub mod human;
pub mod json;
pub mod junit;
pub mod rules;
pub mod tap;
mod write;

use crate::event::{ProbeOutcome, StepVerdict};

pub use write::{ReportError, write_capture, write_reports};

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
