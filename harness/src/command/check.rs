//! `netverdict check`

use std::path::Path;

use netverdict_policy::coverage::{Coverage, RuleCoverage};

use super::print::Stream;
use crate::cli::{CheckArgs, Output};
use crate::event::Event;
use crate::exit::Exit;
use crate::load::{Input, load};
use crate::report::{json, tap};
use crate::words::counted;

/// Validates everything under the paths.
pub fn run(args: &CheckArgs) -> Exit {
    let colour = args.output == Output::Human && Stream::Err.colour();
    let input = load(&args.paths, colour);
    for warning in &input.warnings {
        Stream::Err.line(warning);
    }
    let (mut exit, text) = sum(&input);
    let Input {
        scenarios: _,
        manifests: _,
        coverage,
        problems,
        warnings: _,
    } = input;
    // Of an input that could not be read, nobody knows what it says.
    let coverage = Some(coverage).filter(|_| exit == Exit::AsExpected);
    match args.output {
        Output::Human => {
            for problem in &problems {
                Stream::Err.line(&problem.text);
            }
            Stream::Out.line(&text);
            if let Some(coverage) = coverage.as_ref().filter(|it| !it.rules.is_empty()) {
                Stream::Out.line(&coverage.to_string());
            }
        }
        Output::Json | Output::Tap => {
            let events: Vec<Event> = (problems.into_iter().map(Event::Problem))
                .chain(coverage.clone().map(Event::Coverage))
                .collect();
            let render = if args.output == Output::Json {
                json::render
            } else {
                tap::render
            };
            Stream::Out.line(&render(&events));
        }
    }
    let Some(coverage) = coverage else {
        return exit;
    };
    if args.require_full_coverage && !coverage.is_complete() {
        exit = Exit::Mismatch;
        for rule in coverage.incomplete() {
            Stream::Err.line(&lacking(rule));
        }
        Stream::Err.line("not every rule is enforced as a whole (--require-full-coverage)");
    }
    match &args.coverage_json {
        Some(path) => write(path, &coverage, exit),
        None => exit,
    }
}

fn sum(input: &Input) -> (Exit, String) {
    let (scenarios, manifests) = (input.scenarios.len(), input.manifests);
    match (input.problems.len(), scenarios + manifests) {
        (0, 0) => (
            Exit::NothingSelected,
            "no scenario and no manifest found".to_owned(),
        ),
        (0, _) => (
            Exit::AsExpected,
            format!(
                "valid: {}, {}",
                counted(scenarios, "scenario"),
                counted(manifests, "manifest file")
            ),
        ),
        (count, _) => (Exit::BadInput, counted(count, "problem")),
    }
}

/// A rule, and what of it is not enforced.
fn lacking(rule: &RuleCoverage) -> String {
    let gaps: Vec<String> = rule.gaps.iter().map(ToString::to_string).collect();
    format!(
        "{}: {} {}: {}: {}",
        rule.location,
        rule.kind.name(),
        rule.policy,
        rule.field,
        gaps.join("; ")
    )
}

fn write(path: &Path, coverage: &Coverage, exit: Exit) -> Exit {
    let text = serde_json::to_string_pretty(coverage).expect("coverage is plain data");
    match std::fs::write(path, text + "\n") {
        Ok(()) => exit,
        Err(error) => {
            Stream::Err.line(&format!("cannot write {}: {error}", path.display()));
            exit.with_unwritable_report()
        }
    }
}
