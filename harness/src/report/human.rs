//! The report a person reads: a table at a glance, then what is wrong.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, CellAlignment, Color, Table, presets};

use super::{rules, side_by_side, step_title};
use crate::event::{Event, ProbeOutcome, RunFinished, RunStarted, StepVerdict, SuiteId, Verdict};
use crate::exit::Exit;
use crate::words::counted;

/// One scenario's row.
#[derive(Default)]
struct Row {
    lanes: BTreeMap<String, Cellful>,
    reproduced: Option<String>,
}

/// What came of a scenario in a lane.
#[derive(Clone, Copy, Default)]
struct Cellful {
    probes: usize,
    frames: usize,
    wrong: usize,
    errors: usize,
    skipped: usize,
}

/// The events as text for a terminal; `colour` puts ANSI codes in.
pub fn render(events: &[Event], colour: bool) -> String {
    let paint = Paint { colour };
    let mut text = String::new();
    let mut run: Option<&RunStarted> = None;
    let mut order: Vec<&str> = Vec::new();
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut failures = String::new();
    let mut repeats: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut live: Vec<&StepVerdict> = Vec::new();
    let mut finished = None;
    for event in events {
        match event {
            Event::RunStarted(started) => {
                run = Some(started);
                let _ = writeln!(text, "{}", paint.dim(&header(started)));
            }
            Event::Problem(problem) => {
                let _ = writeln!(
                    failures,
                    "{}",
                    paint.red(&format!("error[{}]", problem.code))
                );
                let _ = writeln!(failures, "{}\n", problem.text.trim_end());
            }
            Event::Coverage(coverage) => {
                let _ = writeln!(text, "{coverage}");
            }
            Event::SuiteStarted(started) => {
                let scenario = started.suite.scenario.as_str();
                if !rows.contains_key(scenario) {
                    order.push(scenario);
                }
                rows.entry(scenario).or_default();
            }
            Event::Verdict(verdict) => {
                let row = rows.entry(&verdict.suite.scenario).or_default();
                count(
                    row.lanes.entry(verdict.suite.lane_and_mode()).or_default(),
                    verdict,
                );
                explain(&mut failures, &mut repeats, verdict, paint);
            }
            Event::Step(step) => {
                let row = rows.entry(&step.suite.scenario).or_default();
                let cell = row.lanes.entry(step.suite.lane_and_mode()).or_default();
                cell.take(step.outcome);
                live.push(step);
                if !step.explanation.is_empty() {
                    let kind = match step.outcome {
                        ProbeOutcome::Error => "INCONCLUSIVE",
                        _ => "MISMATCH filter",
                    };
                    let _ = writeln!(
                        failures,
                        "{} {} [{}]",
                        paint.red(kind),
                        paint.bold(&format!("step {}", step.step)),
                        step.suite.lane_and_mode(),
                    );
                    let _ = writeln!(failures, "{}\n", step.explanation.trim_end());
                }
            }
            Event::SuiteFinished(done) => {
                let SuiteId { scenario, .. } = &done.suite;
                let row = rows.entry(scenario).or_default();
                row.reproduced = row.reproduced.take().or_else(|| done.reproduced.clone());
            }
            // Said in sum, and line by line where it is asked for.
            Event::RuleHits(_) => {}
            // Set side by side below, where something is in dry run.
            Event::Counts(_) => {}
            Event::RunFinished(done) => finished = Some(done),
        }
    }
    if let Some(run) = run.filter(|_| !order.is_empty()) {
        let _ = write!(text, "\n{}", table(run, &order, &rows, colour));
    }
    if !live.is_empty() {
        let _ = write!(text, "\n{}", changes(&live));
    }
    let side_by_side = side_by_side::render(events);
    if !side_by_side.is_empty() {
        let _ = write!(text, "\n{side_by_side}");
    }
    if !failures.is_empty() {
        let _ = write!(text, "\n{failures}");
    }
    for ((scenario, probe, _), more) in repeats.iter().filter(|(_, count)| **count > 0) {
        let lanes = counted(*more, "more lane");
        let _ = writeln!(text, "{scenario} {probe}: the same in {lanes}");
    }
    if let Some(finished) = finished {
        let _ = writeln!(text, "\n{}", summary(run, finished, &rows, paint));
    }
    text
}

fn header(run: &RunStarted) -> String {
    let filter = run.filter.get(..12).unwrap_or(&run.filter);
    format!(
        "netverdict {} · Linux {} · filter {filter} · {} · seed {}",
        run.version,
        run.kernel,
        run.lanes.join(", "),
        run.seed,
    )
}

fn count(cell: &mut Cellful, verdict: &Verdict) {
    cell.probes += 1;
    cell.frames += verdict.cases.len();
    cell.take(verdict.outcome);
}

impl Cellful {
    fn take(&mut self, outcome: ProbeOutcome) {
        match outcome {
            ProbeOutcome::Match | ProbeOutcome::Reproduced => {}
            ProbeOutcome::Skipped => self.skipped += 1,
            ProbeOutcome::PolicyMismatch
            | ProbeOutcome::DeliveryMismatch
            | ProbeOutcome::FilterMismatch
            | ProbeOutcome::UnexpectedPass => self.wrong += 1,
            ProbeOutcome::Error => self.errors += 1,
        }
    }
}

/// What was seen of each change under traffic, a line each.
fn changes(live: &[&StepVerdict]) -> String {
    let mut text = String::new();
    for step in live {
        let left_out = match step.left_out.len() {
            0 => String::new(),
            count => format!(" ({} left out)", counted(count, "case")),
        };
        let _ = writeln!(
            text,
            "{} [{}] {}{left_out}",
            step.suite.scenario,
            step.suite.lane_and_mode(),
            step_title(step)
        );
    }
    text
}

