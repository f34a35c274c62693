//! What the policy of a workload says.

use std::net::IpAddr;

use super::PolicyStage;
use super::address::{Owner, owner, workload_at};
use super::content::Content;
use super::rule::{peers_at, ports_hold};
use super::selector::selects;
use crate::model::{
    Direction, NetworkPolicy, Peers, Policy, Ports, Rule, RuleAction, RuleRef, Subject,
};

/// Which network policies are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Those that are enforced.
    Enforced,
    /// Those in dry run as well.
    Proposed,
}

impl Asked {
    /// The policies, with their indices.
    fn of(self, policy: &Policy) -> Vec<(usize, &NetworkPolicy)> {
        let mut asked: Vec<&NetworkPolicy> = policy.network_policies.iter().collect();
        if self == Asked::Proposed {
            asked.extend(&policy.dry_run);
        }
        asked.into_iter().enumerate().collect()
    }
}

/// Whether any policy in dry run has something to say of what `workload` sends or
/// receives.
pub(super) fn is_proposed(policy: &Policy, workload: usize, direction: Direction) -> bool {
    policy.dry_run.iter().any(|network_policy| {
        is_subject(policy, network_policy, workload)
            && (isolates(network_policy, direction)
                || rules(network_policy, direction).next().is_some())
    })
}

/// What the policies that select `workload` for `direction` say about what it
/// exchanges with `peer`, asked as if nothing were remembered.
pub(super) fn stage(
    policy: &Policy,
    asked: Asked,
    workload: usize,
    direction: Direction,
    peer: IpAddr,
    content: Content,
) -> PolicyStage {
    // Named ports are those of the workload that receives.
    let receiver = match direction {
        Direction::Ingress => Some(workload),
        Direction::Egress => workload_at(policy, peer),
    };
    let receiver = receiver.map(|receiver| &policy.workloads[receiver]);
    let owner = owner(policy, peer);
    let mut selected = false;
    let mut isolating = Vec::new();
    let mut allowing = Vec::new();
    let mut denying = Vec::new();
    for (index, network_policy) in asked.of(policy) {
        if !is_subject(policy, network_policy, workload) {
            continue;
        }
        if isolates(network_policy, direction) {
            selected = true;
            isolating.push(RuleRef::DefaultDeny { policy: index });
        }
        for (rule_index, rule) in rules(network_policy, direction) {
            selected = true;
            if !ports_hold(&rule.ports, content, receiver) {
                continue;
            }
            let matching = match rule.action {
                RuleAction::Allow => &mut allowing,
                RuleAction::Deny => &mut denying,
            };
            for peer in peers_at(policy, network_policy.kind, &rule.peers, peer, owner) {
                matching.push(RuleRef::Policy {
                    policy: index,
                    rule: rule_index,
                    peer,
                });
            }
        }
    }
    // Cilium adds this to every endpoint's policy, as an allow that a deny beats
    // (`determineAllowLocalhostIngress`).
    let from_node = direction == Direction::Ingress && owner == Owner::Node;
    if selected && from_node && policy.choices.node_reaches_workloads {
        allowing.push(RuleRef::NodeReachesWorkloads);
    }
    if !denying.is_empty() {
        PolicyStage::Denied(denying)
    } else if !allowing.is_empty() {
        PolicyStage::Allowed(allowing)
    } else if !isolating.is_empty() {
        PolicyStage::DefaultDenied(isolating)
    } else {
        PolicyStage::NotSelected
    }
}

/// Whether any rule of the policies that select `workload` for `direction` allows
/// anybody anything, by what it says, whoever is there.
pub(super) fn allows_anything(
    policy: &Policy,
    asked: Asked,
    workload: usize,
    direction: Direction,
) -> bool {
    (asked.of(policy).into_iter())
        .filter(|(_, network_policy)| is_subject(policy, network_policy, workload))
        .flat_map(|(_, network_policy)| rules(network_policy, direction))
        .any(|(_, rule)| {
            let somebody = match &rule.peers {
                Peers::Any => true,
                Peers::Listed(peers) => !peers.is_empty(),
            };
            let something = match &rule.ports {
                Ports::All => true,
                Ports::Listed(entries) => !entries.is_empty(),
            };
            rule.action == RuleAction::Allow && somebody && something
        })
}

/// Whether the policy is about the workload.
fn is_subject(policy: &Policy, network_policy: &NetworkPolicy, workload: usize) -> bool {
    match &network_policy.subject {
        Subject::Workloads(selector) => selects(policy, selector, &policy.workloads[workload]),
        // What a node sends and receives itself passes no hook.
        Subject::Nodes(_) => false,
    }
}

fn isolates(network_policy: &NetworkPolicy, direction: Direction) -> bool {
    match direction {
        Direction::Ingress => network_policy.isolates_ingress,
        Direction::Egress => network_policy.isolates_egress,
    }
}

/// The rules of one direction, with their indices.
fn rules(
    network_policy: &NetworkPolicy,
    direction: Direction,
) -> impl Iterator<Item = (usize, &Rule)> {
    (network_policy.rules.iter().enumerate()).filter(move |(_, rule)| rule.direction == direction)
}
