//! A policy as people get it wrong.

use super::Operator;
use super::network_policy::PolicyChange;
use super::prefilter::{DENY_LIST, EntryChange, PrefilterChange};
use super::words::Made;
use crate::model::Policy;

/// One change of a policy, by the indices of what changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    DenyList {
        entry: usize,
        change: EntryChange,
    },
    PrefilterLost(usize),
    Prefilter {
        prefilter: usize,
        change: PrefilterChange,
    },
    PolicyLost(usize),
    Policy {
        policy: usize,
        change: PolicyChange,
    },
}

impl Change {
    /// Every change of the policy, one after the other; some of them come to nothing
    /// valid.
    pub(super) fn all(policy: &Policy) -> impl Iterator<Item = Change> {
        let deny_list = EntryChange::all(&policy.deny_list)
            .map(|(entry, change)| Change::DenyList { entry, change });
        let prefilters = (policy.prefilters.iter().enumerate()).flat_map(|(prefilter, one)| {
            let changes = PrefilterChange::all(one)
                .map(move |change| Change::Prefilter { prefilter, change });
            [Change::PrefilterLost(prefilter)]
                .into_iter()
                .chain(changes)
        });
        let policies = (policy.network_policies.iter().enumerate()).flat_map(|(policy, one)| {
            let changes =
                PolicyChange::all(one).map(move |change| Change::Policy { policy, change });
            [Change::PolicyLost(policy)].into_iter().chain(changes)
        });
        deny_list.chain(prefilters).chain(policies)
    }

    /// Which way to err this is.
    pub(super) fn operator(self) -> Operator {
        match self {
            Change::DenyList { entry: _, change } => change.operator(Operator::DenyEntryLost),
            Change::PrefilterLost(_) => Operator::PrefilterLost,
            Change::Prefilter { change, .. } => change.operator(),
            Change::PolicyLost(_) => Operator::PolicyLost,
            Change::Policy { change, .. } => change.operator(),
        }
    }

    /// Makes the change; `None` where nothing valid comes of it, and `policy` is of
    /// no use any more.
    pub(super) fn make(self, policy: &mut Policy) -> Option<Made> {
        match self {
            Change::DenyList { entry, change } => {
                change.make(&mut policy.deny_list, entry, DENY_LIST)
            }
            Change::PrefilterLost(index) => {
                let prefilters = &mut policy.prefilters;
                let lost = (index < prefilters.len()).then(|| prefilters.remove(index))?;
                let words = format!("the prefilter of {} is lost", lost.node_port);
                Some(Made::new(&lost.location, words))
            }
            Change::Prefilter { prefilter, change } => {
                let made = change.make(policy.prefilters.get_mut(prefilter)?)?;
                // One port has one prefilter.
                let port = policy.prefilters[prefilter].node_port;
                let of_port = (policy.prefilters.iter()).filter(|other| other.node_port == port);
                (of_port.count() == 1).then_some(made)
            }
            Change::PolicyLost(index) => {
                let policies = &mut policy.network_policies;
                let lost = (index < policies.len()).then(|| policies.remove(index))?;
                let words = format!("the {} {} is lost", lost.kind.name(), lost.name);
                Some(Made::new(&lost.location, words))
            }
            Change::Policy {
                policy: index,
                change,
            } => change.make(policy.network_policies.get_mut(index)?),
        }
    }

    /// The same change of another policy that has what changes from the same lines;
    /// `None` if it has not.
    pub(super) fn in_other(self, policy: &Policy, other: &Policy) -> Option<Change> {
        match self {
            Change::DenyList { entry, change } => {
                let listed = policy.deny_list.get(entry)?;
                let entry = other.deny_list.iter().position(|it| it == listed)?;
                Some(Change::DenyList { entry, change })
            }
            Change::PrefilterLost(index) => {
                same_prefilter(policy, other, index).map(Change::PrefilterLost)
            }
            Change::Prefilter { prefilter, change } => {
                let prefilter = same_prefilter(policy, other, prefilter)?;
                Some(Change::Prefilter { prefilter, change })
            }
            Change::PolicyLost(index) => same_policy(policy, other, index).map(Change::PolicyLost),
            Change::Policy {
                policy: index,
                change,
            } => {
                let policy = same_policy(policy, other, index)?;
                Some(Change::Policy { policy, change })
            }
        }
    }
}

fn same_prefilter(policy: &Policy, other: &Policy, index: usize) -> Option<usize> {
    let location = &policy.prefilters.get(index)?.location;
    (other.prefilters.iter()).position(|prefilter| prefilter.location == *location)
}

/// Indices of rules and peers mean the same in both, since they are of the same text;
/// but for a policy that names services, whose peers are their workloads.
fn same_policy(policy: &Policy, other: &Policy, index: usize) -> Option<usize> {
    let wanted = policy.network_policies.get(index)?;
    (other.network_policies.iter())
        .position(|it| it.location == wanted.location && it.rules.len() == wanted.rules.len())
}
