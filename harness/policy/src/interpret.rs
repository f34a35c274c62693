//! The filter's meaning in user space: a second opinion on what a map image does
//! to the bytes of a frame, without privileges.

mod parse;

use netverdict_abi::Reason;

use crate::image::{MapImage, RuleId};
use crate::journey::Point;

/// What the filter does with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Why; it implies the verdict.
    pub reason: Reason,
    /// The rule that decided.
    pub rule: RuleId,
}

/// The maps that the filter itself writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// [`netverdict_abi::Mode::TRACK`].
    pub tracks: bool,
}

impl Memory {
    /// Nothing seen yet; flows that a prefilter let bypass the policy are
    /// remembered, and nothing else.
    pub fn untracked() -> Memory {
        Memory { tracks: false }
    }

    /// Nothing seen yet; everything is remembered.
    pub fn tracking() -> Memory {
        Memory { tracks: true }
    }
}

/// Judges the bytes of a frame at a hook by `image`, in the order that [`Reason`]
/// lays down.
pub fn judge(image: &MapImage, point: Point, frame: &[u8], memory: &mut Memory) -> Judgement {
    let _ = (image, point, frame, memory);
    todo!()
}
