//! How often each rule of a network policy decided.

use std::collections::BTreeMap;

use netverdict_abi::{Hook, Reason, Verdict};
use netverdict_policy::diagnostic::Location;
use netverdict_policy::hits::{Unit, units};
use netverdict_policy::model::{Direction, Policy, RuleAction, RuleRef, Subject};

use super::Frames;
use crate::event::{CountedRule, RuleCount};

const CURRENT: &str = "current";
const PROPOSED: &str = "proposed";

/// How often each rule decided.
#[derive(Debug, Default)]
pub(super) struct Rules {
    counts: BTreeMap<CountedRule, u64>,
}

impl Rules {
    /// Takes frames in, and every rule that could have decided about them.
    pub(super) fn take(&mut self, frames: &Frames<'_>) {
        let policy = &frames.scenario.policy;
        let lists = self.expect_all(CURRENT, policy, policy);
        let proposed = (!policy.dry_run.is_empty()).then(|| policy.proposed());
        let proposed_lists = (proposed.as_ref())
            .map(|proposed| self.expect_all(PROPOSED, policy, proposed))
            .unwrap_or_default();
        for known in frames.known() {
            for said in known.said {
                let direction = match said.point.hook() {
                    Hook::Uplink => continue,
                    Hook::Egress => Direction::Egress,
                    Hook::Ingress => Direction::Ingress,
                };
                let mut note = |which, lists: &Lists, rule, reason| {
                    if let Some(rule) = frames.image.rule(rule)
                        && let Some(key) = key(which, policy, lists, rule, direction, reason)
                    {
                        *self.counts.entry(key).or_default() += 1;
                    }
                };
                note(CURRENT, &lists, said.rule, said.reason);
                if proposed.is_some() {
                    // Without a word of its own it is as what is in force.
                    let (rule, reason) =
                        (said.proposed).map_or((said.rule, said.reason), |it| (it.rule, it.reason));
                    note(PROPOSED, &proposed_lists, rule, reason);
                }
            }
        }
    }

    /// Notes every rule of a policy, of which nothing is counted yet; says which are counted
    /// under the first line of their list.
    fn expect_all(&mut self, which: &'static str, named: &Policy, policy: &Policy) -> Lists {
        let mut lists = Lists::new();
        for unit in units(policy) {
            let first = unit.rules()[0];
            let (index, directions) = match first {
                RuleRef::Policy {
                    policy: index,
                    rule,
                    ..
                } => {
                    let rule = &policy.network_policies[index].rules[rule];
                    (index, vec![(rule.direction, reason(rule.action))])
                }
                RuleRef::DefaultDeny { policy: index } => {
                    let it = &policy.network_policies[index];
                    let isolated = [
                        (Direction::Ingress, it.isolates_ingress),
                        (Direction::Egress, it.isolates_egress),
                    ];
                    let isolated = isolated.into_iter().filter(|(_, isolates)| *isolates);
                    let default = isolated.map(|(way, _)| (way, Reason::PolicyDefaultDeny));
                    (index, default.collect())
                }
                RuleRef::DenyList { .. }
                | RuleRef::PrefilterDeny { .. }
                | RuleRef::PrefilterAllow { .. }
                | RuleRef::PrefilterDefault { .. }
                | RuleRef::NodeReachesWorkloads => continue,
            };
            // What is about nodes passes no hook.
            if matches!(policy.network_policies[index].subject, Subject::Nodes(_)) {
                continue;
            }
            for (direction, reason) in directions {
                if let Some(key) = key(which, named, &lists, first, direction, reason) {
                    self.counts.entry(key).or_default();
                }
            }
            if let Unit::List(rules) = &unit {
                lists.extend(rules.iter().map(|rule| (*rule, first)));
            }
        }
        lists
    }

    pub(super) fn into_counts(self) -> Vec<RuleCount> {
        (self.counts.into_iter())
            .map(|(rule, frames)| RuleCount { rule, frames })
            .collect()
    }
}

/// Entries of long lists, and the entry under whose line they are counted.
type Lists = BTreeMap<RuleRef, RuleRef>;

fn reason(action: RuleAction) -> Reason {
    match action {
        RuleAction::Allow => Reason::PolicyAllow,
        RuleAction::Deny => Reason::PolicyDeny,
    }
}

/// What a frame is counted under for which the rule was named; nothing where it is no rule
/// of a network policy.
fn key(
    which: &'static str,
    policy: &Policy,
    lists: &Lists,
    rule: RuleRef,
    direction: Direction,
    reason: Reason,
) -> Option<CountedRule> {
    let (RuleRef::Policy { policy: index, .. } | RuleRef::DefaultDeny { policy: index }) = rule
    else {
        return None;
    };
    let location = policy.location(*lists.get(&rule).unwrap_or(&rule))?;
    let Location { file, line, .. } = location;
    let of = policy.network_policy(index);
    Some(CountedRule {
        policy: which,
        kind: of.kind.name(),
        namespace: of.name.namespace.clone(),
        name: of.name.name.clone(),
        direction: match direction {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        },
        rule: format!("{}:{line}", file.path),
        verdict: match reason.verdict() {
            Verdict::Pass => "allow",
            Verdict::Drop | Verdict::Abort => "deny",
        },
    })
}
