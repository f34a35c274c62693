//! Who is held against the policy.

use netverdict_abi::{REASON_COUNT, Verdict};
use netverdict_lab::filter::{Filter, FilterError};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret;
use netverdict_policy::journey::Point;
use thiserror::Error;

use crate::matrix::judge::{JudgeError, Reasons, verdict};

/// A party with a policy in force. Several threads may ask it at once.
#[derive(Clone, Copy, Debug)]
pub enum Party<'a> {
    /// The program in the kernel, by test runs.
    Kernel(&'a Filter),
    /// The interpreter of the compiled image.
    Model(&'a MapImage),
}

/// Why nothing can be proven. The texts fit behind "failed to".
#[derive(Debug, Error)]
pub enum ProveError {
    /// The kernel refuses.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The program returned what is no verdict, or a frame cannot be judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// A frame cannot be built.
    #[error("build the frames: {0}")]
    Frame(#[from] netverdict_policy::frame::FrameError),
}

/// No frame judged yet.
pub const NONE: Reasons = [[0; REASON_COUNT]; 3];

impl Party<'_> {
    /// What it is called in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Party::Kernel(_) => "kernel",
            Party::Model(_) => "interpreter",
        }
    }

    /// What it does with a frame at a hook. The interpreter counts its reasons in
    /// `counts`, as the kernel does in counters of its own.
    #[inline]
    pub(super) fn verdict(
        self,
        point: Point,
        frame: &[u8],
        counts: &mut Reasons,
    ) -> Result<Verdict, ProveError> {
        match self {
            Party::Kernel(filter) => {
                let action = filter.test_run(point.hook(), frame)?;
                Ok(verdict(point, action)?)
            }
            Party::Model(image) => {
                let mut memory = interpret::Memory::untracked();
                let reason = interpret::judge(image, point, frame, &mut memory).reason;
                counts[point.hook() as usize][reason as usize] += 1;
                Ok(reason.verdict())
            }
        }
    }
}
