//! Changes for reading.

use netverdict_policy::diff::{Change, Side};

use super::edits::Edit;
use super::finding::kind;
use super::witness::{Both, Tried};
use super::words::{Teller, addresses};
use crate::words::counted;

/// Prefixes that are listed below a sentence.
const PREFIXES: usize = 32;
/// Lines that are.
const LINES: usize = 8;

/// A change with all that belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// What it is told of.
    pub teller: Teller<'a>,
    /// The change.
    pub change: &'a Change,
    /// Lines that brought it about.
    pub edits: &'a [Edit],
    /// What became of a packet.
    pub tried: &'a Both,
    /// Where that was tried.
    pub lane: &'a str,
}

/// The sentence, and what there is to look at.
pub fn text(told: &Told<'_>) -> String {
    let Told {
        teller,
        change,
        edits,
        ..
    } = *told;
    let mut lines = vec![format!(
        "{}: {}",
        kind(change).id,
        teller.sentence(change, edits)
    )];
    for edit in edits.iter().take(LINES) {
        for (sign, side, spot) in [("-", Side::Old, &edit.old), ("+", Side::New, &edit.new)] {
            if let Some(spot) = spot {
                let place = teller.place(side, &spot.location);
                lines.push(format!("  {sign} {place}: {}", spot.text));
            }
        }
    }
    if edits.len() > LINES {
        let more = counted(edits.len() - LINES, "more line");
        lines.push(format!("    and {more}"));
    }
    let prefixes = change.addresses.prefixes();
    if prefixes.len() > 1 {
        let listed: Vec<String> = (prefixes.iter().take(PREFIXES))
            .map(ToString::to_string)
            .collect();
        let more = match prefixes.len().saturating_sub(PREFIXES) {
            0 => String::new(),
            more => format!(
                " and {} (`-o json` has all)",
                counted(more, "more prefix").replace("prefixs", "prefixes")
            ),
        };
        lines.push(format!("  ranges   {}{more}", listed.join(" ")));
    }
    for side in Side::BOTH {
        let Some(policy) = teller.policy(side) else {
            continue;
        };
        let name = match side {
            Side::Old => "before",
            Side::New => "after ",
        };
        let causes = change.causes.of(side);
        for cause in causes.iter().take(LINES / 2) {
            lines.push(format!("  {name}   {}", teller.cause(side, policy, *cause)));
        }
        if causes.len() > LINES / 2 {
            let more = counted(causes.len() - LINES / 2, "more rule");
            lines.push(format!("           and {more}"));
        }
    }
    lines.extend(witness(told.tried, told.lane));
    lines.join("\n")
}

fn witness(both: &Both, lane: &str) -> Vec<String> {
    let one = both.iter().rev().flatten().next();
    let mut lines = Vec::new();
    let Some(one) = one else {
        return lines;
    };
    lines.push(format!("  witness  {}", one.packet));
    let said = both.each_ref().map(|tried| match tried {
        None => "has nowhere to go".to_owned(),
        Some(Tried {
            passes,
            reason,
            hook,
            ..
        }) => {
            let verdict = if *passes { "passes" } else { "is dropped" };
            format!("{verdict} {hook}, {reason}")
        }
    });
    let how = match lane {
        "model" => "by the model; it did not run on the kernel",
        _ => "by the kernel, in a test run",
    };
    let [old, new] = said;
    lines.push(format!("           before it {old}; now it {new} ({how})"));
    lines
}

/// How many changes there are of which kind, the worst first.
pub fn summary(all: &[&'static str]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for kind in super::finding::KINDS {
        let count = all.iter().filter(|id| **id == kind.id).count();
        if count > 0 {
            parts.push(format!("{count} {}", kind.id));
        }
    }
    match parts.is_empty() {
        true => "no packet is treated differently".to_owned(),
        false => parts.join(", "),
    }
}

/// The addresses of a change, for tables; a dash where there are none.
pub fn who(change: &Change) -> String {
    match change.addresses.is_empty() {
        true => "-".to_owned(),
        false => addresses(&change.addresses),
    }
}
