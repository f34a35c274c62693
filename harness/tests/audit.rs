//! `netverdict audit`: what is printed, and the code it ends with.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

const INCIDENT: &str = "scenarios/incident";

fn audit(args: &[&str]) -> (Option<i32>, String, String) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO_BIN_EXE_netverdict"))
        .current_dir(workspace)
        .arg("audit")
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

/// The ids of findings that count and are at least warnings, by the JSON of a run.
fn counting(stdout: &str) -> BTreeSet<String> {
    let document: Value = serde_json::from_str(stdout).expect("JSON");
    let findings = document["findings"].as_array().expect("a list");
    let counts = |it: &&Value| it["standing"] == "counts" && it["severity"] != "note";
    (findings.iter().filter(counts))
        .map(|it| it["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// The incident's files in a folder of their own, and the path of a scenario there whose
/// text was changed.
fn changed(scenario: &str, change: impl Fn(String) -> String) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let incident = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(INCIDENT);
    let manifests = folder.path().join("manifests");
    std::fs::create_dir(&manifests).expect("a folder");
    for entry in std::fs::read_dir(incident.join("manifests")).expect("a folder") {
        let entry = entry.expect("a file");
        std::fs::copy(entry.path(), manifests.join(entry.file_name())).expect("a copy");
    }
    let text = std::fs::read_to_string(incident.join(scenario)).expect("a scenario");
    let path = folder.path().join(scenario);
    std::fs::write(&path, change(text)).expect("a file");
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn the_incident_names_the_wildcard_the_bypass_and_the_empty_allow_list() {
    let without_xfail = |text: String| -> String {
        let lines: Vec<&str> = text.lines().collect();
        let begin = lines.iter().position(|it| it.starts_with("xfail:"));
        let begin = begin.expect("it is expected to fail");
        [&lines[..begin], &lines[begin + 3..]].concat().join("\n")
    };
    let (_folder, plain) = changed("as-deployed.yaml", without_xfail);
    for path in ["scenarios/incident/as-deployed.yaml", &plain] {
        let (code, stdout, stderr) = audit(&[path, "-o", "json"]);
        assert_eq!(code, Some(1), "{stderr}");
        let expected = [
            "prefilter-bypass",
            "prefilter-default-pass",
            "prefilter-empty-allow-list",
            "wildcard-cidr",
        ];
        let found = counting(&stdout);
        assert!(found.iter().eq(&expected.map(str::to_owned)), "{found:?}");
        assert!(stdout.contains("default/inventory 50051/tcp (NodePort 30007/tcp)"));
    }
}

#[test]
fn the_fix_has_no_finding_but_notes_and_one_that_may_stay() {
    let (code, stdout, _) = audit(&["scenarios/incident/fixed.yaml"]);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("prefilter-default-pass stays, allowed at"));
    assert!(stdout.contains("0 errors, 0 warnings, 3 notes; 1 suppressed or accepted"));
    let (code, ..) = audit(&["scenarios/incident/fixed.yaml", "--fail-on", "note"]);
    assert_eq!(code, Some(1));
    let without_reason = |text: String| -> String {
        text.replace(
            " because the policy behind is asked",
            "; the policy behind is asked",
        )
    };
    let (_folder, path) = changed("fixed.yaml", without_reason);
    let (code, stdout, _) = audit(&[&path, "-o", "json"]);
    assert_eq!(code, Some(1));
    let expected = ["prefilter-default-pass", "suppression-invalid"];
    assert!(counting(&stdout).iter().eq(&expected.map(str::to_owned)));
}

#[test]
fn what_is_wrong_is_said_beside_what_was_found() {
    let misspelt = |text: String| text.replace("why: >-", "wy: >-");
    let (_folder, path) = changed("as-deployed.yaml", misspelt);
    let (code, stdout, stderr) = audit(&[&path, "-o", "json"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("unknown-key") && stderr.contains("did you mean 'why'?"));
    assert!(counting(&stdout).contains("wildcard-cidr"));
    let document: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(document["problems"][0]["code"], "unknown-key");
}

#[test]
fn a_service_may_be_marked_public_by_a_mark_of_ones_own() {
    let policy = "scenarios/incident/manifests/inventory-policy-open.yaml";
    let service = "scenarios/incident/manifests/inventory-service.yaml";
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: i, labels: {app: inventory}}}";
    let folder = tempfile::tempdir().expect("a folder");
    let pod_file = folder.path().join("pod.yaml");
    std::fs::write(&pod_file, pod).expect("a file");
    let paths = [policy, service, pod_file.to_str().expect("UTF-8")];
    let (code, stdout, _) = audit(&[&paths[..], &["--fail-on", "error"]].concat());
    assert_eq!(code, Some(1), "{stdout}");
    let marked = [&paths[..], &["--public-mark", "app=inventory"]].concat();
    let (code, stdout, _) = audit(&marked);
    assert_eq!(code, Some(0), "{stdout}");
}

#[test]
fn every_rule_has_a_page() {
    let (code, list, _) = audit(&["--list-rules"]);
    assert_eq!(code, Some(0));
    let ids: Vec<&str> = list.lines().filter_map(|it| it.split(' ').next()).collect();
    assert!(ids.contains(&"wildcard-cidr") && ids.len() > 20, "{ids:?}");
    for id in ids {
        let (code, page, _) = audit(&["--explain", id]);
        assert_eq!(code, Some(0), "{id}");
        assert!(page.starts_with(&format!("# {id} (")), "{page}");
        assert!(page.contains("## What to do"), "{page}");
    }
    let (code, _, stderr) = audit(&["--explain", "wildcard-cidrs"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("did you mean 'wildcard-cidr'?"), "{stderr}");
}

#[test]
fn exit_codes() {
    let empty = tempfile::tempdir().expect("a folder");
    let empty = empty.path().to_str().expect("UTF-8");
    for (args, code, said) in [
        (&[empty][..], 5, "no scenario and no manifest found"),
        (&["nowhere.yaml"], 2, "cannot read nowhere.yaml"),
        (&[], 2, "required"),
        (&["x.yaml", "--wildcard-share", "101"], 2, "from 0 to 100"),
        (
            &["x.yaml", "--public-mark", "=x"],
            2,
            "expected KEY or KEY=VALUE",
        ),
        (&["x.yaml", "--fail-on", "nothing"], 2, "possible values"),
    ] {
        let (found, _, stderr) = audit(args);
        assert_eq!(found, Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
}

#[test]
fn forged_sources_are_told_of() {
    let scenario = "scenarios/prefilter/forged-private-source.yaml";
    let (code, stdout, _) = audit(&[scenario]);
    assert_eq!(code, Some(0), "{stdout}");
    assert_eq!(
        stdout.matches("forgeable-source stays").count(),
        2,
        "{stdout}"
    );
}

/// A policy in dry run guards nobody: a Service whose backends only such a policy selects
/// is open, and that the annotation was left on is told as well.
#[test]
fn a_policy_in_dry_run_guards_no_service() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("inventory.yaml");
    for (dry_run, open) in [("true", true), ("false", false)] {
        let text = format!(
            "apiVersion: v1
kind: Service
metadata: {{ name: inventory }}
spec:
  type: NodePort
  selector: {{ app: inventory }}
  ports: [{{ port: 50051, targetPort: 50051, nodePort: 30007, protocol: TCP }}]
---
apiVersion: v1
kind: Pod
metadata: {{ name: inventory, labels: {{ app: inventory }} }}
spec: {{ containers: [{{ name: c, image: i }}] }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{ name: inventory, annotations: {{ policy.cilium.io/dry-run: \"{dry_run}\" }} }}
spec:
  podSelector: {{ matchLabels: {{ app: inventory }} }}
  policyTypes: [Ingress]
  ingress: [{{ from: [{{ ipBlock: {{ cidr: 10.0.0.0/8 }} }}] }}]
"
        );
        std::fs::write(&path, text).expect("a file");
        let (code, out, err) = audit(&[path.to_str().expect("UTF-8"), "--output", "json"]);
        assert_eq!(code, Some(i32::from(open)), "{out}{err}");
        let ids = counting(&out);
        for id in ["service-without-policy", "dry-run-left-on"] {
            assert_eq!(ids.contains(id), open, "{dry_run}: {id} in {ids:?}");
        }
    }
}
