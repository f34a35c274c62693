//! The interpreter: a second opinion on the maps, without a kernel.

use netverdict_abi::Verdict;
use netverdict_policy::interpret::judge;

use super::Work;
use crate::observation::{Judged, Observation, Seen};
use crate::suite::Finding;

/// Judges every frame by the image alone.
pub fn run(work: &Work<'_>) -> Vec<Finding> {
    (work.frames.iter())
        .map(|(_, frame)| {
            let judgement = judge(work.image, frame);
            let judged = Judged {
                reason: judgement.reason,
                rule: judgement.rule,
            };
            Ok(Observation {
                seen: seen(judged),
                judged: Some(judged),
                witness: None,
            })
        })
        .collect()
}

/// What can be seen of a frame where there is no wire.
pub(super) fn seen(judged: Judged) -> Seen {
    match judged.reason.verdict() {
        Verdict::Pass => Seen::Passed,
        Verdict::Drop => Seen::Dropped,
        Verdict::Abort => Seen::Aborted,
    }
}
