//! Policies that change under traffic, a thousand times.

use libtest_mimic::{Failed, Trial};

use crate::program::privileged;
use crate::run::{junit, run_into};

/// Changes of the policy.
const SWAPS: &str = "1000";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        privileged("live: 1,000 changes under traffic, native", || {
            unharmed("native")
        }),
        privileged("live: 1,000 changes under traffic, generic", || {
            unharmed("generic")
        }),
    ]
}

const SCENARIO: &str = "scenarios/live/first-policy-leaves.yaml";

/// Flows that pass either way, by numbers that change, and one that passes only
/// after: none of their frames is judged by anything but one policy at a hook.
fn unharmed(mode: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let args = [
        SCENARIO, "--lane", "wire", "--mode", mode, "--swaps", SWAPS, "-o", "json",
    ];
    let run = run_into(folder.path(), &args).expect(0)?;
    let events: Result<Vec<serde_json::Value>, _> =
        run.stdout.lines().map(serde_json::from_str).collect();
    let events = events?;
    let step = (events.iter())
        .find(|event| event["type"] == "step")
        .ok_or_else(|| Failed::from(format!("no step in {events:?}")))?;
    let count = |key: &str| step[key].as_u64().unwrap_or(0);
    let fits = step["outcome"] == "match"
        && count("swaps") == 1_000
        && count("wrong") == 0
        && count("frames") > 400_000
        && count("between") > 0
        && count("flips") > 0
        && step["window_micros"]
            .as_f64()
            .is_some_and(|window| window > 0.0);
    if !fits {
        return Err(step.to_string().into());
    }
    // A step is a test case like any other.
    let report = junit(folder.path())?;
    match report.contains("<testcase name=\"step leave\"") {
        true => Ok(()),
        false => Err(format!("the step is not in\n{report}").into()),
    }
}
