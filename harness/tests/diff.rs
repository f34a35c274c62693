//! `netverdict diff` over git histories and folders, in the lane that needs no
//! privileges.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: { name: inventory }
spec:
  type: NodePort
  selector: { app: inventory }
  ports: [{ port: 50051, targetPort: 50051, nodePort: 30007, protocol: TCP }]
";

const INTENDED: &str = "\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: inventory
spec:
  endpointSelector:
    matchLabels:
      app: inventory
  ingress:
    - fromCIDR:
        - 10.0.0.0/8
      toPorts:
        - ports:
            - port: \"50051\"
              protocol: TCP
";

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: { name: inventory, labels: { app: inventory } }
spec: { containers: [{ name: c, image: i }] }
";

fn scenario(bypass: bool) -> String {
    format!(
        "name: inventory
topology:
  node: {{ addresses: [192.0.2.10, \"2001:db8::10\"] }}
  hosts:
    monitoring: {{ zone: internal, addresses: [10.20.0.5] }}
    scanner: {{ zone: external, addresses: [198.51.100.7] }}
  workloads:
    inventory: {{ labels: {{ app: inventory }} }}
manifests: [manifests/service.yaml, manifests/policy.yaml]
prefilter:
  - {{ node_port: 30007/tcp, bypass_policy: {bypass}, allow: [10.0.0.0/8], default: pass }}
probes:
  - {{ from: monitoring, to: \"inventory:30007/tcp\", expect: pass }}
"
    )
}

/// A repository, with a commit for each of these: the CIDR, and whether the policy is
/// bypassed.
fn history(commits: &[(&str, bool)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    for (cidr, bypass) in commits {
        let policy = INTENDED.replace("10.0.0.0/8", cidr);
        write(folder.path(), "manifests/policy.yaml", &policy);
        write(folder.path(), "manifests/service.yaml", SERVICE);
        write(folder.path(), "inventory.yaml", &scenario(*bypass));
        git(folder.path(), &["add", "--all"]);
        git(
            folder.path(),
            &["commit", "--quiet", "--allow-empty", "--message=next"],
        );
    }
    folder
}

fn git(folder: &Path, args: &[&str]) {
    let who = [
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@example.org"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@example.org"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ];
    let status = Command::new("git")
        .current_dir(folder)
        .args(args)
        .envs(who)
        .status()
        .expect("git starts");
    assert!(status.success(), "git {args:?}");
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("it has one")).expect("made");
    fs::write(path, text).expect("written");
}

fn diff(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_netverdict"))
        .current_dir(folder)
        .arg("diff")
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

fn by_model(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    diff(folder, &[args, &["--lane", "model"]].concat())
}

#[test]
fn the_incident_is_one_sentence() {
    let repository = history(&[("10.0.0.0/8", false), ("0.0.0.0/0", false)]);
    let (code, out, err) = by_model(repository.path(), &["HEAD~1:", "HEAD:"]);
    assert_eq!(code, Some(1), "{err}");
    insta::assert_snapshot!(out);
    let (code, reverse, _) = by_model(repository.path(), &["HEAD:", "HEAD~1:"]);
    assert_eq!(code, Some(0), "{reverse}");
    assert!(reverse.contains("1 newly-blocked"), "{reverse}");
    let any = ["HEAD:", "HEAD~1:", "--fail-on", "any"];
    assert_eq!(by_model(repository.path(), &any).0, Some(1));
}

#[test]
fn what_a_bypass_hides_is_told_as_well() {
    let repository = history(&[("10.0.0.0/8", true), ("0.0.0.0/0", true)]);
    let (code, out, err) = by_model(repository.path(), &["HEAD~1:", "HEAD:"]);
    assert_eq!(code, Some(1), "{err}");
    insta::assert_snapshot!(out);
    let (code, out, _) = by_model(repository.path(), &["HEAD:", "HEAD~1:"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("policy layer narrowed, masked by bypass"),
        "{out}"
    );
}

#[test]
fn what_says_the_same_is_no_difference() {
    let repository = history(&[("10.0.0.0/8", false), ("10.0.0.0/8", false)]);
    for args in [
        ["HEAD~1:", "HEAD:"],
        // What is on disk wins over what was committed.
        ["HEAD:", "."],
        ["HEAD:inventory.yaml", "inventory.yaml"],
    ] {
        let any = [&args[..], &["--fail-on", "any"]].concat();
        let (code, out, err) = by_model(repository.path(), &any);
        assert_eq!(code, Some(0), "{out}{err}");
        assert!(out.contains("no packet is treated differently"), "{out}");
    }
}

#[test]
fn paths_are_from_the_top_of_the_repository_or_from_here() {
    let repository = history(&[("10.0.0.0/8", false), ("0.0.0.0/0", false)]);
    let inside = repository.path().join("manifests");
    write(repository.path(), "manifests/pod.yaml", POD);
    git(repository.path(), &["add", "--all"]);
    git(repository.path(), &["commit", "--quiet", "--message=pod"]);
    for (at, old, new) in [
        (
            repository.path(),
            "HEAD~1:inventory.yaml",
            "HEAD~2:inventory.yaml",
        ),
        (
            &inside,
            "HEAD~1:./../inventory.yaml",
            "HEAD~2:inventory.yaml",
        ),
    ] {
        let (code, out, err) = by_model(at, &[old, new]);
        assert_eq!(code, Some(0), "{err}");
        assert!(
            out.contains("HEAD~1:manifests/policy.yaml:11: - 0.0.0.0/0"),
            "{out}"
        );
    }
    let (code, _, err) = by_model(&inside, &["HEAD:./", "HEAD:manifests"]);
    assert_eq!(code, Some(0), "{err}");
}

#[test]
fn a_service_that_nobody_guards_is_newly_exposed() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "old/pod.yaml", POD);
    write(folder.path(), "old/policy.yaml", INTENDED);
    write(folder.path(), "new/service.yaml", SERVICE);
    write(folder.path(), "new/pod.yaml", POD);
    let (code, out, err) = by_model(folder.path(), &["old", "new"]);
    assert_eq!(code, Some(1), "{err}");
    let first = out.lines().next().expect("a sentence");
    for part in [
        "newly-exposed: default/inventory (NodePort 30007/tcp) is newly open to the internet",
        "every IPv4 address (0.0.0.0/0) and every IPv6 address (::/0)",
        "it is new, and no policy guards what it receives",
    ] {
        assert!(first.contains(part), "{part}: {out}");
    }
    // Its policy is gone, which is why the pod itself is open.
    assert!(out.contains("old/policy.yaml:7"), "{out}");
}

/// Somebody is added in front of others, whose assigned addresses shift: none of them is
/// treated differently.
#[test]
fn assigned_addresses_are_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let pod = |name: &str| POD.replace("inventory", name);
    let policy = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: to-web }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: client } } }] }]