/// Prints an explanation once; lanes that fail in the same way are counted.
fn explain<'a>(
    failures: &mut String,
    repeats: &mut BTreeMap<(&'a str, &'a str, &'a str), usize>,
    verdict: &'a Verdict,
    paint: Paint,
) {
    let kind = match verdict.outcome {
        ProbeOutcome::Match | ProbeOutcome::Reproduced | ProbeOutcome::Skipped => return,
        ProbeOutcome::PolicyMismatch => "MISMATCH policy",
        ProbeOutcome::DeliveryMismatch => "MISMATCH delivery",
        ProbeOutcome::FilterMismatch => "MISMATCH filter",
        ProbeOutcome::UnexpectedPass => "UNEXPECTED PASS",
        ProbeOutcome::Error => "INCONCLUSIVE",
    };
    let key = (
        verdict.suite.scenario.as_str(),
        verdict.probe.as_str(),
        kind,
    );
    if let Some(count) = repeats.get_mut(&key) {
        *count += 1;
        return;
    }
    repeats.insert(key, 0);
    let lane = verdict.suite.lane_and_mode();
    let _ = writeln!(
        failures,
        "{} {} [{lane}]",
        paint.red(kind),
        paint.bold(&verdict.probe)
    );
    let _ = writeln!(failures, "{}\n", verdict.explanation.trim_end());
}

fn table(run: &RunStarted, order: &[&str], rows: &BTreeMap<&str, Row>, colour: bool) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    if colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let mut head = vec![
        "scenario".to_owned(),
        "probes".to_owned(),
        "frames".to_owned(),
    ];
    head.extend(run.lanes.iter().cloned());
    head.push(String::new());
    table.set_header(head);
    for scenario in order {
        let row = &rows[scenario];
        let any = row.lanes.values().next().copied().unwrap_or_default();
        let right =
            |number: usize| Cell::new(number.to_string()).set_alignment(CellAlignment::Right);
        let mut cells = vec![Cell::new(scenario), right(any.probes), right(any.frames)];
        cells.extend(
            run.lanes
                .iter()
                .map(|lane| lane_cell(row.lanes.get(lane).copied())),
        );
        cells.push(match &row.reproduced {
            Some(reason) => Cell::new(format!("reproduced: {reason}")).fg(Color::Yellow),
            None => Cell::new(""),
        });
        table.add_row(cells);
    }
    table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect::<String>()
}

fn lane_cell(cell: Option<Cellful>) -> Cell {
    let Some(Cellful {
        probes: _,
        frames: _,
        wrong,
        errors,
        skipped,
    }) = cell
    else {
        return Cell::new("-");
    };
    let mut parts = Vec::new();
    let mut colour = Color::Green;
    if skipped > 0 {
        parts.push(format!("{skipped} skipped"));
        colour = Color::Yellow;
    }
    if errors > 0 {
        parts.insert(0, counted(errors, "error"));
        colour = Color::Magenta;
    }
    if wrong > 0 {
        parts.insert(0, format!("{wrong} wrong"));
        colour = Color::Red;
    }
    if parts.is_empty() {
        parts.push("ok".to_owned());
    }
    Cell::new(parts.join(", ")).fg(colour)
}

fn summary(
    run: Option<&RunStarted>,
    finished: &RunFinished,
    rows: &BTreeMap<&str, Row>,
    paint: Paint,
) -> String {
    let seconds = std::time::Duration::from_micros(finished.micros).as_secs_f64();
    let mut parts = vec![format!("{} as expected", finished.as_expected)];
    if finished.reproduced > 0 {
        parts.push(format!(
            "({} of them known faults reproduced)",
            finished.reproduced
        ));
    }
    let mut counts = parts.join(" ");
    for (number, what) in [
        (finished.mismatched, "mismatched"),
        (finished.errors, "inconclusive"),
        (finished.skipped, "skipped"),
    ] {
        if number > 0 {
            let _ = write!(counts, ", {number} {what}");
        }
    }
    let line = format!(
        "{}: {counts}; {} frames judged in {seconds:.2} s",
        if finished.interrupted {
            "interrupted"
        } else {
            "probes"
        },
        finished.frames,
    );
    let line = if finished.exit_code == Exit::AsExpected.code() {
        paint.green(&line)
    } else {
        paint.red(&line)
    };
    let mut lines = vec![line];
    lines.extend(rules::summary(finished.rules));
    if let Some(missed) = run.and_then(|run| rules::missed(run, finished.rules)) {
        lines.push(paint.red(&missed));
    }
    let exposures: Vec<&str> = rows
        .values()
        .filter_map(|row| row.reproduced.as_deref())
        .collect();
    if exposures.is_empty() || finished.exit_code != Exit::AsExpected.code() {
        return lines.join("\n");
    }
    let reproduced = format!(
        "exposures reproduced (xfail) in {} of {} scenarios: run with --no-xfail to see them red",
        exposures.len(),
        rows.len(),
    );
    lines.push(paint.yellow(&reproduced));
    lines.join("\n")
}

/// Puts ANSI codes around text, or nothing.
#[derive(Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn style(self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn red(self, text: &str) -> String {
        self.style(AnsiColor::Red.on_default().bold(), text)
    }

    fn green(self, text: &str) -> String {
        self.style(AnsiColor::Green.on_default(), text)
    }

    fn yellow(self, text: &str) -> String {
        self.style(AnsiColor::Yellow.on_default(), text)
    }

    fn bold(self, text: &str) -> String {
        self.style(Style::new().bold(), text)
    }

    fn dim(self, text: &str) -> String {
        self.style(Style::new().dimmed(), text)
    }
}
