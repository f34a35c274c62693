//! The Test Anything Protocol, version 14.

use std::fmt::Write;

use super::{rules, step_title};
use crate::event::{Event, ProbeOutcome};

/// The events as TAP.
pub fn render(events: &[Event]) -> String {
    let mut lines = String::new();
    let mut count = 0;
    for event in events {
        match event {
            Event::Verdict(verdict) => {
                count += 1;
                let suite = &verdict.suite;
                let title = format!(
                    "{} {} [{}]",
                    escape(&suite.scenario),
                    escape(&verdict.probe),
                    suite.lane_and_mode()
                );
                let skip =
                    (verdict.skipped).map_or(String::new(), |reason| format!(" # SKIP {reason}"));
                let (ok, directive) = match verdict.outcome {
                    ProbeOutcome::Match => ("ok", ""),
                    // A known fault: `not ok # TODO` is TAP's word for it.
                    ProbeOutcome::Reproduced => ("not ok", " # TODO xfail reproduced"),
                    ProbeOutcome::Skipped => ("ok", skip.as_str()),
                    ProbeOutcome::PolicyMismatch
                    | ProbeOutcome::DeliveryMismatch
                    | ProbeOutcome::FilterMismatch
                    | ProbeOutcome::UnexpectedPass
                    | ProbeOutcome::Error => ("not ok", ""),
                };
                let _ = writeln!(lines, "{ok} {count} - {title}{directive}");
                diagnose(&mut lines, &verdict.explanation);
            }
            Event::Step(step) => {
                count += 1;
                let suite = &step.suite;
                let title = format!(
                    "{} {} [{}]",
                    escape(&suite.scenario),
                    escape(&step_title(step)),
                    suite.lane_and_mode()
                );
                let ok = match step.outcome {
                    ProbeOutcome::Match | ProbeOutcome::Reproduced | ProbeOutcome::Skipped => "ok",
                    ProbeOutcome::PolicyMismatch
                    | ProbeOutcome::DeliveryMismatch
                    | ProbeOutcome::FilterMismatch
                    | ProbeOutcome::UnexpectedPass
                    | ProbeOutcome::Error => "not ok",
                };
                let skip = (step.skipped).map_or(String::new(), |why| format!(" # SKIP {why}"));
                let _ = writeln!(lines, "{ok} {count} - {title}{skip}");
                diagnose(&mut lines, &step.explanation);
            }
            Event::Coverage(coverage) => {
                let _ = writeln!(lines, "# {coverage}");
            }
            Event::RuleHits(hits) => {
                for rule in &hits.rules {
                    if let Some(remark) = rules::remark(rule) {
                        let _ = writeln!(lines, "# {}: {remark}", rule.location);
                    }
                }
            }
            Event::Problem(problem) => {
                count += 1;
                let _ = writeln!(lines, "not ok {count} - {}", escape(&problem.code));
                diagnose(&mut lines, &problem.text);
            }
            Event::RunStarted(_)
            | Event::SuiteStarted(_)
            | Event::Counts(_)
            | Event::SuiteFinished(_)
            | Event::RunFinished(_) => {}
        }
    }
    format!("TAP version 14\n1..{count}\n{lines}")
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#")
}

fn diagnose(lines: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    lines.push_str("  ---\n  message: |\n");
    for line in text.lines() {
        let _ = writeln!(lines, "    {line}");
    }
    lines.push_str("  ...\n");
}