";
    for side in ["old", "new"] {
        for name in ["client", "web", "zebra"] {
            write(folder.path(), &format!("{side}/{name}.yaml"), &pod(name));
        }
        write(folder.path(), &format!("{side}/policy.yaml"), policy);
    }
    write(folder.path(), "new/added.yaml", &pod("added"));
    let (code, out, err) = by_model(folder.path(), &["old", "new", "-o", "json"]);
    let told: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(code, Some(1), "{err}");
    let changes = told["changes"].as_array().expect("a list");
    assert!(!changes.is_empty());
    for change in changes {
        let ends = format!("{}{}", change["from"], change["to"]);
        assert!(ends.contains("default/added"), "{change:#}");
    }
    let into = |from: &str| {
        let mut all = changes.iter();
        all.any(|it| it["from"].to_string().contains(from) && it["to"].to_string().contains("web"))
    };
    assert!(!into("added"), "{out}");
}

#[test]
fn json_has_every_prefix_and_the_frames() {
    let repository = history(&[("10.0.0.0/8", false), ("0.0.0.0/0", false)]);
    let (_, out, _) = by_model(repository.path(), &["HEAD~1:", "HEAD:", "-o", "json"]);
    let told: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let change = &told["changes"][0];
    assert_eq!(change["kind"], "newly-exposed");
    assert_eq!(change["ipv4_addresses"], "4278190080");
    assert_eq!(change["addresses"].as_array().map(Vec::len), Some(8));
    assert_eq!(change["edits"][0]["new"]["line"], 11);
    assert_eq!(change["edits"][0]["old"]["text"], "- 10.0.0.0/8");
    let witness = &change["witness"];
    assert_eq!(
        (&witness["old"]["verdict"], &witness["new"]["verdict"]),
        (&"drop".into(), &"pass".into())
    );
    assert_eq!(witness["lane"], "model");
    // 198.51.100.7 > 192.0.2.10, in Ethernet and IPv4.
    let frame = witness["new"]["frames"][0].as_str().expect("a frame");
    assert_eq!(&frame[52..68], "c6336407c000020a");
}

#[test]
fn a_comment_is_markdown() {
    let repository = history(&[("10.0.0.0/8", false), ("0.0.0.0/0", false)]);
    let (_, out, _) = by_model(repository.path(), &["HEAD~1:", "HEAD:", "-o", "markdown"]);
    insta::assert_snapshot!(out);
}

