//! `junit.xml`: a test suite for each scenario in each lane, a test case for each
//! probe.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::rules::{has_decided, remark};
use super::{case_title, step_title};
use crate::event::{
    Event, ProbeOutcome, Problem, RuleHits, RuleStatus, RunStarted, StepVerdict, SuiteId,
    SuiteStarted, Verdict,
};

/// The events as JUnit XML.
pub fn render(events: &[Event]) -> String {
    let mut report = Report::new("netverdict");
    let mut run: Option<&RunStarted> = None;
    let mut suite: Option<TestSuite> = None;
    let mut problems = TestSuite::new("netverdict");
    for event in events {
        match event {
            Event::RunStarted(started) => run = Some(started),
            Event::SuiteStarted(started) => suite = Some(new_suite(started, run)),
            Event::Verdict(verdict) => {
                let suite = suite.get_or_insert_with(|| TestSuite::new("netverdict"));
                suite.add_test_case(test_case(verdict));
            }
            Event::Step(step) => {
                let suite = suite.get_or_insert_with(|| TestSuite::new("netverdict"));
                suite.add_test_case(step_case(step));
            }
            Event::SuiteFinished(finished) => {
                if let Some(mut suite) = suite.take() {
                    suite.set_time(Duration::from_micros(finished.micros));
                    if let Some(reason) = &finished.reproduced {
                        suite.add_property(Property::new("xfail", reason.as_str()));
                    }
                    report.add_test_suite(suite);
                }
            }
            Event::RuleHits(hits) => annotate(&mut report, hits),
            // How much is enforced is no test, nor how often something decided.
            Event::Coverage(_) | Event::Counts(_) => {}
            Event::Problem(problem) => {
                problems.add_test_case(problem_case(problem));
            }
            Event::RunFinished(finished) => {
                report.set_time(Duration::from_micros(finished.micros));
            }
        }
    }
    report.test_suites.extend(suite);
    if !problems.test_cases.is_empty() {
        report.add_test_suite(problems);
    }
    report
        .to_string()
        .expect("a report without control characters is XML")
}

fn new_suite(started: &SuiteStarted, run: Option<&RunStarted>) -> TestSuite {
    let id = &started.suite;
    let mut suite = TestSuite::new(suite_name(id));
    suite.add_property(Property::new("scenario", started.name.as_str()));
    suite.add_property(Property::new("lane", id.lane));
    if let Some(mode) = id.mode {
        suite.add_property(Property::new("mode", mode));
    }
    if let Some(run) = run {
        suite.add_property(Property::new("kernel", run.kernel.as_str()));
        suite.add_property(Property::new("filter", run.filter.as_str()));
        suite.add_property(Property::new("seed", run.seed.to_string()));
    }
    suite
}

fn suite_name(suite: &SuiteId) -> String {
    format!("{} [{}]", suite.scenario, suite.lane_and_mode())
}

/// Notes for editors and pipelines, in the suite whose lane they are about.
fn annotate(report: &mut Report, hits: &RuleHits) {
    let name = suite_name(&hits.suite);
    let suites = report.test_suites.iter_mut();
    let Some(suite) = suites.rev().find(|suite| *suite.name == name) else {
        return;
    };
    let notes: String = (hits.rules.iter())
        .filter_map(|rule| Some(format!("{}: note: {}\n", rule.location, remark(rule)?)))
        .collect();
    let decided = hits.rules.iter().filter(|rule| has_decided(rule));
    let never = (hits.rules.iter()).filter(|rule| rule.status == RuleStatus::NeverDecides);
    for (name, value) in [
        ("rules", hits.rules.len().to_string()),
        ("rules-decided", decided.count().to_string()),
        ("rules-that-never-decide", never.count().to_string()),
        ("rules-named-by", hits.named_by.to_owned()),
    ] {
        suite.add_property(Property::new(name, value));
    }
    if !notes.is_empty() {
        suite.set_system_out(notes);
    }
}

