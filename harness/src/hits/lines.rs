//! The rules of a scenario, line by line, whatever stage they are part of.

use std::collections::{BTreeMap, BTreeSet};

use netverdict_policy::diagnostic::Location;
use netverdict_policy::hits::{Unit, units};
use netverdict_policy::model::RuleRef;

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

/// What is known of a line, over all stages that have it.
#[derive(Default)]
struct Line {
    frames: u64,
    beside: u64,
    /// By number.
    probes: BTreeSet<usize>,
    /// The entries, if it is a list, by place and by what each says: whether they
    /// decided.
    entries: BTreeMap<(Location, String), bool>,
}

impl Lines {
    /// Takes in the rules of a stage.
    pub(super) fn add(&mut self, stage: &Stage<'_>) {
        for unit in units(stage.policy) {
            // What no line says is no rule of anybody's.
            let Some(location) = stage.policy.location(unit.rules()[0]) else {
                continue;
            };
            let key = (location.clone(), unit_words(stage.policy, &unit));
            let line = self.lines.entry(key).or_default();
            for rule in unit.rules() {
                line.add(stage, *rule);
            }
            if let Unit::List(rules) = &unit {
                rules.iter().for_each(|rule| line.list(stage, *rule));
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
    fn add(&mut self, stage: &Stage<'_>, rule: RuleRef) {
        if let Some(hit) = stage.hits.rule(rule) {
            self.frames += hit.named;
            self.beside += hit.beside;
            self.probes.extend(&hit.probes);
        }
    }

    fn list(&mut self, stage: &Stage<'_>, rule: RuleRef) {
        let Some(location) = stage.policy.location(rule) else {
            return;
        };
        let key = (location.clone(), rule_words(stage.policy, rule));
        *self.entries.entry(key).or_default() |= stage.hits.rule(rule).is_some();
    }

    fn told(self, location: &Location, rule: String, names: &[&str]) -> RuleLine {
        let status = match (self.frames, self.beside) {
            (1.., _) => RuleStatus::Decided,
            (0, 1..) => RuleStatus::Beside,
            (0, 0) => RuleStatus::Undecided,
        };
        let undecided = (self.entries.iter())
            .filter(|(_, decided)| !**decided)
            .map(|((location, words), _)| format!("{location}: {words}"));
        let list = (!self.entries.is_empty()).then(|| ListLine {
            entries: self.entries.len(),
            decided: self.entries.values().filter(|decided| **decided).count(),
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
            more_probes: self.probes.len().saturating_sub(NAMED),
            list,
        }
    }
}
