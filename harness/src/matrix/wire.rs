//! Connections as frames on a wire: sent by whoever begins them, past the attached
//! filter, and held to the same evidence as the frames of a scenario.

use netverdict_policy::frame::{ProbeId, describe};
use netverdict_policy::image::MapImage;
use netverdict_policy::journey::{Point, Sender, Target, route};
use netverdict_policy::matrix::{Connection, World};
use netverdict_policy::model::Policy;
use netverdict_policy::scenario::Case;
use netverdict_policy::topology::TopologyPlan;

use super::judge::{JudgeError, Reasons, Seen};
use crate::lane::Mode;
use crate::lanes::Work;
use crate::lanes::kernel::Kernel;
use crate::observation::{self, Judged, Observation, Witness};
use crate::suite::{Finding, NoFinding};

/// A lab with the filter, and a policy in force.
#[derive(Debug)]
pub struct OnWire<'a> {
    kernel: Kernel,
    mode: Mode,
    image: &'a MapImage,
    topology: TopologyPlan,
}

impl<'a> OnWire<'a> {
    /// The filter loaded, with room for the image. The network is that of
    /// `topology`, its addresses those of `policy`.
    ///
    /// # Errors
    /// Where the kernel refuses the filter.
    pub fn load(
        object: &[u8],
        mode: Mode,
        topology: &TopologyPlan,
        policy: &Policy,
        image: &'a MapImage,
    ) -> Result<OnWire<'a>, JudgeError> {
        let mut topology = topology.clone();
        topology.node.clone_from(&policy.node.addresses);
        for (planned, workload) in topology.workloads.iter_mut().zip(&policy.workloads) {
            planned.addresses.clone_from(&workload.addresses);
        }
        Ok(OnWire {
            kernel: Kernel::load(object, image.sizes(), None)?,
            mode,
            image,
            topology,
        })
    }

    /// What the hooks did with the first packet of each connection, and counted of
    /// their reasons; `None` where it cannot be sent, or not be seen at all of its
    /// hooks. Behind a hook that drops it, no other sees it.
    ///
    /// # Errors
    /// Where the kernel refuses, or the evidence is not whole.
    pub(super) fn answer(
        &mut self,
        world: &World<'_>,
        connections: &[Connection],
        reasons: &mut Reasons,
    ) -> Result<Vec<Option<Seen>>, JudgeError> {
        let mut answers = vec![None; connections.len()];
        let (mut senders, mut cases) = (Vec::new(), Vec::new());
        for (index, connection) in connections.iter().enumerate() {
            let sender = match connection.hooks(world) {
                // Nobody judges it: there is nothing to see.
                [None, None] => {
                    answers[index] = Some([None; 2]);
                    continue;
                }
                [Some(Point::Uplink), _] => Sender::Outside,
                [Some(Point::Egress(workload)), _] => Sender::Workload(workload),
                // What the node itself sends comes by no link.
                [None | Some(Point::Ingress(_)), _] => continue,
            };
            senders.push(index);
            cases.push(Case {
                label: String::new(),
                journey: route(&self.topology, sender, connection.first_packet(world)),
            });
        }
        let observations = self.send(&cases)?;
        for (index, observation) in senders.into_iter().zip(observations) {
            let hooks = connections[index].hooks(world);
            answers[index] = at(hooks, &observation.judged, reasons);
        }
        Ok(answers)
    }

    /// What was seen of each frame.
    ///
    /// # Errors
    /// Where the kernel refuses, or the evidence is not whole.
    pub fn send(&mut self, cases: &[Case]) -> Result<Vec<Observation>, JudgeError> {
        if cases.is_empty() {
            return Ok(Vec::new());
        }
        let work = Work::of_cases(&self.topology, self.image, cases, ProbeId(1))?;
        let findings = self.kernel.wire(self.mode, &work)?;
        (cases.iter().zip(findings))
            .map(|(case, finding)| whole(case, finding))
            .collect()
    }
}

