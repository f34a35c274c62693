//! `netverdict run`

use std::time::Instant;

use netverdict_lab::capability::{Needs, missing_for};
use netverdict_lab::isolate::{isolated, signals};

use super::print::{Stream, lacking};
use super::progress::Progress;
use super::run_report::{Wanted, print, report};
use crate::cli::{RunArgs, RunOutput};
use crate::event::{Event, Part, Problem, RunFinished, RunStarted};
use crate::exit::Exit;
use crate::lane::Lane;
use crate::lanes::kernel::Kernel;
use crate::load::load;
use crate::object::{self, Object};
use crate::runner::{self, Settings};
use crate::select::{Selected, Selection};
use crate::words::counted;
use crate::{plan, tally};

/// Runs the scenarios under the paths.
pub fn run(args: &RunArgs) -> Exit {
    let started = Instant::now();
    let lanes = Lane::plan(&args.lane, &args.mode);
    let colour = args.output == RunOutput::Human && Stream::Err.colour();
    let mut input = load(&args.paths, colour);
    if args.dry_run_policy && input.problems.is_empty() {
        let policies = input.put_in_dry_run(colour);
        Stream::Err.line(&in_dry_run(policies));
    }
    if !input.warnings.is_empty() && input.problems.is_empty() {
        let warnings = counted(input.warnings.len(), "warning");
        Stream::Err.line(&format!(
            "{warnings} about the input: `netverdict check` shows what"
        ));
    }
    let mut problems = input.problems;
    let object = object::open(args.filter.as_deref()).map_err(|error| {
        problems.push(problem("filter-object", error.to_string()));
    });
    let (Ok(object), true) = (object, problems.is_empty()) else {
        return end_early(args, problems, Exit::BadInput, started);
    };
    let selection = Selection {
        tests: args.test.clone(),
        tags: args.tag.clone(),
        shard: args.shard,
        judged: judged(args),
    };
    let chosen = selection.choose(&input.scenarios);
    if chosen.nothing_at_all {
        let text = match (input.scenarios.len(), input.manifests) {
            (0, manifests @ 1..) => format!(
                "{} and no scenario: manifests have no probes; `netverdict check` validates them, \
                 `netverdict matrix` says what they allow, and a scenario that lists them under \
                 'manifests' has probes",
                counted(manifests, "manifest file")
            ),
            (scenarios, _) => format!(
                "nothing was selected out of {}: see `netverdict run --list`",
                counted(scenarios, "scenario")
            ),
        };
        return end_early(
            args,
            vec![problem("nothing-selected", text)],
            Exit::NothingSelected,
            started,
        );
    }
    let (scenarios, part) = (chosen.scenarios, chosen.part);
    let execute = || execute(args, &lanes, &object, &scenarios, part, started);
    if args.list || args.dry_run {
        let text = if args.list {
            plan::list(&scenarios)
        } else {
            plan::dry_run(&scenarios, &lanes)
        };
        Stream::Out.line(&text);
        return Exit::AsExpected;
    }
    let needs = Needs {
        test_run: lanes.contains(&Lane::TestRun),
        wire: lanes.iter().any(|lane| matches!(lane, Lane::Wire(_))),
    };
    // The first signal ends the run after the lane at hand, with reports; the
    // second ends it at once. Where they cannot be noted they end it as usual.
    let _ = signals::note();
    if !lanes.iter().any(|lane| lane.needs_privileges()) || scenarios.is_empty() {
        return execute();
    }
    let missing = missing_for(needs);
    if !missing.is_empty() {
        let text = format!(
            "{}`--lane model` runs without privileges",
            lacking(&missing)
        );
        return end_early(args, vec![problem("lacking", text)], Exit::Lacking, started);
    }
    let inside = isolated(|| execute().code());
    let code = match inside {
        Ok(code) => code,
        Err(error) => {
            let text = format!("failed to make namespaces for the run: {error}");
            return end_early(
                args,
                vec![problem("isolation", text)],
                Exit::Lacking,
                started,
            );
        }
    };
    match Exit::from_code(code) {
        Some(exit) => exit,
        None => {
            let text = format!("the run was ended from outside (status {code}) before its report");
            end_early(
                args,
                vec![problem("killed", text)],
                Exit::Inconclusive,
                started,
            )
        }
    }
}

/// How probes are judged, which shards of one run have in common.
fn judged(args: &RunArgs) -> String {
    let judged = format!("xfail {}, swaps {}", !args.no_xfail, args.swaps);
    match args.dry_run_policy {
        false => judged,
        true => format!("{judged}, policies in dry run"),
    }
}

