//! Which rules and map entries decide: the kernel names them as the interpreter does.

use std::collections::BTreeMap;
use std::fs;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::program::privileged;
use crate::run::run_into;

pub(crate) fn trials() -> Vec<Trial> {
    vec![privileged(
        "rules: every lane names the same in every scenario",
        every_lane_names_the_same,
    )]
}

const CUT: &str = "scenarios/regressions/cut-frame-in-a-sequence.yaml";

/// Of each scenario, its rules and its maps, with what decided and what was found.
type Named = BTreeMap<String, (Value, Value)>;

fn every_lane_names_the_same() -> Result<(), Failed> {
    let interpreted = named(&["--lane", "model"], "interpreter")?;
    assert!(interpreted.len() > 50, "there are scenarios");
    for lane in [
        &["--lane", "model,testrun"][..],
        &["--lane", "wire", "--mode", "native"],
        &["--lane", "wire", "--mode", "generic"],
    ] {
        let by_kernel = named(lane, "kernel")?;
        for (scenario, expected) in &interpreted {
            // What follows a frame that is cut on its way is skipped on the wire.
            if lane.contains(&"wire") && scenario == CUT {
                continue;
            }
            let (rules, maps) = expected;
            let seen = by_kernel
                .get(scenario)
                .ok_or(format!("{lane:?}: {scenario} is missing"))?;
            if (rules, maps) != (&seen.0, &seen.1) {
                return Err(format!(
                    "{scenario}, {lane:?}:\n{rules:#}\n{maps:#}\n<---- but\n{:#}\n{:#}",
                    seen.0, seen.1
                )
                .into());
            }
        }
    }
    Ok(())
}

fn named(lane: &[&str], named_by: &str) -> Result<Named, Failed> {
    let folder = tempfile::tempdir()?;
    run_into(folder.path(), &[&["scenarios"], lane].concat()).expect(0)?;
    let events = fs::read_to_string(folder.path().join("events.jsonl"))?;
    let mut named = Named::new();
    for line in events.lines() {
        let mut event: Value = serde_json::from_str(line)?;
        if event["type"] != "rule-hits" {
            continue;
        }
        if event["named_by"] != named_by || event["unknown_lookups"] != 0 {
            return Err(format!("{lane:?}: {event:#}").into());
        }
        let scenario = event["suite"]["scenario"].as_str().unwrap_or_default();
        let scenario = scenario.to_owned();
        named.insert(scenario, (event["rules"].take(), event["maps"].take()));
    }
    Ok(named)
}
