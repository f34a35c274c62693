//! Scores for reading: tables, then what survived and the probes that are missing.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Table, presets};
use netverdict_policy::diagnostic::Location;

use super::score::{Judged, Outcome, Score, Scored, Suggestion};
use super::total::{Counts, Total};
use crate::words::counted;

/// Survivors of one missing probe that are shown before the rest is counted.
const SHOWN: usize = 5;

/// What became of the mutants; every one of them if `verbose`.
pub fn render(scored: &[Scored<'_>], total: &Total, verbose: bool) -> String {
    let mut text = String::new();
    let mut by_scenario = table("scenario");
    for scored in scored {
        match scored {
            Scored::Xfail(scenario) => {
                let path = &scenario.file.path;
                let _ = writeln!(
                    text,
                    "skipped: {path} has xfail: its probes are meant to be wrong"
                );
            }
            Scored::NotGreen(scenario, probe) => {
                let path = &scenario.file.path;
                let _ = writeln!(
                    text,
                    "not judged: '{probe}' of {path} is wrong as it stands: see `netverdict run`"
                );
            }
            Scored::Score(score) => {
                by_scenario.add_row(row(&score.scenario.file.path, &Counts::of(score)));
                if score.possible > score.chosen {
                    let _ = writeln!(
                        text,
                        "note: of {} changes of {}, {} were tried (--limit), spread evenly",
                        score.possible, score.scenario.file.path, score.chosen
                    );
                }
            }
        }
    }
    if total.scenarios > 0 {
        by_scenario.add_row(row("total", &total.all));
        let mut by_operator = table("operator");
        for (operator, counts) in &total.by_operator {
            by_operator.add_row(row(operator.slug(), counts));
        }
        let _ = writeln!(text, "{by_scenario}\n\n{by_operator}");
    }
    for score in scored.iter().filter_map(Scored::score) {
        survivors(&mut text, score);
        if verbose {
            others(&mut text, score);
        }
    }
    let _ = writeln!(text, "\n{}", summary(total));
    text
}

fn table(of: &str) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let titles = [
        "score",
        "killed",
        "survived",
        "masked",
        "equivalent",
        "out of reach",
    ];
    let titles = titles.map(|title| Cell::new(title).set_alignment(CellAlignment::Right));
    table.set_header([Cell::new(of)].into_iter().chain(titles));
    table
}

fn row(of: &str, counts: &Counts) -> Vec<Cell> {
    let Counts {
        killed,
        survived,
        masked,
        equivalent,
        out_of_reach,
    } = counts;
    let score = match counts.score() {
        Some(score) => format!("{score:.1} %"),
        None => "-".to_owned(),
    };
    let numbers = [killed, survived, masked, equivalent, out_of_reach];
    let numbers = numbers.map(|number| match number {
        0 => String::new(),
        number => number.to_string(),
    });
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    ([Cell::new(of), right(score)].into_iter())
        .chain(numbers.map(right))
        .collect()
}

/// What survived, by the probe that is missing.
fn survivors(text: &mut String, score: &Score<'_>) {
    for (number, suggestion) in score.suggestions.iter().enumerate() {
        let mut of_it = score
            .mutants
            .iter()
            .filter(|it| it.outcome == Outcome::Survived(number));
        let path = &score.scenario.file.path;
        let _ = writeln!(text, "\nsurvived in {path}:");
        for judged in of_it.by_ref().take(SHOWN) {
            mutant(text, judged);
        }
        match of_it.count() {
            0 => {}
            more => {
                let _ = writeln!(text, "  and {more} more (-o json lists them)");
            }
        }
        let Suggestion { line, step } = suggestion;
        let place = match step {
            Some(step) => format!("the probes of the step '{step}'"),
            None => "'probes'".to_owned(),
        };
        let _ = writeln!(text, "  this would notice, among {place}:\n    {line}");
    }
}

/// What became of those that did not survive.
fn others(text: &mut String, score: &Score<'_>) {
    for judged in &score.mutants {
        let outcome = match &judged.outcome {
            Outcome::Killed(probe) => format!("killed by '{probe}'"),
            Outcome::Equivalent => "equivalent: no packet is treated differently".to_owned(),
            Outcome::Masked(bypass) => format!("masked by the bypass at {bypass}"),
            Outcome::OutOfReach => {
                "out of reach: differs only in what the node sends, or no frame of a lab reaches"
                    .to_owned()
            }
            Outcome::Survived(_) => continue,
        };
        let _ = writeln!(text, "\n{outcome}");
        mutant(text, judged);
    }
}

fn mutant(text: &mut String, judged: &Judged) {
    let mutation = &judged.mutation;
    let Location { line, .. } = &mutation.location;
    let _ = writeln!(
        text,
        "  {}: {} ({})\n    {line:>4} | {}",
        mutation.location,
        mutation.words,
        mutation.operator,
        excerpt(&mutation.location)
    );
}

/// The line of the file at which something stands.
fn excerpt(location: &Location) -> &str {
    let number = usize::try_from(location.line).unwrap_or(usize::MAX);
    let line = location.file.text.lines().nth(number.saturating_sub(1));
    line.unwrap_or_default().trim_end()
}

fn summary(total: &Total) -> String {
    let Total {
        all,
        by_operator: _,
        scenarios,
        xfail,
        interrupted,
    } = total;
    let mut text = match all.score() {
        Some(score) => format!(
            "{score:.1} %: {} of {} killed in {}",
            all.killed,
            counted(all.killed + all.survived, "mutant"),
            counted(*scenarios, "scenario")
        ),
        None => format!(
            "no mutant that a probe could notice in {}",
            counted(*scenarios, "scenario")
        ),
    };
    if *xfail > 0 {
        let _ = write!(text, "; {xfail} skipped (xfail)");
    }
    if *interrupted {
        text.push_str("; interrupted");
    }
    text.push_str("\nby the model alone: the kernel was not asked, `netverdict run` asks it");
    text
}