/// What `--dry-run-policy` means for what follows.
fn in_dry_run(policies: usize) -> String {
    let (all, they) = match policies {
        0 => return "there is no network policy to put in dry run".to_owned(),
        1 => ("1 network policy is".to_owned(), "it decides"),
        _ => (format!("{policies} network policies are"), "they decide"),
    };
    format!(
        "{all} in dry run: {they} about no frame; what would be is counted, and probes are held \
         against it. Prefilters stay in force. Connections are remembered of what passes now: \
         probes that depend on more or less of them are skipped"
    )
}

fn problem(code: &str, text: String) -> Problem {
    Problem {
        code: code.to_owned(),
        file: None,
        text,
    }
}

/// Reports problems that keep the run from starting.
fn end_early(args: &RunArgs, problems: Vec<Problem>, exit: Exit, started: Instant) -> Exit {
    for problem in &problems {
        Stream::Err.line(&problem.text);
    }
    let mut events: Vec<Event> = problems.into_iter().map(Event::Problem).collect();
    let finished = RunFinished {
        exit_code: exit.code(),
        ..tally::tally(&events, false, started.elapsed())
    };
    events.push(Event::RunFinished(finished));
    if args.output != RunOutput::Human {
        print(wanted(args), &events);
    }
    report(wanted(args), &events, exit)
}

fn execute(
    args: &RunArgs,
    lanes: &[Lane],
    object: &Object,
    scenarios: &[Selected],
    part: Part,
    started: Instant,
) -> Exit {
    let stop = || signals::noted().is_some();
    let mut events = vec![Event::RunStarted(RunStarted {
        version: env!("CARGO_PKG_VERSION"),
        kernel: kernel_release(),
        filter: object.digest.clone(),
        seed: args.seed,
        lanes: lanes.iter().map(Lane::to_string).collect(),
        scenarios: scenarios.len(),
        probes: (scenarios.iter())
            .map(|selected| selected.probes.len() + selected.live_probes().count())
            .sum(),
        min_rule_coverage: args.min_rule_coverage,
        part,
    })];
    let settings = Settings {
        lanes: lanes.to_vec(),
        object: &object.bytes,
        honour_xfail: !args.no_xfail,
        fail_fast: args.fail_fast,
        jobs: args.jobs.map_or_else(default_jobs, usize::from),
        seed: args.seed,
        swaps: args.swaps,
        sabotage: args.sabotage,
        stop,
    };
    // An object that does not load says so once, not in every probe.
    let mut loaded = None;
    if lanes.iter().any(|lane| lane.needs_privileges()) && !scenarios.is_empty() {
        match Kernel::load(&object.bytes, runner::sizes(scenarios), args.sabotage) {
            Ok(kernel) => loaded = Some(kernel),
            Err(error) => {
                let exit = match args.filter {
                    Some(_) => Exit::BadInput,
                    None => Exit::Inconclusive,
                };
                let text = format!("failed to {error}");
                return end_early(args, vec![problem("filter-object", text)], exit, started);
            }
        }
    }
    let progress = Progress::new(Some(scenarios.len() * lanes.len()));
    runner::run(&settings, scenarios, loaded, |event| {
        if let Event::SuiteFinished(finished) = &event {
            progress.show(finished.suite.scenario.clone());
            progress.next();
        }
        events.push(event);
    });
    drop(progress);
    let interrupted = stop();
    let mut finished = tally::tally(&events, interrupted, started.elapsed());
    if scenarios.is_empty() && !interrupted {
        // An empty shard of a selection that is not empty.
        finished.exit_code = Exit::AsExpected.code();
    }
    let code = finished.exit_code;
    events.push(Event::RunFinished(finished));
    print(wanted(args), &events);
    let exit = Exit::from_code(code).unwrap_or(Exit::Inconclusive);
    report(wanted(args), &events, exit)
}

fn wanted(args: &RunArgs) -> Wanted<'_> {
    Wanted {
        output: args.output,
        rule_coverage: args.rule_coverage,
        folder: &args.report_dir,
        metrics: args.metrics.metrics.as_deref(),
        summary: &args.summary,
    }
}

fn default_jobs() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4)
}

fn kernel_release() -> String {
    std::fs::read_to_string("/proc/sys/kernel/osrelease").map_or_else(
        |_| "unknown".to_owned(),
        |release| release.trim().to_owned(),
    )
}
