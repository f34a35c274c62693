//! `run --dry-run-policy`, and what is counted of policies in dry run.

#[expect(dead_code, reason = "what privileged trials need is not needed here")]
mod program;

use std::fs;
use std::process::Output;

use program::command;
use serde_json::Value;

/// A run in the model, and its events.
fn run(args: &[&str]) -> (Output, Vec<Value>) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command(["run", "--lane", "model", "--report-dir"])
        .arg(folder.path())
        .args(args)
        .output()
        .expect("the program starts");
    let events = fs::read_to_string(folder.path().join("events.jsonl")).expect("events");
    let events = (events.lines())
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    (output, events)
}

fn of_type<'e>(events: &'e [Value], wanted: &str) -> Vec<&'e Value> {
    (events.iter())
        .filter(|event| event["type"] == wanted)
        .collect()
}

/// The verdicts on frames of a probe: of the policy, and what is proposed, behind the last
/// hook.
fn frames(events: &[Value], probe: &str) -> Vec<(Value, Value)> {
    let verdicts = of_type(events, "verdict");
    let named = verdicts.iter().filter(|verdict| verdict["probe"] == probe);
    (named.flat_map(|verdict| verdict["cases"].as_array().expect("cases")))
        .map(|case| {
            let hooks = case["filter"].as_array().expect("hooks");
            let last = hooks.last().expect("a hook");
            (last["verdict"].clone(), last["proposed"]["verdict"].clone())
        })
        .collect()
}

#[test]
fn in_dry_run_policies_drop_nothing_and_probes_are_held_against_what_would_be() {
    let scenario = "scenarios/incident/fixed.yaml";
    let (without, _) = run(&[scenario]);
    assert_eq!(without.status.code(), Some(0));
    assert!(!String::from_utf8_lossy(&without.stderr).contains("dry run"));

    let (output, events) = run(&[scenario, "--dry-run-policy", "--no-xfail"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("decides about no frame"), "{said}");
    assert!(said.contains("Prefilters stay in force"), "{said}");
    let proposals = of_type(&events, "verdict").len();
    assert!(proposals > 0);

    // Where nothing else drops, frames pass that the policy would drop.
    let (output, events) = run(&["scenarios/dry-run", "--dry-run-policy"]);
    assert_eq!(output.status.code(), Some(0));
    let newly = frames(&events, "partner-in-plain-text");
    assert_eq!(newly, [(Value::from("pass"), Value::from("drop"))]);
}

#[test]
fn what_connections_decide_is_no_mismatch_of_a_dry_run() {
    let (output, events) = run(&["scenarios/sequences", "scenarios/live", "--dry-run-policy"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let skipped: Vec<&str> = (of_type(&events, "verdict").into_iter())
        .filter(|verdict| verdict["skipped"] == "remembers-what-passes")
        .filter_map(|verdict| verdict["probe"].as_str())
        .collect();
    assert!(
        skipped.contains(&"the-answer-to-what-was-not-taken"),
        "{skipped:?}"
    );
    assert!(
        skipped.contains(&"a-customer-connects-again"),
        "{skipped:?}"
    );
    assert!(skipped.len() < 12, "{skipped:?}");
}

#[test]
fn what_is_to_be_run_again_is_run_the_same_way() {
    let (_, events) = run(&["scenarios/dry-run", "--dry-run-policy"]);
    for verdict in of_type(&events, "verdict") {
        let rerun = verdict["rerun"].as_str().expect("a command");
        assert!(rerun.contains("--dry-run-policy"), "{rerun}");
    }
}

/// What is in force and what is proposed stand side by side, and what each policy in dry
/// run would change has its line and a frame.
#[test]
fn the_report_sets_both_policies_side_by_side() {
    let (output, events) = run(&["scenarios/dry-run"]);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "dry run: scenarios/dry-run/proposed.yaml [model], 23 frames as the interpreter judged them",
        "        pass         20         11",
        "        drop          3         12",
        "  CiliumNetworkPolicy default/no-plain-text (scenarios/dry-run/manifests/web.yaml:41:5)",
        "    would newly drop 2 frames, such as",
        "      IPv4 10.244.0.3:40000 > 10.244.0.2:80/tcp SYN",
        "    would newly pass 1 frame, such as",
        "      of probe partner-newly-passes, by scenarios/dry-run/manifests/web.yaml:43:18",
        "    would change nothing about these frames",
    ] {
        assert!(out.lines().any(|said| said == line), "{line}\n{out}");
    }
    let counts = of_type(&events, "counts");
    assert_eq!(counts.len(), 1);
    assert_eq!(counts[0]["proposed"]["dropped"], 12);
    assert_eq!(counts[0]["in_dry_run"][1]["newly_drops"]["frames"], 2);

    let (output, _) = run(&["scenarios/incident"]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("dry run"));
}

/// Every policy of the incident in dry run: the prefilter still drops, and the report says
/// what the policy would.
#[test]
fn prefilters_stay_in_force() {
    let (output, events) = run(&["scenarios/incident/fixed.yaml", "--dry-run-policy"]);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(
        out.contains("CiliumNetworkPolicy default/inventory"),
        "{out}"
    );
    let verdicts = of_type(&events, "verdict");
    let cases = (verdicts.iter()).flat_map(|verdict| verdict["cases"].as_array().expect("cases"));
    let reasons: Vec<&str> = (cases.flat_map(|case| case["filter"].as_array().expect("hooks")))
        .filter_map(|hook| hook["reason"].as_str())
        .collect();
    assert!(reasons.contains(&"prefilter-allow"), "{reasons:?}");
    assert!(!reasons.contains(&"policy-no-match"), "{reasons:?}");
}
