//! The filter's meaning in user space: a second opinion on what a map image does
//! to the bytes of a frame, without privileges.

use netverdict_abi::Reason;

use crate::image::{MapImage, RuleId};

/// What the filter does with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Why; it implies the verdict.
    pub reason: Reason,
    /// The rule that decided.
    pub rule: RuleId,
}

/// Judges the bytes of a frame by `image`.
pub fn judge(_image: &MapImage, _frame: &[u8]) -> Judgement {
    Judgement {
        reason: Reason::NotIp,
        rule: RuleId::NONE,
    }
}
