//! Findings for reading.

use anstyle::{AnsiColor, Style};
use netverdict_policy::diagnostic::{Label, Severity};
use netverdict_policy::finding::{Finding, Standing};

use super::Audited;
use super::json::severity_name;
use crate::words::counted;

/// Every finding that counts, those that may stay in a line each, and the sum.
pub fn render(audited: &Audited, colour: bool) -> String {
    let mut text = String::new();
    for finding in audited.findings.iter().filter(|it| it.counts()) {
        text += &one(finding, colour);
        text.push('\n');
    }
    let stays: Vec<&Finding> = audited.findings.iter().filter(|it| !it.counts()).collect();
    for finding in &stays {
        let place = finding.location().map(|place| format!("{place}: "));
        let place = place.unwrap_or_default();
        let why = match &finding.standing {
            Standing::Suppressed { reason, location } => format!("allowed at {location}: {reason}"),
            Standing::Accepted => "accepted by the baseline".to_owned(),
            Standing::Counts => continue,
        };
        text += &format!("{place}{} stays, {why}\n", finding.kind.id);
    }
    if !stays.is_empty() {
        text.push('\n');
    }
    text + &sum(audited)
}

fn one(finding: &Finding, colour: bool) -> String {
    let style = |style: Style, words: &str| match colour {
        true => format!("{style}{words}{style:#}"),
        false => words.to_owned(),
    };
    let painted = match finding.severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Note => AnsiColor::Cyan.on_default(),
    };
    let head = format!("{}[{}]", severity_name(finding.severity), finding.kind.id);
    let mut text = String::new();
    if let Some(place) = finding.location() {
        text += &format!("{place}: ");
    }
    text += &format!("{}: {}\n", style(painted, &head), finding.message);
    let (first, further) = match finding.places.split_first() {
        Some((first, further)) => (Some(first), further),
        None => (None, &[][..]),
    };
    for place in first.into_iter().chain(further) {
        text += &excerpt(place, first.is_some_and(|first| std::ptr::eq(first, place)));
    }
    // What a note means is told once, by its page.
    if finding.severity > Severity::Note {
        let fix = finding.fix.as_deref().unwrap_or(finding.kind.fix);
        text += &format!("    fix: {fix}\n");
    }
    text
}

/// The line of a place; of further places, what is to be seen there.
fn excerpt(label: &Label, is_main: bool) -> String {
    let place = &label.location;
    let line = (place.file.text.lines())
        .nth(place.line.saturating_sub(1) as usize)
        .unwrap_or("")
        .trim_end();
    if is_main {
        return format!("    | {}\n", line.trim_start());
    }
    let words = match label.text.is_empty() {
        true => line.trim_start(),
        false => &label.text,
    };
    format!("    {place}: {words}\n")
}

fn sum(audited: &Audited) -> String {
    let of = |severity| {
        let all = audited.findings.iter();
        all.filter(|it| it.counts() && it.severity == severity)
            .count()
    };
    let stay = audited.findings.iter().filter(|it| !it.counts()).count();
    let mut text = format!(
        "{}, {}, {}",
        counted(of(Severity::Error), "error"),
        counted(of(Severity::Warning), "warning"),
        counted(of(Severity::Note), "note"),
    );
    if stay > 0 {
        text += &format!("; {stay} suppressed or accepted");
    }
    text += &format!(
        " ({}, {})\n",
        counted(audited.scenarios, "scenario"),
        counted(audited.manifests, "manifest file")
    );
    text
}
