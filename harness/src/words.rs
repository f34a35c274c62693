//! The words that events and explanations share.

mod rule;

use netverdict_abi::Verdict as FilterVerdict;
use netverdict_policy::journey::Point;
use netverdict_policy::scenario::Expect;
use netverdict_policy::topology::TopologyPlan;

use crate::observation::Seen;

pub use rule::{rule_words, unit_words};

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

/// `at the uplink`, `leaving frontend (egress)`, `before inventory (ingress)`.
pub fn hook_name(topology: &TopologyPlan, point: Point) -> String {
    match point {
        Point::Uplink => "at the uplink".to_owned(),
        Point::Egress(workload) => {
            format!("leaving {} (egress)", topology.workloads[workload].name)
        }
        Point::Ingress(workload) => {
            format!("before {} (ingress)", topology.workloads[workload].name)
        }
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
