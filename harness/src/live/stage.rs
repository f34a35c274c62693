//! A scenario before its first step, and after each.

use netverdict_policy::image::MapImage;
use netverdict_policy::oracle::{Decision, Memory, travel};
use netverdict_policy::scenario::{Connections, Probe, Scenario};

/// The scenario as it is between two steps.
#[derive(Clone, Debug)]
pub struct Stage {
    /// With the policy in force, and with the probes that are judged under it, in
    /// order.
    pub scenario: Scenario,
    /// That policy, compiled.
    pub image: MapImage,
    /// What became of connections when it came into force.
    pub connections: Connections,
    /// The probes that flow while the policy changes: those of the scenario that
    /// are part of no sequence.
    pub plain: Vec<Probe>,
}

impl Stage {
    /// Before the first step, and after each.
    pub fn all(scenario: &Scenario, image: &MapImage) -> Vec<Stage> {
        let plain: Vec<Probe> = (scenario.probes.iter())
            .filter(|probe| probe.sequence.is_none())
            .cloned()
            .collect();
        let before = Stage {
            scenario: Scenario {
                probes: scenario.before_steps.clone(),
                before_steps: Vec::new(),
                steps: Vec::new(),
                ..scenario.clone()
            },
            image: image.clone(),
            connections: Connections::Forget,
            plain,
        };
        let after = scenario.steps.iter().map(|step| Stage {
            scenario: Scenario {
                policy: step.policy.clone(),
                probes: step.probes.clone(),
                ..before.scenario.clone()
            },
            image: step.image.clone(),
            connections: step.connections,
            plain: Vec::new(),
        });
        let after: Vec<Stage> = after.collect();
        [before].into_iter().chain(after).collect()
    }
}

/// What the oracle decides about each frame of each stage, in one memory.
pub fn decisions(stages: &[Stage]) -> Vec<Vec<Vec<Decision>>> {
    let mut memory = Memory::tracking();
    let mut decisions = Vec::with_capacity(stages.len());
    for stage in stages {
        memory.policy_replaced(stage.connections);
        let cases = stage.scenario.probes.iter().flat_map(|probe| &probe.cases);
        decisions.push(
            cases
                .map(|case| travel(&stage.scenario.policy, &case.journey, &mut memory))
                .collect(),
        );
    }
    decisions
}
