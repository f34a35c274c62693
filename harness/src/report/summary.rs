//! What came of it, as Markdown: for the page of a CI job.

use std::fmt::Write;

use netverdict_policy::diagnostic::Severity;
use netverdict_policy::finding::{Finding, Standing};

use super::{mismatch, rules};
use crate::baseline::Entry;
use crate::event::{Event, ProbeOutcome};
use crate::exit::Exit;
use crate::words::counted;

/// Rows of a table; the rest is counted. A page has room for 1 MiB.
const MOST_ROWS: usize = 100;
/// Bytes of a cell.
const MOST_IN_A_CELL: usize = 1_000;

/// A run.
pub fn of_run(events: &[Event]) -> String {
    let mut text = String::new();
    let finished = events.iter().find_map(|event| match event {
        Event::RunFinished(finished) => Some(finished),
        _ => None,
    });
    let exit = finished.and_then(|finished| Exit::from_code(finished.exit_code));
    title(&mut text, "run", exit.unwrap_or(Exit::Inconclusive));
    if let Some(finished) = finished {
        let _ = writeln!(
            text,
            "| as expected | known faults | mismatched | inconclusive | skipped | frames |\n\
             |---:|---:|---:|---:|---:|---:|\n| {} | {} | {} | {} | {} | {} |\n",
            finished.as_expected,
            finished.reproduced,
            finished.mismatched,
            finished.errors,
            finished.skipped,
            finished.frames
        );
        if let Some(rules) = rules::summary(finished.rules) {
            let _ = writeln!(text, "{}\n", escaped(&rules));
        }
        if finished.interrupted {
            text.push_str("The run was interrupted.\n\n");
        }
    }
    for event in events {
        if let Event::Problem(problem) = event {
            let first = problem.text.lines().next().unwrap_or(&problem.code);
            let _ = writeln!(text, "* **{}**: {}", escaped(&problem.code), escaped(first));
        }
    }
    // A table begins behind an empty line.
    text.push('\n');
    let findings = mismatch::findings(events);
    table(&mut text, &findings);
    explanations(&mut text, events);
    text
}

/// What a command found, and what a baseline accepts that is gone.
pub fn of_findings(command: &str, findings: &[Finding], gone: &[Entry], exit: Exit) -> String {
    let mut text = String::new();
    title(&mut text, command, exit);
    let count = |severity| {
        let counting = findings.iter().filter(|finding| finding.counts());
        counting.filter(|it| it.severity == severity).count()
    };
    let accepted = (findings.iter()).filter(|it| it.standing == Standing::Accepted);
    let accepted = accepted.count();
    let counting = findings.iter().filter(|it| it.counts()).count();
    let suppressed = findings.len() - accepted - counting;
    let _ = writeln!(
        text,
        "| errors | warnings | notes | suppressed | in the baseline |\n\
         |---:|---:|---:|---:|---:|\n| {} | {} | {} | {suppressed} | {accepted} |\n",
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Note),
    );
    table(&mut text, findings);
    if !gone.is_empty() {
        let _ = writeln!(
            text,
            "{} of the baseline no longer found; `--write-baseline` takes it anew:\n",
            counted(gone.len(), "finding")
        );
        for entry in gone.iter().take(MOST_ROWS) {
            let _ = writeln!(text, "* {}", escaped(&entry.to_string()));
        }
        text.push('\n');
    }
    text
}

fn title(text: &mut String, command: &str, exit: Exit) {
    let what = match exit {
        Exit::AsExpected => "as expected",
        Exit::Mismatch if command == "run" => "not as expected",
        Exit::Mismatch => "findings",
        Exit::BadInput => "invalid input",
        Exit::Inconclusive => "inconclusive",
        Exit::Lacking => "the machine lacks something",
        Exit::NothingSelected => "nothing was selected",
    };
    let _ = writeln!(text, "### netverdict {command}: {what}\n");
}

/// What counts, the worst first.
fn table(text: &mut String, findings: &[Finding]) {
    let mut counting: Vec<&Finding> = findings.iter().filter(|it| it.counts()).collect();
    counting.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    if counting.is_empty() {
        return;
    }
    text.push_str("| | where | what |\n|---|---|---|\n");
    for finding in counting.iter().take(MOST_ROWS) {
        let place = finding.location().map(ToString::to_string);
        let place = place.unwrap_or_else(|| finding.subject.clone());
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            escaped(finding.kind.id),
            escaped(&place),
            escaped(&finding.message)
        );
    }
    if let Some(more @ 1..) = counting.len().checked_sub(MOST_ROWS) {
        let _ = writeln!(text, "| | | and {more} more |");
    }
    text.push('\n');
}

/// The first few probes that are not as expected, in full.
fn explanations(text: &mut String, events: &[Event]) {
    let wrong = events.iter().filter_map(|event| match event {
        Event::Verdict(verdict) => match verdict.outcome {
            ProbeOutcome::Match | ProbeOutcome::Reproduced | ProbeOutcome::Skipped => None,
            ProbeOutcome::PolicyMismatch
            | ProbeOutcome::DeliveryMismatch
            | ProbeOutcome::FilterMismatch
            | ProbeOutcome::UnexpectedPass
            | ProbeOutcome::Error => Some(verdict),
        },
        _ => None,
    });
    for verdict in wrong.take(5) {
        let title = format!("{} [{}]", verdict.probe, verdict.suite.lane_and_mode());
        let _ = writeln!(
            text,
            "<details><summary>{}</summary>\n\n{}</details>\n",
            escaped(&title),
            fenced(&verdict.explanation)
        );
    }
}

/// A block of code that what is in it cannot end.
fn fenced(code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n\n", code.trim_end())
}

/// Text that Markdown takes as it is, on one line: names come from manifests, which
/// anybody who opens a pull request may write.
fn escaped(text: &str) -> String {
    let end = text.floor_char_boundary(MOST_IN_A_CELL);
    let mut escaped = String::new();
    for letter in text[..end].chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // Nobody is notified, and no issue linked.
            '@' => escaped.push_str("&#64;"),
            '#' => escaped.push_str("&#35;"),
            // URLs stay text.
            ':' => escaped.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '!' | '~' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    if end < text.len() {
        escaped.push('…');
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_draw() {
        assert_eq!(
            escaped("a|b\n<img src=x> [x](http://y) `c` @all"),
            "a\\|b &lt;img src=x&gt; \\[x\\](http&#58;//y) \\`c\\` &#64;all"
        );
        let long = escaped(&"ä".repeat(MOST_IN_A_CELL));
        assert!(long.ends_with('…') && long.len() < MOST_IN_A_CELL + 4);
    }

    #[test]
    fn code_cannot_end_its_block() {
        let text = fenced("a\n````\n# title");
        assert!(
            text.starts_with("`````text\n") && text.ends_with("\n`````\n\n"),
            "{text}"
        );
    }
}
