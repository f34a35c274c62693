//! The rules that guard one backend at one port.

use super::steps::Steps;
use super::table::{Entry, Table};
use crate::model::{NetworkPolicy, NodePort, Policy, Ports, Rule, RuleRef, Sources, Workload};
use crate::port::Protocol;
use crate::prefix::{Family, Prefix};

/// What the policies say about a backend at its target port. Two guards are
/// equal if the same policies select the backends and the same rules are about
/// the port.
pub(super) struct Guard<'a> {
    policy: &'a Policy,
    /// Indices of the policies that select the backend, at least one.
    selecting: Vec<usize>,
    /// Of those, policy and rule indices of the rules about the port.
    rules: Vec<(usize, usize)>,
}

impl PartialEq for Guard<'_> {
    fn eq(&self, other: &Self) -> bool {
        (&self.selecting, &self.rules) == (&other.selecting, &other.rules)
    }
}

impl<'a> Guard<'a> {
    /// The guard of a workload behind a node port, or `None` if no policy
    /// selects it.
    pub(super) fn of(policy: &'a Policy, workload: usize, node_port: &NodePort) -> Option<Self> {
        let workload = &policy.workloads[workload];
        let selecting: Vec<usize> = (policy.network_policies.iter().enumerate())
            .filter(|(_, candidate)| selects(candidate, workload))
            .map(|(index, _)| index)
            .collect();
        let rules = selecting.iter().flat_map(|index| {
            let rules = policy.network_policies[*index].rules.iter().enumerate();
            rules
                .filter(|(_, rule)| {
                    is_about(rule, node_port.target_port, node_port.node_port.protocol)
                })
                .map(|(rule, _)| (*index, rule))
        });
        let rules = rules.collect();
        (!selecting.is_empty()).then_some(Guard {
            policy,
            selecting,
            rules,
        })
    }

    /// Index of the first policy that selects the backend.
    pub(super) fn first_policy(&self) -> usize {
        self.selecting[0]
    }

    /// Everything the rules say about sources, in the policy's order.
    pub(super) fn entries(&self) -> Vec<Entry<'a>> {
        let mut entries = Vec::new();
        for (policy, rule) in self.rules.iter().copied() {
            let Rule {
                action, sources, ..
            } = &self.policy.network_policies[policy].rules[rule];
            let entry = |cidr, except, entry| Entry {
                cidr,
                except,
                action: *action,
                rule: RuleRef::Policy {
                    policy,
                    rule,
                    entry,
                },
            };
            match sources {
                Sources::Any => {
                    entries.extend(Family::ALL.map(|family| entry(Prefix::all(family), &[], 0)));
                }
                Sources::Nobody => {}
                Sources::Cidrs(cidrs) => {
                    let cidrs = cidrs.iter().enumerate();
                    entries.extend(
                        cidrs.map(|(index, source)| entry(source.cidr, &source.except, index)),
                    );
                }
            }
        }
        entries
    }
}

/// Which sources get through to a backend; all of them where nothing guards it.
pub(super) fn steps(guard: &Option<Guard<'_>>) -> Steps {
    match guard {
        None => Steps::everyone(),
        Some(guard) => Steps::of(Table::new(&guard.entries()).rows()),
    }
}

fn selects(policy: &NetworkPolicy, workload: &Workload) -> bool {
    let has = |(key, value)| workload.labels.get(key).is_some_and(|own| own == value);
    policy.name.namespace == workload.name.namespace && policy.selector.iter().all(has)
}

fn is_about(rule: &Rule, target_port: u16, protocol: Protocol) -> bool {
    let Ports::Listed(listed) = &rule.ports else {
        return true;
    };
    listed.iter().any(|entry| {
        entry.port.unwrap_or(target_port) == target_port
            && entry.protocol.unwrap_or(protocol) == protocol
    })
}
