//! From verdicts to findings: what a run found, in the shape that audits and diffs hand
//! to reports too.

use std::collections::BTreeMap;

use netverdict_policy::diagnostic::{Label, Severity};
use netverdict_policy::finding::reference::FILTERING;
use netverdict_policy::finding::{Finding, Kind, Standing};

use super::{case_title, step_title};
use crate::event::{Event, Place, ProbeOutcome, SuiteId, Verdict};

/// The policy is wrong.
pub static POLICY_MISMATCH: Kind = Kind {
    id: "policy-mismatch",
    severity: Severity::Error,
    summary: "the policy lets through, or drops, what its author did not mean",
    explanation: "The kernel does what the policy says, and a probe expects otherwise. The \
                  lines that suffice for the verdict are named; those that another one masks \
                  as well.",
    fix: "Mend the lines, or the expectation of the probe; a known fault is written down as \
          `xfail`.",
    references: &[FILTERING],
};

/// The filter is wrong.
pub static FILTER_MISMATCH: Kind = Kind {
    id: "filter-mismatch",
    severity: Severity::Error,
    summary: "the filter, or the compiler of its maps, does what the policy does not say",
    explanation: "Policy and filter do not agree about a frame. Nothing in the policy is at \
                  fault.",
    fix: "Report it, with the command that runs the probe again; until it is mended nothing \
          that this filter enforces can be relied upon.",
    references: &[FILTERING],
};

/// The way behind the filter is wrong.
pub static DELIVERY_MISMATCH: Kind = Kind {
    id: "delivery-mismatch",
    severity: Severity::Error,
    summary: "what the filter passed as meant did not arrive",
    explanation: "Filter and policy are as meant, and the frame was lost behind the filter.",
    fix: "See whether the receiver listens at that address, and whether the frame is one that \
          a host delivers.",
    references: &[],
};

/// A known fault is gone.
pub static UNEXPECTED_PASS: Kind = Kind {
    id: "unexpected-pass",
    severity: Severity::Error,
    summary: "the scenario's `xfail` names a probe that did not fail",
    explanation: "A known fault is listed and is no longer there, or no longer wholly.",
    fix: "If the fault is mended, take the probe out of `xfail`.",
    references: &[],
};

/// Nothing can be said.
pub static INCONCLUSIVE: Kind = Kind {
    id: "inconclusive",
    severity: Severity::Error,
    summary: "nothing can be said about a probe",
    explanation: "Evidence is missing or contradicts itself: green would mean nothing.",
    fix: "`netverdict doctor` says what this machine cannot run; the probe's explanation says \
          what was missing.",
    references: &[],
};

/// Everything that a run can find.
pub static KINDS: [&Kind; 5] = [
    &POLICY_MISMATCH,
    &FILTER_MISMATCH,
    &DELIVERY_MISMATCH,
    &UNEXPECTED_PASS,
    &INCONCLUSIVE,
];

/// What the events found, in their order. What several lanes say alike is one finding.
pub fn findings(events: &[Event]) -> Vec<Finding> {
    let mut found = Found::default();
    // Verdicts of a suite wait for its end, which says whether a known fault was
    // reproduced, and which.
    let mut reproduced: Vec<&Verdict> = Vec::new();
    for event in events {
        match event {
            Event::Verdict(verdict) => match kind(verdict.outcome) {
                Some(kind) => found.add(kind, &verdict.suite, of_probe(verdict), &verdict.places),
                None if verdict.outcome == ProbeOutcome::Reproduced => reproduced.push(verdict),
                None => {}
            },
            Event::Step(step) => {
                if let Some(kind) = kind(step.outcome) {
                    let what = (format!("step {}", step.step), step_title(step), None);
                    found.add(kind, &step.suite, what, &step.places);
                }
            }
            Event::SuiteFinished(finished) => {
                for verdict in std::mem::take(&mut reproduced) {
                    let (probe, message, _) = of_probe(verdict);
                    let why = finished.reproduced.clone();
                    let why = why.unwrap_or_else(|| "listed under xfail".to_owned());
                    let what = (probe, message, Some(why));
                    found.add(&POLICY_MISMATCH, &verdict.suite, what, &verdict.places);
                }
            }
            Event::RunStarted(_)
            | Event::Problem(_)
            | Event::Coverage(_)
            | Event::SuiteStarted(_)
            | Event::RuleHits(_)
            | Event::Counts(_)
            | Event::RunFinished(_) => {}
        }
    }
    found.finish()
}

fn kind(outcome: ProbeOutcome) -> Option<&'static Kind> {
    match outcome {
        ProbeOutcome::Match | ProbeOutcome::Reproduced | ProbeOutcome::Skipped => None,
        ProbeOutcome::PolicyMismatch => Some(&POLICY_MISMATCH),
        ProbeOutcome::DeliveryMismatch => Some(&DELIVERY_MISMATCH),
        ProbeOutcome::FilterMismatch => Some(&FILTER_MISMATCH),
        ProbeOutcome::UnexpectedPass => Some(&UNEXPECTED_PASS),
        ProbeOutcome::Error => Some(&INCONCLUSIVE),
    }
}

/// Its name, what is wrong, and why that may be.
type What = (String, String, Option<String>);

fn of_probe(verdict: &Verdict) -> What {
    (verdict.probe.clone(), case_title(verdict), None)
}

/// Findings with the lanes that say so.
#[derive(Default)]
struct Found {
    findings: Vec<(Finding, Vec<String>)>,
    /// Kind and subject, and where they stand above.
    known: BTreeMap<(&'static str, String), usize>,
}

impl Found {
    fn add(&mut self, kind: &'static Kind, suite: &SuiteId, what: What, places: &[Place]) {
        let (name, message, reproduced) = what;
        let subject = format!("{}::{name}", suite.scenario);
        let lane = suite.lane_and_mode();
        let next = self.findings.len();
        let at = *(self.known.entry((kind.id, subject.clone()))).or_insert(next);
        if let Some((_, lanes)) = self.findings.get_mut(at) {
            lanes.push(lane);
            return;
        }
        let places: Vec<Label> = places.iter().map(Place::label).collect();
        let standing = match (reproduced, places.last()) {
            (Some(reason), Some(meant)) => Standing::Suppressed {
                reason,
                location: meant.location.clone(),
            },
            _ => Standing::Counts,
        };
        let finding = Finding {
            kind,
            severity: kind.severity,
            message: format!("{name}: {message}"),
            fix: None,
            subject,
            places,
            standing,
        };
        self.findings.push((finding, vec![lane]));
    }

    fn finish(self) -> Vec<Finding> {
        let with_lanes = self.findings.into_iter().map(|(mut finding, mut lanes)| {
            lanes.dedup();
            finding.message = format!("{} [{}]", finding.message, lanes.join(", "));
            finding
        });
        with_lanes.collect()
    }
}
