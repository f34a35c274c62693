//! What is counted as one rule.

use std::collections::BTreeMap;

use crate::diagnostic::Location;
use crate::model::{Policy, RuleRef};
use crate::shadowed::rules;

/// Entries of one list, from one file, that are counted one by one, at most. More of
/// them are counted as one rule: nobody probes 60,000 lines one by one.
pub const MOST_BY_LINE: usize = 20;

/// What is counted as one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// What stands in one place.
    Line(RuleRef),
    /// A long list, or that part of it which is from one file: more than
    /// [`MOST_BY_LINE`] entries, in the policy's order.
    List(Vec<RuleRef>),
}

impl Unit {
    /// The rules in it, at least one.
    pub fn rules(&self) -> &[RuleRef] {
        match self {
            Unit::Line(rule) => std::slice::from_ref(rule),
            Unit::List(rules) => rules,
        }
    }
}

/// Every rule of a policy that has a line, in the order of
/// [`crate::shadowed::rules`].
pub fn units(policy: &Policy) -> Vec<Unit> {
    (rules(policy).chunk_by(|one, next| are_listed_together(*one, *next)))
        .flat_map(|list| by_file(policy, list))
        .collect()
}

fn are_listed_together(one: RuleRef, next: RuleRef) -> bool {
    match (one, next) {
        (RuleRef::DenyList { .. }, RuleRef::DenyList { .. }) => true,
        (
            RuleRef::PrefilterDeny { prefilter: one, .. },
            RuleRef::PrefilterDeny {
                prefilter: other, ..
            },
        )
        | (
            RuleRef::PrefilterAllow { prefilter: one, .. },
            RuleRef::PrefilterAllow {
                prefilter: other, ..
            },
        ) => one == other,
        (
            RuleRef::Policy { policy, rule, .. },
            RuleRef::Policy {
                policy: other_policy,
                rule: other_rule,
                ..
            },
        ) => (policy, rule) == (other_policy, other_rule),
        _ => false,
    }
}

/// A list line by line, but for those files that much of it is from.
fn by_file(policy: &Policy, rules: &[RuleRef]) -> Vec<Unit> {
    if rules.len() <= MOST_BY_LINE {
        return rules.iter().copied().map(Unit::Line).collect();
    }
    let file = |rule: RuleRef| {
        policy
            .location(rule)
            .map(|Location { file, .. }| &file.path)
    };
    let mut files: BTreeMap<Option<&String>, Vec<RuleRef>> = BTreeMap::new();
    for rule in rules {
        files.entry(file(*rule)).or_default().push(*rule);
    }
    let mut units: Vec<Unit> = (files.into_values())
        .flat_map(|rules| match rules.len() {
            0..=MOST_BY_LINE => rules.into_iter().map(Unit::Line).collect(),
            _ => vec![Unit::List(rules)],
        })
        .collect();
    units.sort_by_key(|unit| unit.rules()[0]);
    units
}
