//! What is allowed to be written, and hardly ever meant: warnings that need the
//! whole policy.

mod cidrs;
mod index;
mod overlap;
mod ports;
mod selectors;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::problems::Problems;
use crate::coverage::{Coverage, Enforced};
use crate::diagnostic::{Diagnostic, Location};
use crate::model::Policy;
use index::Index;

/// Warnings of one code before the rest is counted. A typing error in a template
/// repeats in everything that is made from it.
const LISTED: usize = 50;

/// Looks a policy over. `given` are the addresses of workloads that somebody
/// wrote down: what the front end assigned itself, no prefix can be meant for.
pub(super) fn check(policy: &Policy, given: &BTreeSet<IpAddr>, problems: &mut Problems) {
    let mut found = Found::default();
    overlap::check(policy, &mut found);
    cidrs::check(policy, given, &mut found);
    if !policy.workloads.is_empty() {
        let mut index = Index::new(policy);
        selectors::check(policy, &mut index, &mut found);
        ports::check(policy, &mut index, &mut found);
        overlap::contradictions(policy, &mut index, &mut found);
    }
    found.report(problems);
}

/// Notes what of the rules is not enforced, each place once.
pub(super) fn gaps(coverage: &Coverage, problems: &mut Problems) {
    let mut places: BTreeMap<(&Location, &str), (usize, Enforced)> = BTreeMap::new();
    for rule in coverage.incomplete() {
        for gap in &rule.gaps {
            let place = places.entry((&gap.location, &gap.words));
            place.or_insert((0, rule.enforced)).0 += 1;
        }
    }
    let mut found = Found::default();
    for ((location, words), (rules, enforced)) in places {
        let (code, help) = match enforced {
            Enforced::Whole | Enforced::InPart => (
                "rule-in-part",
                "the rest of the rule is enforced; what is missing takes a test of its own",
            ),
            Enforced::Not => (
                "rule-not-enforced",
                "the rule allows and denies nothing here; it takes a test of its own",
            ),
        };
        let message = match rules {
            1 => words.to_owned(),
            more => format!("{words} ({more} rules)"),
        };
        found.add(code, || {
            Diagnostic::error(code, location, message, help).into_note()
        });
    }
    found.report(problems);
}

/// Warnings, of which a few of each code are worth reading.
#[derive(Default)]
struct Found {
    listed: Vec<Diagnostic>,
    counts: BTreeMap<&'static str, usize>,
}

impl Found {
    /// Takes a warning. Words are looked for only where they will be read:
    /// what was meant may take long to find.
    fn add(&mut self, code: &'static str, words: impl FnOnce() -> Diagnostic) {
        let count = self.counts.entry(code).or_default();
        *count += 1;
        if *count <= LISTED + 1 {
            self.listed.push(words());
        }
    }

    fn report(mut self, problems: &mut Problems) {
        for (code, count) in self.counts {
            let last = self.listed.iter_mut().rfind(|one| one.code == code);
            if let (Some(last), Some(more)) = (last, count.checked_sub(LISTED + 1))
                && more > 0
            {
                last.message += &format!(" (and {more} more places like this one)");
            }
        }
        problems.extend(self.listed);
    }
}

#[cfg(test)]
mod tests;
