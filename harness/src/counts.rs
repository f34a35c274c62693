//! What policies and prefilters decided about the frames of a scenario, counted by what a
//! lane named for each.

mod dry_run;
mod node_ports;
mod rules;

use netverdict_policy::image::MapImage;
use netverdict_policy::scenario::{Case, Probe, Scenario};

use crate::event::{Counts, SuiteId};
use crate::observation::{Judged, Observation};
use crate::suite::Finding;
use dry_run::DryRun;
use node_ports::NodePorts;
use rules::Rules;

/// Frames that were judged under one policy, and what was found out about each.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    /// The policy, and the network.
    pub scenario: &'a Scenario,
    /// The policy, compiled.
    pub image: &'a MapImage,
    /// Whose frames they are, in order.
    pub probes: Vec<&'a Probe>,
    /// What was found out, frame by frame.
    pub findings: &'a [Finding],
}

/// A frame that something is known about.
#[derive(Clone, Copy)]
struct Known<'a> {
    probe: &'a Probe,
    case: &'a Case,
    said: &'a [Judged],
}

impl Frames<'_> {
    fn known(&self) -> impl Iterator<Item = Known<'_>> {
        let cases =
            (self.probes.iter()).flat_map(|probe| probe.cases.iter().map(|case| (*probe, case)));
        cases
            .zip(self.findings)
            .filter_map(|((probe, case), finding)| {
                let Observation { judged, .. } = finding.as_ref().ok()?;
                (!judged.is_empty()).then_some(Known {
                    probe,
                    case,
                    said: judged,
                })
            })
    }
}

impl Known<'_> {
    /// Whether every hook that judged it passed it.
    fn passes(&self) -> bool {
        self.said.iter().all(Judged::passes)
    }
}

/// Counts the frames of a suite, policy by policy; none where nothing is known about any
/// of them.
pub fn count(suite: SuiteId, by_kernel: bool, frames: &[Frames<'_>]) -> Option<Counts> {
    if frames.iter().all(|frames| frames.known().next().is_none()) {
        return None;
    }
    let mut rules = Rules::default();
    let mut node_ports = NodePorts::default();
    let mut dry_run = DryRun::default();
    for frames in frames {
        rules.take(frames);
        node_ports.take(frames);
        dry_run.take(frames);
    }
    let (current, proposed, in_dry_run) = dry_run.into_counts();
    Some(Counts {
        suite,
        named_by: match by_kernel {
            true => "kernel",
            false => "interpreter",
        },
        current,
        proposed,
        rules: rules.into_counts(),
        node_ports: node_ports.into_counts(),
        in_dry_run,
    })
}
