//! Changes of a policy whose effect is known beforehand.

mod listing;

use super::Draw;
use super::places::{nowhere, prefix};
use super::rules;
use crate::model::{Direction, ListedSource, NetworkPolicy, Policy, PolicyKind, Rule, RuleAction};
use crate::prefix::Prefix;

/// A change of a policy. It says nothing of indices that a smaller policy would not
/// have: they are taken modulo what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// One rule more, in a policy that is there; whether that policy isolates stays
    /// as it is.
    AddRule {
        /// Which policy.
        policy: usize,
        /// In front of which of its rules, or behind them all; but a rule stays in its
        /// section.
        at: usize,
        /// The rule.
        rule: Rule,
    },
    /// One policy more, behind the others.
    AddPolicy(NetworkPolicy),
    /// A prefix more on the deny list for every port.
    DenyEverywhere(Prefix),
    /// A prefix more on a prefilter's deny list.
    PrefilterDeny {
        /// Which prefilter.
        prefilter: usize,
        /// The prefix.
        prefix: Prefix,
    },
    /// A prefix more on a prefilter's allow list.
    PrefilterAllow {
        /// Which prefilter.
        prefilter: usize,
        /// The prefix.
        prefix: Prefix,
    },
    /// Policies, their rules, peers and ports, prefilters and their lists, services
    /// and known hosts in another order.
    Reorder {
        /// Which order.
        seed: u64,
    },
    /// Prefixes in two halves each: the one with this number among all that can be
    /// halved, or all of them. What is excepted from a prefix is excepted from both.
    Halve(Option<usize>),
    /// Every list of prefixes as the fewest that hold the same addresses, exceptions
    /// worked in.
    Aggregate,
}

impl Change {
    /// One that lets nothing through that was not let through before.
    pub fn deny(draw: &mut Draw, policy: &Policy) -> Change {
        match draw.below(6) {
            0 => Change::DenyEverywhere(prefix(draw, policy)),
            1 if !policy.prefilters.is_empty() => Change::PrefilterDeny {
                prefilter: draw.below(policy.prefilters.len()),
                prefix: prefix(draw, policy),
            },
            2 => {
                let kind = *draw.one(&[PolicyKind::Cilium, PolicyKind::CiliumClusterwide]);
                let index = policy.network_policies.len();
                let mut added = rules::network_policy_of(draw, policy, kind, index);
                for rule in &mut added.rules {
                    rule.action = RuleAction::Deny;
                }
                rules::in_sections(&mut added.rules);
                Change::AddPolicy(added)
            }
            _ => add_rule(draw, policy, RuleAction::Deny),
        }
    }

    /// One that stops nothing that was let through before: default deny begins
    /// nowhere with it.
    pub fn allow(draw: &mut Draw, policy: &Policy) -> Change {
        match draw.below(6) {
            0 | 1 if !policy.prefilters.is_empty() => Change::PrefilterAllow {
                prefilter: draw.below(policy.prefilters.len()),
                prefix: prefix(draw, policy),
            },
            _ => add_rule(draw, policy, RuleAction::Allow),
        }
    }

    /// Another order.
    pub fn reorder(draw: &mut Draw) -> Change {
        let halves = [draw.below(1 << 31), draw.below(1 << 31)];
        let [high, low] = halves.map(|half| half as u64);
        Change::Reorder {
            seed: high << 31 | low,
        }
    }

    /// Halves of some prefix, or of all.
    pub fn halve(draw: &mut Draw) -> Change {
        Change::Halve(draw.once_in(2).then(|| draw.below(32)))
    }

    /// The policy with the change made; `None` if there is nothing to be changed in
    /// this way.
    pub fn of(&self, policy: &Policy) -> Option<Policy> {
        let mut changed = policy.clone();
        match self {
            Change::AddRule {
                policy: index,
                at,
                rule,
            } => {
                let count = changed.network_policies.len();
                let target = changed.network_policies.get_mut(index % count.max(1))?;
                if !may_say(target, rule) {
                    return None;
                }
                let at = at % (target.rules.len() + 1);
                target.rules.insert(at, rule.clone());
                rules::in_sections(&mut target.rules);
            }
            Change::AddPolicy(added) => changed.network_policies.push(added.clone()),
            Change::DenyEverywhere(prefix) => changed.deny_list.push(listed(*prefix)),
            Change::PrefilterDeny { prefilter, prefix } => {
                let count = changed.prefilters.len();
                let stage = changed.prefilters.get_mut(prefilter % count.max(1))?;
                stage.deny.push(listed(*prefix));
            }
            Change::PrefilterAllow { prefilter, prefix } => {
                let count = changed.prefilters.len();
                let stage = changed.prefilters.get_mut(prefilter % count.max(1))?;
                stage.allow.push(listed(*prefix));
            }
            Change::Reorder { seed } => listing::reorder(&mut changed, *seed),
            Change::Halve(which) => listing::halve(&mut changed, *which),
            Change::Aggregate => listing::aggregate(&mut changed),
        }
        (changed != *policy).then_some(changed)
    }
}

/// A rule more, where a policy is that can have it; else a policy more, of that rule
/// alone, that isolates nobody.
fn add_rule(draw: &mut Draw, policy: &Policy, action: RuleAction) -> Change {
    let count = policy.network_policies.len();
    let index = draw.below(count);
    let at = draw.below(5);
    if let Some(target) = policy.network_policies.get(index) {
        let rule = rules::rule(draw, policy, &target.name, target.kind, Some(action));
        if may_say(target, &rule) {
            return Change::AddRule {
                policy: index,
                at,
                rule,
            };
        }
    }
    let kind = PolicyKind::CiliumClusterwide;
    let template = rules::network_policy_of(draw, policy, kind, count);
    let rule = rules::rule(draw, policy, &template.name, kind, Some(action));
    Change::AddPolicy(NetworkPolicy {
        isolates_ingress: false,
        isolates_egress: false,
        rules: vec![rule],
        ..template
    })
}

/// Whether a policy of its kind can have the rule without isolating anybody for it.
fn may_say(policy: &NetworkPolicy, rule: &Rule) -> bool {
    let isolates = match rule.direction {
        Direction::Ingress => policy.isolates_ingress,
        Direction::Egress => policy.isolates_egress,
    };
    policy.kind != PolicyKind::Kubernetes || (isolates && rule.action == RuleAction::Allow)
}

fn listed(prefix: Prefix) -> ListedSource {
    ListedSource {
        prefix,
        location: nowhere(),
    }
}

#[cfg(test)]
mod tests;
