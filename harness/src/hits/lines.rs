//! The rules of a scenario, line by line, whatever stage they are part of.

use std::collections::{BTreeMap, BTreeSet};

use netverdict_policy::diagnostic::Location;
use netverdict_policy::hits::{Unit, units};
use netverdict_policy::model::{Policy, RuleRef};
use netverdict_policy::shadowed::{Why, shadowed};

use super::stage::Stage;
use crate::event::{ListLine, RuleLine, RuleStatus};
use crate::words::{rule_words, unit_words};

/// Probes, and entries of a list, that are named before the rest is counted.
const NAMED: usize = 3;

/// Lines by their place and what they say: a rule that a step leaves as it was is
/// the same rule.
#[derive(Default)]
pub(super) struct Lines {
    lines: BTreeMap<(Location, String), Line>,
}

/// Lines that decide in the place of another which are named before the rest is
/// counted.
const COVERING: usize = 3;

/// What is known of a line, over all stages that have it.
#[derive(Default)]
struct Line {
    frames: u64,
    beside: u64,
    /// By number.
    probes: BTreeSet<usize>,
    /// Whether it can decide, under any policy that has it.
    can: bool,
    /// Why not, under the first that it cannot under.
    never: Option<String>,
    /// The entries, if it is a list, by place and by what each says.
    entries: BTreeMap<(Location, String), Entry>,
}

/// What is known of an entry of a list.
#[derive(Default)]
struct Entry {
    decided: bool,
    can: bool,
}

impl Lines {
    /// Takes in the rules of a stage.
    pub(super) fn add(&mut self, stage: &Stage<'_>) {
        let never: BTreeMap<RuleRef, Why> = (shadowed(stage.policy).into_iter())
            .map(|shadowed| (shadowed.rule, shadowed.why))
            .collect();
        for unit in units(stage.policy) {
            // What no line says is no rule of anybody's.
            let Some(location) = stage.policy.location(unit.rules()[0]) else {
                continue;
            };
            let key = (location.clone(), unit_words(stage.policy, &unit));
            let line = self.lines.entry(key).or_default();
            for rule in unit.rules() {
                line.add(stage, *rule, never.get(rule));
            }
            if let Unit::List(rules) = &unit {
                for rule in rules {
                    line.list(stage, *rule, never.contains_key(rule));
                }
            }
        }
    }

    /// In the order of files and lines; `names` are those of probes, by number.
    pub(super) fn into_lines(self, names: &[&str]) -> Vec<RuleLine> {
        (self.lines.into_iter())
            .map(|((location, rule), line)| line.told(&location, rule, names))
            .collect()
    }
}

impl Line {
    fn add(&mut self, stage: &Stage<'_>, rule: RuleRef, never: Option<&Why>) {
        match never {
            None => self.can = true,
            Some(why) => {
                self.never
                    .get_or_insert_with(|| why_never(stage.policy, why));
            }
        }
        if let Some(hit) = stage.hits.rule(rule) {
            self.frames += hit.named;
            self.beside += hit.beside;
            self.probes.extend(&hit.probes);
        }
    }

    fn list(&mut self, stage: &Stage<'_>, rule: RuleRef, never: bool) {
        let Some(location) = stage.policy.location(rule) else {
            return;
        };
        let key = (location.clone(), rule_words(stage.policy, rule));
        let entry = self.entries.entry(key).or_default();
        entry.decided |= stage.hits.rule(rule).is_some();
        entry.can |= !never;
    }

    fn told(self, location: &Location, rule: String, names: &[&str]) -> RuleLine {
        let status = match (self.frames, self.beside) {
            (1.., _) => RuleStatus::Decided,
            (0, 1..) => RuleStatus::Beside,
            (0, 0) if self.can => RuleStatus::Undecided,
            (0, 0) => RuleStatus::NeverDecides,
        };
        let entries = || self.entries.values();
        let undecided = (self.entries.iter())
            .filter(|(_, entry)| !entry.decided && entry.can)
            .map(|((location, words), _)| format!("{location}: {words}"));
        let list = (!self.entries.is_empty()).then(|| ListLine {
            entries: self.entries.len(),
            decided: entries().filter(|entry| entry.decided).count(),
            never: (entries().filter(|entry| !entry.decided && !entry.can)).count(),
            undecided: undecided.take(NAMED).collect(),
        });
        RuleLine {
            location: location.to_string(),
            rule,
            status,
            frames: self.frames,
            beside: self.beside,
            probes: (self.probes.iter().take(NAMED))
                .map(|probe| names[*probe].to_owned())
                .collect(),
            never: (self.never).filter(|_| status == RuleStatus::NeverDecides),
            more_probes: self.probes.len().saturating_sub(NAMED),
            list,
        }
    }
}

/// Such as `everything that it allows is denied (policy.yaml:20:9)`.
fn why_never(policy: &Policy, why: &Why) -> String {
    let by = why.by();
    let mut places: Vec<String> = (by.iter().take(COVERING))
        .map(|rule| match policy.location(*rule) {
            Some(location) => location.to_string(),
            None => rule_words(policy, *rule),
        })
        .collect();
    let more = by.len() - places.len();
    if more > 0 {
        places.push(format!("{more} more"));
    }
    match places.is_empty() {
        true => why.to_string(),
        false => format!("{why} ({})", places.join(", ")),
    }
}
