//! SARIF logs, held against the schema that OASIS publishes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

mod started;

use started::netverdict;

/// The schema comes with a package that this one's tests depend on, and is no part of
/// this repository: whoever starts the tests says where it is, or cargo does.
fn schema() -> Value {
    let path = match std::env::var_os("NETVERDICT_SARIF_SCHEMA") {
        Some(path) => PathBuf::from(path),
        None => {
            let output = Command::new(env!("CARGO"))
                .args(["metadata", "--format-version", "1", "--offline"])
                .current_dir(started::workspace())
                .output()
                .expect("cargo starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            let packages = metadata["packages"].as_array().expect("packages");
            let package = (packages.iter()).find(|package| package["name"] == "serde-sarif");
            let manifest = package.and_then(|package| package["manifest_path"].as_str());
            let manifest = PathBuf::from(manifest.expect("a dependency of the tests"));
            manifest.with_file_name("src").join("schema.json")
        }
    };
    let text = fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// What the schema has against the log.
fn problems(log: &Value) -> Vec<String> {
    let schema = schema();
    assert!(
        schema["title"]
            .as_str()
            .expect("a title")
            .contains("SARIF) Version 2.1.0"),
        "another schema"
    );
    let validator = jsonschema::draft7::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema");
    (validator.iter_errors(log))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn valid(text: &str) -> Value {
    let log: Value = serde_json::from_str(text).expect("JSON");
    let problems = problems(&log);
    assert!(problems.is_empty(), "{problems:#?}\n{log:#}");
    log
}

/// What `run` finds in the incident, as printed and as written.
fn incident(more: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let args = [
        "run",
        "scenarios/incident",
        "--lane",
        "model",
        "-o",
        "sarif",
    ];
    let (_, out, err) = netverdict(&[&args, more, &["--report-dir", path]].concat());
    let written = fs::read_to_string(folder.path().join("results.sarif")).expect("a report");
    assert_eq!(out, written, "{err}");
    valid(&out)
}

#[test]
fn a_run_is_valid_and_points_to_the_line_at_fault() {
    let log = incident(&["--no-xfail"]);
    let run = &log["runs"][0];
    assert_eq!(run["invocations"][0]["exitCode"], 1);
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let results = run["results"].as_array().expect("results");
    let scanner = "scenarios/incident/inventory-policy-open.yaml";
    let of_policy: Vec<&Value> = (results.iter())
        .filter(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            place["artifactLocation"]["uri"].as_str() == Some(scanner)
                || place["artifactLocation"]["uri"]
                    .as_str()
                    .is_some_and(|uri| uri.ends_with("inventory-policy-open.yaml"))
        })
        .collect();
    assert!(!of_policy.is_empty(), "{results:#?}");
    for result in of_policy {
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
        let file = fs::read_to_string(started::workspace().join(uri)).expect("a file of ours");
        let number = |name: &str| {
            let number = place["region"][name].as_u64().expect("a number");
            usize::try_from(number).expect("small")
        };
        let line = file.lines().nth(number("startLine") - 1).expect("a line");
        let there = &line[number("startColumn") - 1..number("endColumn") - 1];
        assert_eq!(there, "0.0.0.0/0", "{result:#}");
        assert_eq!(result["ruleId"], "policy-mismatch");
        assert_eq!(result["level"], "error");
        assert_eq!(result["suppressions"], json!([]));
        let related = result["relatedLocations"].as_array().expect("related");
        let probe = related.last().expect("the probe");
        let remark = probe["message"]["text"].as_str().expect("a remark");
        assert!(remark.contains("expect drop"), "{remark}");
    }
    for result in results {
        let rule = &run["tool"]["driver"]["rules"]
            [result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
    }
}

#[test]
fn a_known_fault_is_suppressed_and_says_why() {
    let log = incident(&[]);
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert!(!results.is_empty());
    for result in results {
        let why = &result["suppressions"][0];
        assert_eq!(why["kind"], "inSource", "{result:#}");
        assert!(!why["justification"].as_str().expect("a reason").is_empty());
    }
}

#[test]
fn an_audit_is_valid() {
    let args = ["audit", "scenarios/incident", "-o", "sarif"];
    let (_, out, err) = netverdict(&args);
    let log = valid(&out);
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    assert!(!results.is_empty(), "{err}");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for result in results {
        let known = rules.iter().any(|rule| rule["id"] == result["ruleId"]);
        assert!(known && result["ruleIndex"].is_u64(), "{result:#}");
    }
}

#[test]
fn a_diff_is_valid() {
    let (old, new) = (
        "scenarios/incident/fixed.yaml",
        "scenarios/incident/as-deployed.yaml",
    );
    let folder = tempfile::tempdir().expect("a folder");
    for (name, from) in [("old", old), ("new", new)] {
        let below = folder.path().join(name);
        fs::create_dir(&below).expect("made");
        // Both sides have their scenario at the same path.
        let text = fs::read_to_string(started::workspace().join(from)).expect("a scenario");
        fs::write(below.join("a.yaml"), text).expect("written");
        let manifests = started::workspace().join("scenarios/incident/manifests");
        std::os::unix::fs::symlink(manifests, below.join("manifests")).expect("linked");
    }
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (old, new) = (path("old"), path("new"));
    let args = ["diff", "--lane", "model", "-o", "sarif", &old, &new];
    let (code, out, err) = netverdict(&args);
    assert_eq!(code, 1, "{err}");
    let log = valid(&out);
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert!(!results.is_empty(), "{err}");
    // Accepted, the change is no reason to fail.
    let baseline = path("baseline.json");
    let accept = [&args[..], &["--write-baseline", &baseline]].concat();
    assert_eq!(netverdict(&accept).0, 0);
    let held = [&args[..], &["--baseline", &baseline]].concat();
    assert_eq!(netverdict(&held).0, 0);
}

#[test]
fn a_run_that_cannot_begin_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let args = ["run", "scenarios/invalid", "--lane", "model", "-o", "sarif"];
    let (code, out, _) = netverdict(&[&args[..], &["--report-dir", path]].concat());
    assert_eq!(code, 2);
    let log = valid(&out);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notifications = invocation["toolExecutionNotifications"].as_array();
    assert!(notifications.is_some_and(|all| !all.is_empty()));
}

/// Fingerprints stay where lines move, and change with what the line says.
#[test]
fn a_finding_is_known_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = |before: &str, cidr: &str| {
        format!(
            "{before}name: nobody gets at the shop\n\
             topology:\n  node: {{ addresses: [192.0.2.10] }}\n  \
             workloads: {{ shop: {{ labels: {{ app: shop }} }} }}\n\
             probes: [{{ from: 198.51.100.7, to: \"shop:80/tcp\", expect: drop }}]\n---\n\
             apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: shop }}\n\
             spec:\n  podSelector: {{ matchLabels: {{ app: shop }} }}\n  ingress:\n    \
             - from: [{{ ipBlock: {{ cidr: {cidr} }} }}]\n"
        )
    };
    let fingerprint = |text: &str| {
        let file = folder.path().join("shop.yaml");
        fs::write(&file, text).expect("written");
        let output = started::command(&["run", "shop.yaml", "--lane", "model", "-o", "sarif"])
            .current_dir(folder.path())
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(1));
        let log = valid(&String::from_utf8(output.stdout).expect("UTF-8"));
        let result = &log["runs"][0]["results"][0];
        result["partialFingerprints"]["netverdictFinding/v1"].clone()
    };
    let first = fingerprint(&scenario("", "0.0.0.0/0"));
    assert!(first.is_string());
    assert_eq!(fingerprint(&scenario("# moved\n\n", "0.0.0.0/0")), first);
    assert_ne!(fingerprint(&scenario("", "198.51.100.0/24")), first);
}

/// The schema does refuse: else the tests above would show nothing.
#[test]
fn an_invalid_log_is_refused() {
    let log = incident(&["--no-xfail"]);
    for (pointer, wrong) in [
        ("/version", json!("2.0.0")),
        ("/runs/0/results/0/level", json!("fatal")),
        ("/runs/0/results/0/message", json!({})),
        ("/runs/0/results/0/ruleIndex", json!(-2)),
        (
            "/runs/0/results/0/locations/0/physicalLocation/region/startLine",
            json!(0),
        ),
        ("/runs/0/tool/driver/name", json!(null)),
        ("/runs/0/columnKind", json!("bytes")),
    ] {
        let mut broken = log.clone();
        *broken.pointer_mut(pointer).expect("it is there") = wrong;
        assert!(!problems(&broken).is_empty(), "{pointer}");
    }
}
