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
    let mut found = Vec::new();
    overlap::check(policy, &mut found);
    cidrs::check(policy, given, &mut found);
    if !policy.workloads.is_empty() {
        let mut index = Index::new(policy);
        selectors::check(policy, &mut index, &mut found);
        ports::check(policy, &mut index, &mut found);
        overlap::contradictions(policy, &mut index, &mut found);
    }
    report(found, problems);
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
    let found = (places.into_iter()).map(|((location, words), (rules, enforced))| {
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
        Diagnostic::error(code, location, message, help).into_note()
    });
    report(found.collect(), problems);
}

fn report(found: Vec<Diagnostic>, problems: &mut Problems) {
    let mut counts: BTreeMap<&'static str, (usize, Option<Diagnostic>)> = BTreeMap::new();
    for diagnostic in found {
        let (count, first_beyond) = counts.entry(diagnostic.code).or_default();
        *count += 1;
        if *count <= LISTED {
            problems.push(diagnostic);
        } else if first_beyond.is_none() {
            *first_beyond = Some(diagnostic);
        }
    }
    for (count, beyond) in counts.into_values() {
        if let Some(mut beyond) = beyond {
            let more = count - LISTED;
            if more > 1 {
                beyond.message += &format!(" (and {} more places like this one)", more - 1);
            }
            problems.push(beyond);
        }
    }
}

#[cfg(test)]
mod tests;
