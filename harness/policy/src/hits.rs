//! Which rules of a policy, and which entries of its maps, decide about the frames of
//! probes, and which rules no probe makes decide.
//!
//! How much of each rule is *enforced* is another question: see
//! [`crate::coverage`].

mod units;

use std::collections::{BTreeMap, BTreeSet};

use crate::image::Key;
use crate::model::RuleRef;
use crate::oracle::Decision;

pub use units::{MOST_BY_LINE, Unit, units};

/// What decided about frames, under one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    rules: BTreeMap<RuleRef, RuleHit>,
    keys: BTreeMap<Key, u64>,
}

/// How often a rule decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleHit {
    /// Frames that it was named for, at any hook.
    pub named: u64,
    /// Frames that it decides in the same way as the one that was named: all of them
    /// might have been.
    pub beside: u64,
    /// The probes of all these frames, by number.
    pub probes: BTreeSet<usize>,
}

impl Hits {
    /// Takes in a frame of the probe with this number: for each hook that it came by
    /// what the oracle decides there, and the rule that was named.
    pub fn take<'d>(
        &mut self,
        probe: usize,
        hooks: impl IntoIterator<Item = (&'d Decision, Option<RuleRef>)>,
    ) {
        // The rule of a prefilter is named again where it lets bypass the policy.
        let mut named: BTreeSet<RuleRef> = BTreeSet::new();
        let mut alike: BTreeSet<RuleRef> = BTreeSet::new();
        for (decision, rule) in hooks {
            let Some(rule) = rule else {
                continue;
            };
            named.insert(rule);
            // Whoever names no rule that decides is wrong, and says nothing of others.
            if decision.rules.contains(&rule) {
                alike.extend(&decision.rules);
            }
        }
        for rule in &named {
            let hit = self.rules.entry(*rule).or_default();
            hit.named += 1;
            hit.probes.insert(probe);
        }
        for rule in alike.difference(&named) {
            let hit = self.rules.entry(*rule).or_default();
            hit.beside += 1;
            hit.probes.insert(probe);
        }
    }

    /// Takes in the entries that look-ups found for one frame.
    pub fn find(&mut self, keys: impl IntoIterator<Item = Key>) {
        for key in keys.into_iter().collect::<BTreeSet<Key>>() {
            *self.keys.entry(key).or_default() += 1;
        }
    }

    /// How often the rule decided; `None` for never.
    pub fn rule(&self, rule: RuleRef) -> Option<&RuleHit> {
        self.rules.get(&rule)
    }

    /// For how many frames a look-up found the entry.
    pub fn found(&self, key: Key) -> u64 {
        self.keys.get(&key).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
