//! Network policies as people get them wrong.

use super::Operator;
use super::peer::{label_lost, labels_of, take_label};
use super::rule::RuleChange;
use super::words::Made;
use crate::model::{Direction, NetworkPolicy, Subject};

/// What becomes of a network policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PolicyChange {
    /// A requirement on whom it is about, counted over the namespaces' first.
    LabelLost(usize),
    DefaultDenyLost(Direction),
    RuleLost(usize),
    Rule {
        rule: usize,
        change: RuleChange,
    },
}

impl PolicyChange {
    /// Every change of the policy. What is about nodes is not enforced, and so never
    /// wrong.
    pub(super) fn all(policy: &NetworkPolicy) -> impl Iterator<Item = PolicyChange> {
        let labels = match &policy.subject {
            Subject::Workloads(selector) => Some(labels_of(selector)),
            Subject::Nodes(_) => None,
        };
        let isolates = [
            (policy.isolates_ingress, Direction::Ingress),
            (policy.isolates_egress, Direction::Egress),
        ];
        let of_itself = labels.into_iter().flat_map(move |labels| {
            let isolates = isolates.into_iter().filter(|(isolates, _)| *isolates);
            ((0..labels).map(PolicyChange::LabelLost))
                .chain(isolates.map(|(_, direction)| PolicyChange::DefaultDenyLost(direction)))
        });
        let enforced = labels.map_or(&[][..], |_| &policy.rules);
        let of_rules = enforced.iter().enumerate().flat_map(|(rule, one)| {
            let changes = RuleChange::all(policy.kind, one);
            [PolicyChange::RuleLost(rule)]
                .into_iter()
                .chain(changes.map(move |change| PolicyChange::Rule { rule, change }))
        });
        of_itself.chain(of_rules)
    }

    /// Which way to err this is.
    pub(super) fn operator(self) -> Operator {
        match self {
            PolicyChange::LabelLost(_) => Operator::LabelLost,
            PolicyChange::DefaultDenyLost(_) => Operator::DefaultDenyLost,
            PolicyChange::RuleLost(_) => Operator::RuleLost,
            PolicyChange::Rule { rule: _, change } => change.operator(),
        }
    }

    /// Makes the change; `None` where nothing valid comes of it.
    pub(super) fn make(self, policy: &mut NetworkPolicy) -> Option<Made> {
        match self {
            PolicyChange::LabelLost(index) => {
                let Subject::Workloads(selector) = &mut policy.subject else {
                    return None;
                };
                let lost = take_label(selector, index)?;
                let words = format!("{} of its subject", label_lost(&lost));
                Some(Made::new(&policy.location, words))
            }
            PolicyChange::DefaultDenyLost(direction) => {
                match direction {
                    Direction::Ingress => policy.isolates_ingress = false,
                    Direction::Egress => policy.isolates_egress = false,
                }
                let words = format!("default deny of {direction} is lost");
                Some(Made::new(&policy.location, words))
            }
            PolicyChange::RuleLost(rule) => {
                let lost = (rule < policy.rules.len()).then(|| policy.rules.remove(rule))?;
                let words = "the rule is lost; its policy isolates as before";
                Some(Made::new(&lost.location, words))
            }
            PolicyChange::Rule { rule, change } => {
                change.make(policy.kind, policy.rules.get_mut(rule)?)
            }
        }
    }
}
