//! Baselines: today's findings are accepted, new ones are not.

use std::fs;
use std::path::Path;

use serde_json::Value;

mod started;

use started::netverdict;

const POLICY: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: open, namespace: default }
spec:
  podSelector: { matchLabels: { app: shop } }
  policyTypes: [Ingress]
  ingress:
    - from: [{ ipBlock: { cidr: 0.0.0.0/0 } }]
---
apiVersion: v1
kind: Pod
metadata: { name: shop, namespace: default, labels: { app: shop } }
spec: { containers: [{ name: shop, image: shop, ports: [{ containerPort: 80 }] }] }
";

/// Audits a file: the exit code, what was printed as SARIF, and what was said.
fn audit(file: &Path, more: &[&str]) -> (i32, Value, String) {
    let file = file.to_str().expect("UTF-8");
    let args = ["audit", file, "-o", "sarif", "--fail-on", "note"];
    let (code, out, err) = netverdict(&[&args, more].concat());
    (code, serde_json::from_str(&out).unwrap_or_default(), err)
}

fn states(log: &Value) -> Vec<&str> {
    let results = log["runs"][0]["results"].as_array().expect("results");
    let state = |result: &'_ Value| -> &'static str {
        match result["baselineState"].as_str() {
            Some("new") => "new",
            Some("unchanged") => "unchanged",
            _ => "none",
        }
    };
    results.iter().map(state).collect()
}

#[test]
fn what_was_there_stays_and_what_is_new_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.yaml");
    fs::write(&file, POLICY).expect("written");
    let (code, log, err) = audit(&file, &[]);
    assert_eq!(code, 1, "{err}");
    let before = states(&log).len();
    assert!(before > 0 && states(&log).iter().all(|state| *state == "none"));

    let baseline = folder.path().join("made/baseline.json");
    let path = baseline.to_str().expect("UTF-8");
    let (code, _, err) = audit(&file, &["--write-baseline", path]);
    assert_eq!(code, 0, "{err}");
    let written = fs::read_to_string(&baseline).expect("a baseline");
    assert_eq!(written.matches("\"kind\"").count(), before, "{written}");

    // Lines move.
    fs::write(&file, format!("# moved\n\n{POLICY}")).expect("written");
    let (code, log, err) = audit(&file, &["--baseline", path]);
    assert_eq!(code, 0, "{err}");
    assert!(
        states(&log).iter().all(|state| *state == "unchanged"),
        "{log:#}"
    );

    // Another of the kind.
    let other = POLICY
        .split("---")
        .next()
        .expect("a policy")
        .replace("open", "wide");
    let other = other.replace("0.0.0.0/0", "::/0");
    fs::write(&file, format!("{POLICY}---\n{other}")).expect("written");
    let (code, log, err) = audit(&file, &["--baseline", path]);
    assert_eq!(code, 1, "{err}");
    assert!(states(&log).contains(&"new"), "{log:#}");

    // Mended: said, and no reason to fail.
    fs::write(&file, POLICY.replace("0.0.0.0/0", "10.0.0.0/8")).expect("written");
    let (_, _, err) = audit(&file, &["--baseline", path]);
    assert!(err.contains("of the baseline no longer found"), "{err}");
    assert!(err.contains("wildcard-cidr"), "{err}");
}

#[test]
fn what_is_no_baseline_is_bad_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.yaml");
    fs::write(&file, POLICY).expect("written");
    let baseline = folder.path().join("baseline.json");
    let path = baseline.to_str().expect("UTF-8");
    let (code, _, err) = audit(&file, &["--baseline", path]);
    assert_eq!(code, 2, "{err}");
    assert!(
        err.contains("baseline.json") && err.contains("--write-baseline"),
        "{err}"
    );
    fs::write(&baseline, "{}").expect("written");
    let (code, _, err) = audit(&file, &["--baseline", path]);
    assert_eq!(code, 2, "{err}");
    // A folder cannot be written.
    let (code, _, err) = audit(
        &file,
        &["--write-baseline", folder.path().to_str().expect("UTF-8")],
    );
    assert_eq!(code, 3, "{err}");
    // What cannot be read whole is no measure.
    fs::remove_file(&baseline).expect("removed");
    fs::write(&file, format!("{POLICY}---\nkind: [\n")).expect("written");
    let (code, _, err) = audit(&file, &["--write-baseline", path]);
    assert_eq!(code, 2, "{err}");
    assert!(!baseline.exists());
}
