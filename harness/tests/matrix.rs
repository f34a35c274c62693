//! `netverdict matrix` and `netverdict explain`, in the lane that needs no
//! privileges.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// `web` may be called at its port by `client` and from 10/8; `client` may call
/// nobody else.
const CLUSTER: &str = "\
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: c, image: i, ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client, namespace: shop, labels: { app: client } }
spec: { containers: [{ name: c, image: i }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: to-web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - from:
        - podSelector: { matchLabels: { app: client } }
        - ipBlock: { cidr: 10.0.0.0/8, except: [10.244.0.0/16] }
      ports: [{ port: http }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: from-client, namespace: shop }
spec:
  podSelector: { matchLabels: { app: client } }
  policyTypes: [Egress]
  egress:
    - to: [{ podSelector: { matchLabels: { app: web } } }]
";

fn cluster() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let inside = folder.path().join("manifests");
    fs::create_dir(&inside).expect("made");
    fs::write(inside.join("cluster.yaml"), CLUSTER).expect("written");
    folder
}

fn netverdict(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_netverdict"))
        .current_dir(folder)
        .args(args)
        .args(["--lane", "model"])
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

const ROWS: &str = "\
0.0.0.0-255.255.255.255[External] => shop/client[Pod] : All Connections
10.0.0.0-10.243.255.255[External] => shop/web[Pod] : TCP 8080
10.245.0.0-10.255.255.255[External] => shop/web[Pod] : TCP 8080
shop/client[Pod] => shop/web[Pod] : TCP 8080
shop/web[Pod] => 0.0.0.0-255.255.255.255[External] : All Connections
shop/web[Pod] => shop/client[Pod] : All Connections
";

#[test]
fn a_folder_of_manifests_is_a_matrix() {
    let folder = cluster();
    let manifests = folder.path().join("manifests");
    for (at, path) in [
        (folder.path(), "manifests"),
        (folder.path(), "."),
        (&manifests, "."),
    ] {
        let (code, rows, notes) = netverdict(at, &["matrix", path]);
        assert_eq!((code, rows.as_str()), (Some(0), ROWS), "{path}: {notes}");
        assert!(notes.contains("enforced 2 of 2 rules"), "{notes}");
        assert!(notes.contains("rows of IPv6 not shown"), "{notes}");
    }
}

#[test]
fn every_output_has_the_same_rows() {
    let folder = cluster();
    let output = |format| netverdict(folder.path(), &["matrix", "manifests", "-o", format]).1;
    let rows = ROWS.lines().count();
    assert_eq!(output("csv").lines().count(), rows + 1);
    let json: serde_json::Value = serde_json::from_str(&output("json")).expect("JSON");
    assert_eq!(json["connections"].as_array().map(Vec::len), Some(rows));
    assert_eq!(json["lane"], "model");
    assert_eq!(output("dot").matches(" -> ").count(), rows);
    let svg = output("svg");
    assert_eq!(svg.matches(" =&gt; ").count(), rows);
    assert!(svg.starts_with("<svg "), "{svg}");
}

#[test]
fn families_are_rows_of_their_own() {
    let folder = cluster();
    let rows = |family| netverdict(folder.path(), &["matrix", "manifests", "--family", family]).1;
    assert_eq!(rows("4"), ROWS);
    let v6 = rows("6");
    assert!(v6.contains("::-ffff:"), "{v6}");
    assert!(!v6.contains("0.0.0.0"), "{v6}");
    let outside = |text: &str| {
        text.lines()
            .filter(|line| line.contains("[External]"))
            .count()
    };
    let any = rows("any");
    assert_eq!(outside(&any), outside(ROWS) + outside(&v6));
    assert_eq!(
        any.lines().count() - outside(&any),
        2,
        "alike rows are one: {any}"
    );
}

#[test]
fn an_explanation_names_lines() {
    let folder = cluster();
    let explain = |words: &[&str]| {
        let args = [&["explain", "manifests"], words].concat();
        netverdict(folder.path(), &args)
    };
    let (code, text, _) = explain(&["client", "web", "8080/tcp"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("8080/tcp is open"), "{text}");
    assert!(text.contains("manifests/cluster.yaml:18:11"), "{text}");
    assert!(text.contains("model decides the same"), "{text}");

    let (code, text, _) = explain(&["192.0.2.77", "shop/web", "8080/tcp", "-o", "json"]);
    assert_eq!(code, Some(0));
    let object: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(object["open"], false);
    let near = &object["hooks"][1]["nearly_allowed_by"][0];
    assert_eq!(
        (&near["misses"], &near["line"]),
        (&"peer".into(), &18.into())
    );
}

#[test]
fn exit_codes() {
    let folder = cluster();
    fs::write(folder.path().join("manifests/notes.txt"), "x").expect("written");
    fs::write(
        folder.path().join("empty.yaml"),
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\n",
    )
    .expect("written");
    for (args, code, said) in [
        (&["matrix", "empty.yaml"][..], 5, "no workload"),
        (&["matrix", "missing.yaml"], 2, "missing.yaml"),
        (
            &["matrix", "manifests", "--filter", "empty.yaml"],
            2,
            "empty.yaml",
        ),
        (
            &["explain", "manifests", "web", "client", "8080"],
            2,
            "8080/tcp",
        ),
        (
            &["explain", "manifests", "clent", "web", "80/tcp"],
            2,
            "is 'client' meant?",
        ),
        (
            &["explain", "manifests", "web", "web", "80/tcp"],
            2,
            "reaches itself",
        ),
        (&["explain", "manifests", "web", "80/tcp"], 2, "SRC"),
        (
            &[
                "matrix",
                "manifests",
                "--ip-blocks-match-workloads",
                "maybe",
            ],
            2,
            "yes",
        ),
    ] {
        let (found, _, stderr) = netverdict(folder.path(), args);
        assert_eq!(found, Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
}

#[test]
fn what_does_not_fit_in_a_lab_is_not_for_the_wire() {
    let folder = tempfile::tempdir().expect("a folder");
    let pods: String = (0..129)
        .map(|number| {
            format!(
                "---\napiVersion: v1\nkind: Pod\n\
                 metadata: {{ name: p{number}, namespace: shop, labels: {{ app: a{number} }} }}\n\
                 spec: {{ containers: [{{ name: c, image: i }}] }}\n"
            )
        })
        .collect();
    fs::write(folder.path().join("pods.yaml"), pods).expect("written");
    for args in [
        ["matrix", ".", "--lane", "wire"].as_slice(),
        &["explain", ".", "p0", "p1", "80/tcp", "--lane", "wire"],
    ] {
        // Bad usage comes before what the machine lacks, so nobody needs to be root.
        let output = Command::new(env!("CARGO_BIN_EXE_netverdict"))
            .current_dir(folder.path())
            .args(args)
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let why = "--lane wire: 129 workloads, and a lab holds 128; `--lane testrun` has no such";
        assert!(said.contains(why), "{said}");
    }
}
