//! What is counted as one rule.

use std::collections::BTreeMap;

use crate::diagnostic::Location;
use crate::model::{NetworkPolicy, Peers, Policy, RuleRef};

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

/// Everything in a policy that its author wrote to decide about packets, in the
/// policy's order. A rule that names nobody decides about nothing, and is none.
pub fn units(policy: &Policy) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut list = |rules: Vec<RuleRef>| units.extend(by_file(policy, rules));
    list(numbered(policy.deny_list.len(), |entry| {
        RuleRef::DenyList { entry }
    }));
    for (prefilter, stage) in policy.prefilters.iter().enumerate() {
        list(numbered(stage.deny.len(), |entry| RuleRef::PrefilterDeny {
            prefilter,
            entry,
        }));
        list(numbered(stage.allow.len(), |entry| {
            RuleRef::PrefilterAllow { prefilter, entry }
        }));
        list(vec![RuleRef::PrefilterDefault { prefilter }]);
    }
    for (policy, network_policy) in policy.network_policies.iter().enumerate() {
        let NetworkPolicy {
            kind: _,
            name: _,
            subject: _,
            isolates_ingress,
            isolates_egress,
            rules,
            location: _,
        } = network_policy;
        for (rule, said) in rules.iter().enumerate() {
            let peers = match &said.peers {
                Peers::Any => 1,
                Peers::Listed(peers) => peers.len(),
            };
            list(numbered(peers, |peer| RuleRef::Policy {
                policy,
                rule,
                peer,
            }));
        }
        if *isolates_ingress || *isolates_egress {
            list(vec![RuleRef::DefaultDeny { policy }]);
        }
    }
    units
}

fn numbered(count: usize, rule: impl Fn(usize) -> RuleRef) -> Vec<RuleRef> {
    (0..count).map(rule).collect()
}

/// A list line by line, but for those files that much of it is from.
fn by_file(policy: &Policy, rules: Vec<RuleRef>) -> Vec<Unit> {
    if rules.len() <= MOST_BY_LINE {
        return rules.into_iter().map(Unit::Line).collect();
    }
    let file = |rule: RuleRef| {
        policy
            .location(rule)
            .map(|Location { file, .. }| &file.path)
    };
    let mut files: BTreeMap<Option<&String>, Vec<RuleRef>> = BTreeMap::new();
    for rule in rules {
        files.entry(file(rule)).or_default().push(rule);
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