fn test_case(verdict: &Verdict) -> TestCase {
    let status = match verdict.outcome {
        ProbeOutcome::Match | ProbeOutcome::Reproduced => TestCaseStatus::success(),
        ProbeOutcome::Skipped => {
            let mut status = TestCaseStatus::skipped();
            if let Some(reason) = verdict.skipped {
                status.set_message(reason.to_string());
            }
            status
        }
        ProbeOutcome::PolicyMismatch => failure("policy-mismatch", verdict),
        ProbeOutcome::DeliveryMismatch => failure("delivery-mismatch", verdict),
        ProbeOutcome::FilterMismatch => failure("filter-mismatch", verdict),
        ProbeOutcome::UnexpectedPass => failure("unexpected-pass", verdict),
        ProbeOutcome::Error => non_success(NonSuccessKind::Error, "inconclusive", verdict),
    };
    let mut case = TestCase::new(verdict.probe.as_str(), status);
    let suite = &verdict.suite;
    case.set_classname(format!("{}.{}", suite.scenario, suite.lane_and_mode()));
    case.set_time(Duration::from_micros(verdict.micros));
    case.add_property(Property::new("location", verdict.location.as_str()));
    case.add_property(Property::new("frames", verdict.cases.len().to_string()));
    if verdict.outcome == ProbeOutcome::Reproduced {
        case.add_property(Property::new("xfail", "reproduced"));
    }
    case
}

fn step_case(step: &StepVerdict) -> TestCase {
    let status = match step.outcome {
        ProbeOutcome::Match | ProbeOutcome::Reproduced => TestCaseStatus::success(),
        ProbeOutcome::Skipped => {
            let mut status = TestCaseStatus::skipped();
            if let Some(reason) = step.skipped {
                status.set_message(reason.to_string());
            }
            status
        }
        ProbeOutcome::PolicyMismatch
        | ProbeOutcome::DeliveryMismatch
        | ProbeOutcome::FilterMismatch
        | ProbeOutcome::UnexpectedPass => {
            step_failed(NonSuccessKind::Failure, "filter-mismatch", step)
        }
        ProbeOutcome::Error => step_failed(NonSuccessKind::Error, "inconclusive", step),
    };
    let mut case = TestCase::new(format!("step {}", step.step), status);
    let suite = &step.suite;
    case.set_classname(format!("{}.{}", suite.scenario, suite.lane_and_mode()));
    case.set_time(Duration::from_micros(step.micros));
    for (name, value) in [
        ("location", step.location.clone()),
        ("changes", step.swaps.to_string()),
        ("frames", step.frames.to_string()),
        ("wrong", step.wrong.to_string()),
        ("window-micros", format!("{:.1}", step.window_micros)),
        (
            "longest-window-micros",
            format!("{:.1}", step.longest_window_micros),
        ),
    ] {
        case.add_property(Property::new(name, value));
    }
    case
}

fn step_failed(kind: NonSuccessKind, name: &str, step: &StepVerdict) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status
        .set_type(name)
        .set_message(step_title(step))
        .set_description(step.explanation.as_str());
    status
}

fn failure(kind: &str, verdict: &Verdict) -> TestCaseStatus {
    non_success(NonSuccessKind::Failure, kind, verdict)
}

fn non_success(kind: NonSuccessKind, name: &str, verdict: &Verdict) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status
        .set_type(name)
        .set_message(case_title(verdict))
        .set_description(verdict.explanation.as_str());
    status
}

fn problem_case(problem: &Problem) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let first_line = problem.text.lines().next().unwrap_or(problem.code.as_str());
    status
        .set_type(problem.code.as_str())
        .set_message(first_line);
    status.set_description(problem.text.as_str());
    let name = problem.file.as_deref().unwrap_or("run");
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("netverdict.{}", problem.code));
    case
}