#[test]
fn bad_input_is_named() {
    let repository = history(&[("10.0.0.0/8", false)]);
    let top = repository.path();
    fs::create_dir(top.join("empty")).expect("made");
    write(
        top,
        "broken/policy.yaml",
        &INTENDED.replace("10.0.0.0/8", "10.0.0.0/33"),
    );
    for (old, new, said) in [
        ("HEAD~1:", "HEAD:", "git knows no revision 'HEAD~1'"),
        ("--output=x:", "HEAD:", "invalid value"),
        ("HEAD:", "HEAD:nowhere", "revision 'HEAD' has no 'nowhere'"),
        ("HEAD:", "HEAD:../..", "revision 'HEAD' has no '../..'"),
        (":", "HEAD:", "there is no revision before the colon"),
        ("nowhere", "HEAD:", "a git revision is written REV:PATH"),
        ("HEAD:", "empty", "no manifest and no scenario is in it"),
        ("broken", "HEAD:manifests", "broken is not valid"),
    ] {
        let (code, out, err) = by_model(top, &[old, new]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{old} {new}: {err}");
        assert!(err.contains(said), "{old} {new}: {err}");
    }
    let elsewhere = tempfile::tempdir().expect("a folder");
    let (code, _, err) = by_model(elsewhere.path(), &["HEAD~1:", "HEAD:"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("in no git repository"), "{err}");
}

#[test]
fn without_git_the_machine_lacks_something() {
    let repository = history(&[("10.0.0.0/8", false)]);
    let nothing = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_netverdict"))
        .current_dir(repository.path())
        .args(["diff", "HEAD:", "HEAD:"])
        .env("PATH", nothing.path())
        .output()
        .expect("the program starts");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{err}");
    assert!(err.contains("no `git` on this machine"), "{err}");
}

/// A step is compared with the step of its name, and one that was added with what was in
/// force before it.
#[test]
fn steps_are_compared_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let with_steps = |list: &str| {
        let step = |name: &str, cidr: &str| {
            format!(
                "  - {{ name: {name}, connections: forget, prefilter: [{{ node_port: 30007/tcp, bypass_policy: true, \
                 allow: [{cidr}], default: drop }}] }}\n"
            )
        };
        let steps = format!("steps:\n{}{list}", step("tighten", "10.0.0.0/8"));
        scenario(false) + &steps.replace("STEP", &step("open", "0.0.0.0/0"))
    };
    for (side, steps) in [("old", ""), ("new", "STEP")] {
        write(
            folder.path(),
            &format!("{side}/manifests/policy.yaml"),
            INTENDED,
        );
        write(
            folder.path(),
            &format!("{side}/manifests/service.yaml"),
            SERVICE,
        );
        write(
            folder.path(),
            &format!("{side}/inventory.yaml"),
            &with_steps(steps),
        );
    }
    let (code, out, err) = by_model(folder.path(), &["old", "new"]);
    assert_eq!(code, Some(1), "{out}{err}");
    let (before, behind) = out
        .split_once("# scenario inventory, step open")
        .expect("named");
    assert!(!before.contains("newly-exposed"), "{out}");
    assert!(behind.contains("is newly open to the internet"), "{out}");
}

/// A policy that moves into dry run is still there, and decides nothing.
#[test]
fn a_policy_that_goes_into_dry_run_says_so() {
    let folder = TempDir::new().expect("a folder");
    let dry = INTENDED.replace(
        "  name: inventory\n",
        "  name: inventory\n  annotations:\n    policy.cilium.io/dry-run: \"true\"\n",
    );
    let off = dry.replace("\"true\"", "\"false\"");
    assert_ne!(dry, INTENDED);
    for (name, policy) in [("enforced", INTENDED), ("dry", &dry), ("off", &off)] {
        write(folder.path(), &format!("{name}/service.yaml"), SERVICE);
        write(folder.path(), &format!("{name}/pod.yaml"), POD);
        write(folder.path(), &format!("{name}/policy.yaml"), policy);
    }
    let into = "CiliumNetworkPolicy default/inventory is now in dry run: it decides nothing";
    let out_of = "CiliumNetworkPolicy default/inventory is no longer in dry run: it decides";
    for (old, new, said, code) in [
        ("enforced", "dry", into, 1),
        ("off", "dry", into, 1),
        ("dry", "enforced", out_of, 0),
        ("dry", "off", out_of, 0),
    ] {
        let (found, out, err) = by_model(folder.path(), &[old, new]);
        assert_eq!(found, Some(code), "{old} {new}\n{out}\n{err}");
        assert!(out.contains(said), "{old} {new}\n{out}");
        assert!(
            out.contains("policy.cilium.io/dry-run"),
            "{old} {new}\n{out}"
        );
    }
}
