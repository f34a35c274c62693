//! What becomes of a mutant.

use std::ops::ControlFlow;

use super::Mutant;
use super::difference::{Difference, differences};
use super::killer::{Killer, candidates};
use super::notice::unmet;
use super::ways::{View, Way};
use crate::diagnostic::Location;
use crate::meaning::L4;
use crate::model::Policy;
use crate::scenario::{Probe, Scenario};

/// Differences for which probes are made up before it is given up.
const MOST_TRIED: usize = 200;

/// What becomes of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate<'s> {
    /// This probe is not as its author expects, and is the first.
    Killed(&'s Probe),
    /// No packet is treated differently, on any way: there is nothing to notice.
    Equivalent,
    /// Only what comes from beyond the uplink to a backend's own address and port is
    /// treated differently, and the bypass of the prefilter in front of it keeps that
    /// from being asked about: here is the bypass.
    Masked(Location),
    /// Something is treated differently, but nothing that a probe should send: what the
    /// node itself sends, or what is for a backend that no frame of a lab reaches.
    OutOfReach,
    /// No probe is wrong, and this one would be.
    Survived(Killer),
}

/// Says what becomes of the mutants of a scenario, one after the other.
pub struct Judge<'s> {
    scenario: &'s Scenario,
    /// The policy, and those behind the steps.
    stages: Vec<View<'s>>,
}

impl<'s> Judge<'s> {
    /// Of the mutants of this scenario.
    pub fn new(scenario: &'s Scenario) -> Judge<'s> {
        let steps = scenario.steps.iter().map(|step| &step.policy);
        Judge {
            scenario,
            stages: ([&scenario.policy].into_iter().chain(steps))
                .map(View::new)
                .collect(),
        }
    }

    /// The probe that is not as its author expects without any change, if any: then
    /// nothing can be said of mutants.
    pub fn unmet(&self) -> Option<&'s Probe> {
        let policies: Vec<&Policy> = self.stages.iter().map(|stage| stage.policy).collect();
        unmet(self.scenario, &policies)
    }

    /// What becomes of the mutant.
    pub fn fate(&mut self, mutant: &Mutant) -> Fate<'s> {
        if let Some(probe) = mutant.noticed_by(self.scenario) {
            return Fate::Killed(probe);
        }
        let (mut any, mut masked, mut tried) = (false, None, 0);
        let mut unmasked = false;
        let mut killer = None;
        for (stage, (view, changed)) in self.stages.iter_mut().zip(&mutant.policies).enumerate() {
            if view.policy == changed {
                continue;
            }
            let policy = view.policy;
            let mut other = View::new(changed);
            let stopped = differences(view, &mut other, |difference| {
                any = true;
                if let Some(bypass) = masking(policy, &difference) {
                    masked.get_or_insert(bypass);
                    return ControlFlow::Continue(());
                }
                unmasked = true;
                if matches!(difference.way, Way::FromNode { .. }) {
                    return ControlFlow::Continue(());
                }
                if tried == MOST_TRIED {
                    return ControlFlow::Break(());
                }
                tried += 1;
                let found = candidates(self.scenario, policy, &difference)
                    .find_map(|line| Killer::verified(line, stage, self.scenario, mutant));
                match found {
                    Some(found) => {
                        killer = Some(found);
                        ControlFlow::Break(())
                    }
                    None => ControlFlow::Continue(()),
                }
            });
            if stopped.is_break() {
                break;
            }
        }
        match (killer, masked) {
            (Some(killer), _) => Fate::Survived(killer),
            (None, _) if !any => Fate::Equivalent,
            (None, Some(bypass)) if !unmasked => Fate::Masked(bypass),
            (None, _) => Fate::OutOfReach,
        }
    }
}

/// The bypass that keeps the difference from mattering: that of a prefilter whose
/// node port has this very workload and port behind it. What comes through the node
/// port is either dropped in front or skips the policy, and nothing else of the outside
/// is meant to reach a workload's own address.
fn masking(policy: &Policy, difference: &Difference) -> Option<Location> {
    let (Way::Direct { to }, L4::Ports(here)) = (difference.way, difference.l4) else {
        return None;
    };
    let services = policy.node_ports.iter().filter(|service| {
        service.node_port.protocol == here.protocol
            && (service.backends.iter())
                .any(|backend| (backend.workload, backend.port) == (to, here.port))
    });
    let mut prefilters = services.filter_map(|service| {
        let mut standing = policy.prefilters.iter();
        standing.find(|it| it.bypass_policy && it.node_port == service.node_port)
    });
    prefilters
        .next()
        .map(|prefilter| prefilter.bypass_location.clone())
}
