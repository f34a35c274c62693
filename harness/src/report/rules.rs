//! Which rules decided, scenario by scenario, for reading.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Color, Table, presets};

use super::grouped;
use crate::event::{
    Event, ListLine, MapPart, RuleHits, RuleLine, RuleStatus, RuleTotals, RunStarted,
};
use crate::words::counted;

/// The rules of each scenario, and the parts of maps that hold entries which no
/// look-up found; `colour` puts ANSI codes in.
pub fn render(events: &[Event], colour: bool) -> String {
    let mut text = String::new();
    for event in events {
        if let Event::RuleHits(hits) = event {
            scenario(&mut text, hits, colour);
        }
    }
    text
}

/// `rules: 31 of 40 decided at least one frame (2 of them only beside another)`;
/// `None` where there are no rules.
pub(super) fn summary(totals: RuleTotals) -> Option<String> {
    let RuleTotals {
        rules,
        decided,
        beside,
        never,
    } = totals;
    if rules == 0 {
        return None;
    }
    let mut text = format!(
        "rules: {} of {rules} decided at least one frame",
        decided + beside
    );
    if beside > 0 {
        let _ = write!(text, " ({beside} of them only beside another)");
    }
    if never > 0 {
        let _ = write!(text, "; {never} can never decide");
    }
    Some(text)
}

/// That fewer rules decided than were asked for; `None` where that is not so.
pub(super) fn missed(run: &RunStarted, totals: RuleTotals) -> Option<String> {
    let wanted = run.min_rule_coverage?;
    let percent = totals.percent();
    (percent < f64::from(wanted)).then(|| {
        format!("{percent:.1} % of the rules that can decide did: fewer than --min-rule-coverage {wanted}")
    })
}

/// What is to be said of a rule that decided about no frame of a scenario; `None` of
/// one that did.
pub(super) fn remark(rule: &RuleLine) -> Option<String> {
    match rule.status {
        RuleStatus::Decided | RuleStatus::Beside => None,
        RuleStatus::Undecided => Some(format!("no probe makes this rule decide: {}", rule.rule)),
        RuleStatus::NeverDecides => Some(format!(
            "this rule can never decide: {}: {}",
            rule.rule,
            never(rule)
        )),
    }
}

fn never(rule: &RuleLine) -> &str {
    rule.never.as_deref().unwrap_or_default()
}

/// Whether it decided about a frame.
pub(super) fn has_decided(rule: &RuleLine) -> bool {
    match rule.status {
        RuleStatus::Decided | RuleStatus::Beside => true,
        RuleStatus::Undecided | RuleStatus::NeverDecides => false,
    }
}

fn scenario(text: &mut String, hits: &RuleHits, colour: bool) {
    let RuleHits {
        suite,
        named_by,
        frames,
        rules,
        maps,
        unknown_lookups,
    } = hits;
    let decided = rules.iter().filter(|rule| has_decided(rule));
    let _ = writeln!(
        text,
        "\n{} [{}]: {} of {} decided, as the {named_by} says of {} frames",
        suite.scenario,
        suite.lane_and_mode(),
        decided.count(),
        counted(rules.len(), "rule"),
        grouped(*frames),
    );
    let mut table = blank(colour, &["", "rule", "frames", "beside", "probes"]);
    for rule in rules {
        let colour = match rule.status {
            RuleStatus::Decided | RuleStatus::Beside => Color::Reset,
            RuleStatus::Undecided => Color::Yellow,
            RuleStatus::NeverDecides => Color::DarkGrey,
        };
        table.add_row(vec![
            Cell::new(&rule.location),
            Cell::new(&rule.rule).fg(colour),
            right(rule.frames),
            right(rule.beside),
            Cell::new(probes(rule)),
        ]);
    }
    print(text, &table);
    let found: usize = maps.iter().map(|part| part.found).sum();
    let entries: usize = maps.iter().map(|part| part.entries).sum();
    let _ = writeln!(
        text,
        "maps: {found} of {entries} entries were found by a look-up"
    );
    if *unknown_lookups > 0 {
        let _ = writeln!(
            text,
            "of {} frames nobody knows the look-ups: the filter judged otherwise than the maps say",
            grouped(*unknown_lookups)
        );
    }
    let mut table = blank(colour, &["", "entries", "found", "the first that were not"]);
    for part in maps.iter().filter(|part| part.found < part.entries) {
        let MapPart {
            step,
            part,
            entries,
            found,
            not_found,
        } = part;
        let part = match step {
            None => part.clone(),
            Some(step) => format!("{part}, from step {step} on"),
        };
        table.add_row(vec![
            Cell::new(part),
            Cell::new(entries),
            Cell::new(found),
            Cell::new(not_found.join("\n")),
        ]);
    }
    if !table.is_empty() {
        print(text, &table);
    }
}

/// The first few probes, and what came of the entries of a list.
fn probes(rule: &RuleLine) -> String {
    let mut text = match rule.status {
        RuleStatus::Decided | RuleStatus::Beside => rule.probes.join(", "),
        RuleStatus::Undecided => "none".to_owned(),
        RuleStatus::NeverDecides => format!("never: {}", never(rule)),
    };
    if rule.more_probes > 0 {
        let _ = write!(text, " and {} more", rule.more_probes);
    }
    if let Some(ListLine {
        entries,
        decided,
        never,
        undecided,
    }) = &rule.list
    {
        let _ = write!(text, "\n{decided} of {entries} entries");
        if *never > 0 {
            let _ = write!(text, ", {never} can never");
        }
        if let Some(first) = undecided.first() {
            let _ = write!(text, "; not {first}");
        }
    }
    text
}

fn blank(colour: bool, head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    if colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_header(head);
    table
}

fn right(number: u64) -> Cell {
    Cell::new(grouped(number)).set_alignment(CellAlignment::Right)
}

fn print(text: &mut String, table: &Table) {
    for line in table.lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
