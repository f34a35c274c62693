//! `netverdict lab`, as far as it goes without privileges: whose lab it would be,
//! and who would be in it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

fn lab(args: &[&Path]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_netverdict"))
        .arg("lab")
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

fn pods(count: usize) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pods.yaml");
    let mut text = String::new();
    for number in 0..count {
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: Pod\n\
             metadata: {{ name: p{number}, namespace: shop, labels: {{ app: p{number} }} }}\n\
             spec: {{ containers: [{{ name: c, image: i, ports: [{{ containerPort: 80 }}] }}] }}\n"
        );
    }
    fs::write(&path, text).expect("written");
    (folder, path)
}

#[test]
fn manifests_are_a_lab_with_somebody_outside() {
    // Pods that nothing tells apart keep their names, for they have no owner.
    let (_folder, path) = pods(2);
    for member in ["p1", "shop/p1", "shop/p1[Pod]"] {
        let args = [
            &*path,
            Path::new("--list"),
            "--in".as_ref(),
            member.as_ref(),
        ];
        let (code, stdout, stderr) = lab(&args);
        assert_eq!(code, Some(0), "{stderr}");
        let lines: Vec<&str> = stdout.lines().map(str::trim).collect();
        assert_eq!(
            lines[..5],
            [
                "the cluster of these manifests",
                "external  outside        198.51.100.7, 2001:db8:bad::7",
                "node      node           192.0.2.10, 2001:db8::10",
                "workload  shop/p0[Pod]   10.244.0.2, fd00:10:244::2",
                "workload  shop/p1[Pod]   10.244.0.3, fd00:10:244::3  <- you are here",
            ],
            "{member}"
        );
        assert!(lines.contains(&"try: curl -m 2 http://10.244.0.3:80/"));
    }
}

#[test]
fn what_is_no_lab_is_refused_with_what_to_do() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let fixed = scenarios.join("incident/fixed.yaml");
    let (_few, few) = pods(1);
    let (_largest, largest) = pods(128);
    let (_too_large, too_large) = pods(129);
    let list = Path::new("--list");
    assert_eq!(lab(&[&largest, list]).0, Some(0));
    for (args, says) in [
        (
            [&*too_large, list].as_slice(),
            "129 workloads, and a lab holds 128: name fewer manifests, or ask `netverdict matrix`",
        ),
        (&[&*largest, &*fixed, list], "2 worlds, and a lab is of one"),
        (
            &[&*scenarios.join("incident"), list],
            "worlds, and a lab is of one",
        ),
        (
            &[&*largest, "--in".as_ref(), "p999".as_ref()],
            "there are 130: `--list` says who",
        ),
        (
            &[&*few, "--in".as_ref(), "nobody".as_ref()],
            "'nobody' is no workload, host or address; there are outside, shop/p0[Pod], node",
        ),
        (
            &[&*scenarios.join("manifests/inventory-service.yaml"), list],
            "no workload is among these manifests",
        ),
    ] {
        let (code, stdout, stderr) = lab(args);
        let said = stderr.lines().find(|line| line.starts_with("netverdict: "));
        assert_eq!((code, &*stdout), (Some(2), ""), "{stderr}");
        assert!(said.is_some_and(|said| said.contains(says)), "{stderr}");
    }
}
