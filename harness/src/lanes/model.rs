//! The interpreter: a second opinion on the maps, without a kernel.

use netverdict_abi::Verdict;
use netverdict_policy::image::Key;
use netverdict_policy::interpret::{Memory, judge_noting};

use super::{Staged, Work};
use crate::observation::{Judged, Observation, Seen};
use crate::suite::Finding;

/// Judges every frame by the image alone, hook by hook.
pub fn run(work: &Work<'_>) -> Vec<Finding> {
    run_noting(work, &mut |_, _| {})
}

/// The same; `note` is told every entry that a look-up finds for the frame of this
/// index.
pub fn run_noting(work: &Work<'_>, note: &mut impl FnMut(usize, Key)) -> Vec<Finding> {
    let mut observations: Vec<Option<Observation>> = vec![None; work.len()];
    for index in &work.alone {
        observations[*index] = Some(travel(work, *index, &mut Memory::untracked(), note));
    }
    for sequence in &work.sequences {
        let mut memory = Memory::tracking();
        for index in sequence {
            observations[*index] = Some(travel(work, *index, &mut memory, note));
        }
    }
    (observations.into_iter())
        .map(|observation| Ok(observation.expect("every frame is alone or in a sequence")))
        .collect()
}

/// Judges the frames of every stage in order, in one memory; findings in the same
/// order.
pub fn in_stages(stages: &[Staged<'_>]) -> Vec<Finding> {
    in_stages_noting(stages, &mut |_, _| {})
}

/// The same; `note` is told every entry that a look-up finds for a frame, by the
/// finding's index.
pub fn in_stages_noting(stages: &[Staged<'_>], note: &mut impl FnMut(usize, Key)) -> Vec<Finding> {
    let mut memory = Memory::tracking();
    let mut findings = Vec::new();
    for Staged { work, connections } in stages {
        memory.policy_replaced(*connections);
        let from = findings.len();
        let mut note = |index: usize, key: Key| note(from + index, key);
        let judged = (0..work.len()).map(|index| travel(work, index, &mut memory, &mut note));
        findings.extend(judged.map(Ok));
    }
    findings
}

fn travel(
    work: &Work<'_>,
    index: usize,
    memory: &mut Memory,
    note: &mut impl FnMut(usize, Key),
) -> Observation {
    let legs = &work.cases[index].journey.legs;
    let mut judged = Vec::with_capacity(legs.len());
    for (leg, frame) in legs.iter().zip(&work.frames[index].legs) {
        let judgement = judge_noting(work.image, leg.point, frame, memory, &mut |key| {
            note(index, key);
        });
        let here = Judged {
            point: leg.point,
            reason: judgement.reason,
            rule: judgement.rule,
            proposed: judgement.proposed,
        };
        judged.push(here);
        if !here.passes() {
            break;
        }
    }
    Observation {
        seen: seen(&judged),
        judged,
        witness: None,
    }
}

/// What can be seen of a frame where there is no wire.
pub(super) fn seen(judged: &[Judged]) -> Seen {
    match judged.last().map(|last| last.reason.verdict()) {
        None => Seen::NotSeen,
        Some(Verdict::Pass) => Seen::Passed,
        Some(Verdict::Drop) => Seen::Dropped,
        Some(Verdict::Abort) => Seen::Aborted,
    }
}
