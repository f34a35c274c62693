//! The words that events and explanations share.

use netverdict_abi::Verdict as FilterVerdict;
use netverdict_policy::scenario::Expect;

use crate::observation::Seen;

/// `pass` or `drop`.
pub const fn expect_name(expect: Expect) -> &'static str {
    match expect {
        Expect::Pass => "pass",
        Expect::Drop => "drop",
    }
}

/// `pass`, `drop` or `abort`.
pub const fn verdict_name(verdict: FilterVerdict) -> &'static str {
    match verdict {
        FilterVerdict::Pass => "pass",
        FilterVerdict::Drop => "drop",
        FilterVerdict::Abort => "abort",
    }
}

/// What was seen, in a word.
pub const fn seen_name(seen: Seen) -> &'static str {
    match seen {
        Seen::Passed => "passed",
        Seen::Delivered => "delivered",
        Seen::PassedThenLost => "passed-then-lost",
        Seen::Dropped => "dropped",
        Seen::Aborted => "aborted",
        Seen::Rejected => "rejected",
        Seen::NotSeen => "not-seen",
    }
}

/// `1 problem`, `2 problems`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}
