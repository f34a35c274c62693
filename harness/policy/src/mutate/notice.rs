//! Whether a scenario's probes notice a policy that is not the one they were written
//! for.

use super::Mutant;
use crate::journey::Journey;
use crate::model::Policy;
use crate::oracle::{Memory, travel};
use crate::scenario::{Probe, Scenario};

impl Mutant {
    /// The first probe of the scenario that is not as its author expects, if any, as a
    /// run judges it: in its sequence, or its step.
    pub fn noticed_by<'s>(&self, scenario: &'s Scenario) -> Option<&'s Probe> {
        let policies: Vec<&Policy> = self.policies.iter().collect();
        unmet(scenario, &policies)
    }
}

/// The first probe that is not as its author expects under these policies: that of the
/// scenario, and that behind each of its steps.
///
/// Probes that are part of no sequence are judged as if nothing had been before them,
/// those of a sequence in one memory, and those of all steps in another, which each
/// step keeps or makes forget.
///
/// # Panics
/// If there are not as many policies.
pub(super) fn unmet<'s>(scenario: &'s Scenario, policies: &[&Policy]) -> Option<&'s Probe> {
    assert_eq!(policies.len(), 1 + scenario.steps.len(), "a policy a stage");
    let mut of_sequence = (0, Memory::tracking());
    for probe in &scenario.probes {
        let is_met = match probe.sequence {
            None => is_met(probe, policies[0], Memory::untracked),
            Some(number) => {
                if number != of_sequence.0 {
                    of_sequence = (number, Memory::tracking());
                }
                is_met_within(probe, policies[0], &mut of_sequence.1)
            }
        };
        if !is_met {
            return Some(probe);
        }
    }
    let mut memory = Memory::tracking();
    let first_unmet = |probes: &'s [Probe], policy: &Policy, memory: &mut Memory| {
        (probes.iter()).find(|probe| !is_met_within(probe, policy, memory))
    };
    if let Some(probe) = first_unmet(&scenario.before_steps, policies[0], &mut memory) {
        return Some(probe);
    }
    for (step, policy) in scenario.steps.iter().zip(&policies[1..]) {
        memory.policy_replaced(step.connections);
        if let Some(probe) = first_unmet(&step.probes, policy, &mut memory) {
            return Some(probe);
        }
    }
    None
}

/// Whether each case of the probe, by itself, is as its author expects.
pub(super) fn is_met(probe: &Probe, policy: &Policy, memory: impl Fn() -> Memory) -> bool {
    (probe.cases.iter()).all(|case| accepts(probe, policy, &case.journey, &mut memory()))
}

/// Whether the cases of the probe, one after the other, are as its author expects.
fn is_met_within(probe: &Probe, policy: &Policy, memory: &mut Memory) -> bool {
    (probe.cases.iter()).all(|case| accepts(probe, policy, &case.journey, memory))
}

fn accepts(probe: &Probe, policy: &Policy, journey: &Journey, memory: &mut Memory) -> bool {
    let decisions = travel(policy, journey, memory);
    (decisions.last()).is_some_and(|deciding| probe.accepts(deciding.reason))
}
