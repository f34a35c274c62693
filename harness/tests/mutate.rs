//! `netverdict mutate`: what is printed, and the code it ends with.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const FIXED: &str = "scenarios/incident/fixed.yaml";

fn mutate(args: &[&str]) -> (Option<i32>, String, String) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO_BIN_EXE_netverdict"))
        .current_dir(workspace)
        .arg("mutate")
        .args(args)
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn the_fixed_incident_kills_every_mutant_that_is_one() {
    // when
    let (code, stdout, _) = mutate(&[FIXED, "-o", "json", "--min-score", "100"]);

    // then
    assert_eq!(code, Some(0));
    let document: Value = serde_json::from_str(&stdout).expect("JSON");
    let mutants = document["scenarios"][0]["mutants"]
        .as_array()
        .expect("mutants");
    let outcome = |words: &str| {
        let one = mutants.iter().find(|it| it["words"] == words).expect(words);
        (one["outcome"].as_str(), one["probe"].as_str())
    };
    let scanner = (Some("killed"), Some("scanner-to-inventory"));
    assert_eq!(outcome("10.0.0.0/8 became 0.0.0.0/0"), scanner);
    assert_eq!(outcome("fd00::/8 became ::/0"), scanner);
    assert_eq!(outcome("the bypass is switched on"), scanner);
    let is_left = |it: &&Value| it["outcome"] != "killed" && it["outcome"] != "equivalent";
    let left: Vec<&Value> = mutants.iter().filter(is_left).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(document["kernel_asked"], false);
}

#[test]
fn exit_codes() {
    for (args, code, said) in [
        (&[FIXED][..], 0, ""),
        (&["scenarios/cidr/except.yaml"], 0, ""),
        (
            &["scenarios/cidr/except.yaml", "--min-score", "100"],
            1,
            "less than 100 % (--min-score)",
        ),
        (&["scenarios/cidr/except.yaml", "--min-score", "50"], 0, ""),
        (&[FIXED, "--min-score", "101"], 2, "from 0 to 100"),
        (&[FIXED, "--limit", "0"], 2, "0 is not in"),
        (&["no-such-file.yaml"], 2, "no-such-file.yaml"),
        // Nothing that could be noticed: known faults, and manifests.
        (
            &["scenarios/incident/as-deployed.yaml"],
            5,
            "nothing was selected",
        ),
        (
            &["scenarios/incident/manifests/inventory-service.yaml"],
            5,
            "manifests have no probes",
        ),
    ] {
        let (found, _, stderr) = mutate(args);
        assert_eq!(found, Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
}

#[test]
fn known_faults_are_skipped_and_named() {
    let (code, stdout, _) = mutate(&["scenarios/incident"]);
    assert_eq!(code, Some(0));
    for skipped in ["as-deployed", "bypass-only", "cidr-only"] {
        let said = format!("skipped: scenarios/incident/{skipped}.yaml has xfail");
        assert!(stdout.contains(&said), "{stdout}");
    }
    assert!(
        stdout.contains("in 1 scenario; 3 skipped (xfail)"),
        "{stdout}"
    );
}
