//! Where two policies can differ at all, by what stands in one and not in the other.

use std::collections::BTreeSet;

use super::ways::View;
use crate::meaning::L4;
use crate::model::{Direction, NetworkPolicy, Policy};

/// The hooks at which two policies can differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    /// At the uplink, whatever is sent.
    pub(super) deny_list: bool,
    /// At the uplink, at these ports.
    pub(super) prefilters: BTreeSet<L4>,
    /// Before these workloads.
    pub(super) ingress: BTreeSet<usize>,
    /// Behind these workloads.
    pub(super) egress: BTreeSet<usize>,
}

impl Touched {
    /// Where they can differ. Both are of the same cluster: workloads, services, known
    /// hosts and choices are the same.
    pub(super) fn between(one: &View<'_>, other: &View<'_>) -> Touched {
        let mut touched = Touched {
            deny_list: one.policy.deny_list != other.policy.deny_list,
            ..Touched::default()
        };
        let (these, those) = parts(&one.policy.prefilters, &other.policy.prefilters);
        let prefilters = these.iter().chain(those);
        touched.prefilters = prefilters.map(|it| L4::Ports(it.node_port)).collect();
        for (view, policies) in altered(one, other) {
            touched.at_workloads(view, policies);
        }
        touched
    }

    fn at_workloads(&mut self, view: &View<'_>, altered: &[NetworkPolicy]) {
        let is_altered = |index: &usize| {
            (altered.iter())
                .any(|it| std::ptr::eq(it, &raw const view.policy.network_policies[*index]))
        };
        for workload in 0..view.policy.workloads.len() {
            let selecting = view.reading.selecting(workload).iter();
            for index in selecting.copied().filter(is_altered) {
                let policy = &view.policy.network_policies[index];
                let has = |direction| policy.rules.iter().any(|rule| rule.direction == direction);
                if policy.isolates_ingress || has(Direction::Ingress) {
                    self.ingress.insert(workload);
                }
                if policy.isolates_egress || has(Direction::Egress) {
                    self.egress.insert(workload);
                }
            }
        }
    }
}

/// The policies of each that the other has not.
fn altered<'v, 'p>(
    one: &'v View<'p>,
    other: &'v View<'p>,
) -> [(&'v View<'p>, &'p [NetworkPolicy]); 2] {
    let (these, those) = parts(policies(one.policy), policies(other.policy));
    [(one, these), (other, those)]
}

fn policies(policy: &Policy) -> &[NetworkPolicy] {
    &policy.network_policies
}

/// What is left of two lists without their common beginning and end.
fn parts<'a, T: PartialEq>(these: &'a [T], those: &'a [T]) -> (&'a [T], &'a [T]) {
    let same = |pair: &(&T, &T)| pair.0 == pair.1;
    let before = these.iter().zip(those).take_while(same).count();
    let (these, those) = (&these[before..], &those[before..]);
    let backwards = these.iter().rev().zip(those.iter().rev());
    let after = backwards.take_while(same).count();
    (&these[..these.len() - after], &those[..those.len() - after])
}
