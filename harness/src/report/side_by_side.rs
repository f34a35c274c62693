//! What is in force and what is proposed, over the same frames.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::grouped;
use crate::event::{Changed, Counts, Event, Totals, WouldChange};
use crate::words::counted;

/// What policies in dry run would change, scenario by scenario, in the order of the run;
/// empty where none is in dry run. Of several lanes the last speaks that judged most
/// frames, the kernel before the interpreter.
pub fn render(events: &[Event]) -> String {
    let mut order: Vec<&str> = Vec::new();
    let mut best: BTreeMap<&str, (&Counts, Totals)> = BTreeMap::new();
    for event in events {
        let Event::Counts(counts) = event else {
            continue;
        };
        let Some(proposed) = counts.proposed else {
            continue;
        };
        let scenario = counts.suite.scenario.as_str();
        let weight = |it: &Counts| (it.named_by == "kernel", it.current.frames());
        match best.get(scenario) {
            Some((before, _)) if weight(before) > weight(counts) => {}
            before => {
                if before.is_none() {
                    order.push(scenario);
                }
                best.insert(scenario, (counts, proposed));
            }
        }
    }
    (order.iter())
        .filter_map(|scenario| best.get(scenario))
        .map(|(counts, proposed)| one(counts, *proposed))
        .collect::<Vec<String>>()
        .join("\n")
}

fn one(counts: &Counts, proposed: Totals) -> String {
    let Counts {
        suite,
        named_by,
        current,
        in_dry_run,
        ..
    } = counts;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "dry run: {} [{}], {} as the {named_by} judged them\n  {:>10} {:>10} {:>10}",
        suite.scenario,
        suite.lane_and_mode(),
        counted(
            usize::try_from(current.frames()).unwrap_or(usize::MAX),
            "frame"
        ),
        "",
        "current",
        "proposed",
    );
    for (verdict, now, then) in [
        ("pass", current.passed, proposed.passed),
        ("drop", current.dropped, proposed.dropped),
    ] {
        let (now, then) = (grouped(now), grouped(then));
        let _ = writeln!(text, "  {verdict:>10} {now:>10} {then:>10}");
    }
    for WouldChange {
        kind,
        name,
        location,
        newly_drops,
        newly_passes,
    } in in_dry_run
    {
        let _ = writeln!(text, "  {kind} {name} ({location})");
        if newly_drops.frames + newly_passes.frames == 0 {
            let _ = writeln!(text, "    would change nothing about these frames");
        }
        changed(&mut text, "drop", newly_drops);
        changed(&mut text, "pass", newly_passes);
    }
    text
}

fn changed(text: &mut String, verdict: &str, changed: &Changed) {
    let Changed { frames, example } = changed;
    if let Some(example) = example {
        let frames = counted(usize::try_from(*frames).unwrap_or(usize::MAX), "frame");
        let _ = writeln!(text, "    would newly {verdict} {frames}, such as");
        let _ = writeln!(text, "      {}", example.sent);
        let _ = writeln!(
            text,
            "      of probe {}, by {}",
            example.probe, example.rule
        );
    }
}

impl Totals {
    fn frames(self) -> u64 {
        self.passed + self.dropped
    }
}
