//! Which mutants are made, of many.

use std::collections::BTreeMap;

use super::change::Change;
use super::{Mutant, Mutation, Operator};
use crate::model::Policy;
use crate::scenario::Scenario;

/// The changes that are tried on a scenario.
///
/// A change is a few indices; the policy it makes is not there before it is asked
/// for.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The scenario's policy, and that behind each of its steps.
    stages: Vec<&'a Policy>,
    chosen: Vec<Planned>,
    possible: usize,
}

/// A change of what stands in the policy of a stage, and in no earlier one.
#[derive(Clone, Copy, Debug)]
struct Planned {
    stage: usize,
    change: Change,
}

impl<'a> Plan<'a> {
    /// Every change of the scenario's policy, and of what its steps apply; if they are
    /// more than `limit`, so many of them that no operator has more than another as
    /// long as there are any, spread evenly over the policy.
    pub fn of(scenario: &'a Scenario, limit: usize) -> Plan<'a> {
        let steps = scenario.steps.iter().map(|step| &step.policy);
        let stages: Vec<&Policy> = [&scenario.policy].into_iter().chain(steps).collect();
        let mut counts: BTreeMap<Operator, usize> = BTreeMap::new();
        for planned in planned(&stages) {
            *counts.entry(planned.change.operator()).or_default() += 1;
        }
        let possible = counts.values().sum();
        let shares = shares(&counts, limit);
        let mut seen: BTreeMap<Operator, usize> = BTreeMap::new();
        let chosen = planned(&stages).filter(|planned| {
            let operator = planned.change.operator();
            let seen = seen.entry(operator).or_default();
            let (share, count) = (shares[&operator], counts[&operator]);
            let before = *seen * share / count;
            *seen += 1;
            *seen * share / count > before
        });
        let chosen = chosen.collect();
        Plan {
            stages,
            chosen,
            possible,
        }
    }

    /// How many changes are tried; some of them come to no valid policy.
    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    /// How many there are, tried or not.
    pub fn possible(&self) -> usize {
        self.possible
    }

    /// The mutant by its number from 0; `None` where no valid policy comes of it.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn mutant(&self, number: usize) -> Option<Mutant> {
        let Planned { stage, change } = self.chosen[number];
        let original = self.stages[stage];
        let mut changed = original.clone();
        let made = change.make(&mut changed)?;
        let mut policies = Vec::with_capacity(self.stages.len());
        for (index, policy) in self.stages.iter().enumerate() {
            let mut policy = (*policy).clone();
            if index == stage {
                policy.clone_from(&changed);
            } else if let Some(change) = change.in_other(original, &policy) {
                // What the same change does not fit is another text.
                let mut tried = policy.clone();
                if change.make(&mut tried).is_some_and(|other| other == made) {
                    policy = tried;
                }
            }
            policies.push(policy);
        }
        Some(Mutant {
            mutation: Mutation {
                operator: change.operator(),
                location: made.location,
                words: made.words,
            },
            policies,
        })
    }
}

/// Every change of every stage that is none of an earlier one.
fn planned(stages: &[&Policy]) -> impl Iterator<Item = Planned> {
    (stages.iter().enumerate()).flat_map(move |(stage, policy)| {
        let is_new = move |change: &Change| {
            (stages[..stage].iter()).all(|earlier| change.in_other(policy, earlier).is_none())
        };
        (Change::all(policy).filter(is_new)).map(move |change| Planned { stage, change })
    })
}

/// Of how many of each operator there is room for: the same of all, but for those
/// that have fewer.
fn shares(counts: &BTreeMap<Operator, usize>, limit: usize) -> BTreeMap<Operator, usize> {
    let mut by_count: Vec<(usize, Operator)> = (counts.iter())
        .map(|(operator, count)| (*count, *operator))
        .collect();
    by_count.sort_unstable();
    let mut room = limit;
    let mut others = by_count.len();
    let mut shares = BTreeMap::new();
    for (count, operator) in by_count {
        let share = count.min(room.div_ceil(others));
        room -= share;
        others -= 1;
        shares.insert(operator, share);
    }
    shares
}