/// The verdicts at these hooks, if the packet was seen at as many of them as
/// decide.
fn at(hooks: [Option<Point>; 2], judged: &[Judged], reasons: &mut Reasons) -> Option<Seen> {
    let mut seen = [None; 2];
    let mut counted = Vec::with_capacity(2);
    for (seen, point) in seen.iter_mut().zip(hooks) {
        let Some(point) = point else { continue };
        let here = judged.iter().find(|judged| judged.point == point)?;
        *seen = Some(here.reason.verdict());
        counted.push(here);
        if !here.passes() {
            break;
        }
    }
    for judged in counted {
        reasons[judged.point.hook() as usize][judged.reason as usize] += 1;
    }
    Some(seen)
}

/// The observation, if something follows from it.
fn whole(case: &Case, finding: Finding) -> Result<Observation, JudgeError> {
    let inconclusive = |why: &str| {
        let frame = describe(case.journey.frame());
        Err(JudgeError::Inconclusive(format!("{frame}: {why}")))
    };
    let observation = match finding {
        Ok(observation) => observation,
        Err(NoFinding::Inconclusive(why)) => return inconclusive(&why),
        Err(NoFinding::Skipped(reason)) => return inconclusive(&reason.to_string()),
    };
    let nobody = matches!(case.journey.target, Target::Undeliverable(_));
    match (observation.seen, observation.witness) {
        (observation::Seen::NotSeen, _) => inconclusive("it left no trace"),
        (observation::Seen::Rejected, _) => inconclusive("something answered it"),
        (observation::Seen::PassedThenLost, _) if !nobody => {
            inconclusive("the filter passed it, and it did not arrive")
        }
        (
            observation::Seen::Dropped | observation::Seen::Aborted,
            None | Some(Witness::Vacuous),
        ) => inconclusive("it was dropped, and could not have arrived either way"),
        (
            observation::Seen::Passed
            | observation::Seen::Delivered
            | observation::Seen::PassedThenLost
            | observation::Seen::Dropped
            | observation::Seen::Aborted,
            _,
        ) => Ok(observation),
    }
}

#[cfg(test)]
mod tests {
    use netverdict_abi::{REASON_COUNT, Reason, Verdict};
    use netverdict_policy::image::RuleId;

    use super::*;

    #[test]
    fn what_was_not_seen_where_it_counts_is_no_answer() {
        let judged = |reasons: &[(Point, Reason)]| -> Vec<Judged> {
            (reasons.iter())
                .map(|(point, reason)| Judged {
                    point: *point,
                    reason: *reason,
                    rule: RuleId(0),
                    proposed: None,
                })
                .collect()
        };
        let (sends, receives) = (Point::Egress(0), Point::Ingress(1));
        let hooks = [Some(sends), Some(receives)];
        let (pass, drop) = (Reason::PolicyAllow, Reason::PolicyNoMatch);
        for (hooks, judged, expected) in [
            (
                hooks,
                judged(&[(sends, pass), (receives, drop)]),
                Some([Some(Verdict::Pass), Some(Verdict::Drop)]),
            ),
            (
                hooks,
                judged(&[(sends, drop)]),
                Some([Some(Verdict::Drop), None]),
            ),
            // It passed the first and was never seen at the second: not open.
            (hooks, judged(&[(sends, pass)]), None),
            (hooks, judged(&[(receives, pass)]), None),
            (hooks, Vec::new(), None),
            // What becomes of it behind its last hook is another's story.
            (
                [Some(sends), None],
                judged(&[(sends, pass), (receives, drop)]),
                Some([Some(Verdict::Pass), None]),
            ),
        ] {
            let mut reasons = [[0; REASON_COUNT]; 3];
            assert_eq!(at(hooks, &judged, &mut reasons), expected, "{judged:?}");
            let counted: u64 = reasons.as_flattened().iter().sum();
            let seen = expected.map_or(0, |seen| seen.iter().flatten().count());
            assert_eq!(counted, seen as u64, "{judged:?}");
        }
    }
}
