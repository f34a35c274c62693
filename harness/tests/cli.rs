//! The command line: what each situation prints, and the code it ends with.
//! None of these needs privileges.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A run of the program in the workspace.
fn netverdict(args: &[&str]) -> (Option<i32>, String, String) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO_BIN_EXE_netverdict"))
        .current_dir(workspace)
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

const FIXED: &str = "scenarios/incident/fixed.yaml";

#[test]
fn exit_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    let reports = folder.path().to_str().expect("UTF-8");
    let empty = folder.path().join("empty.yaml");
    fs::write(&empty, "\n").expect("written");
    let empty = empty.to_str().expect("UTF-8");
    let large = folder.path().join("large.yaml");
    fs::File::create(&large)
        .and_then(|file| file.set_len(100 << 20))
        .expect("a sparse file");
    let large = large.to_str().expect("UTF-8");
    let binary = folder.path().join("binary.yaml");
    fs::write(&binary, [0x66, 0xff, 0xfe]).expect("written");
    let binary = binary.to_str().expect("UTF-8");
    let invalid = "scenarios/invalid";
    let incident = "scenarios/incident";
    let model = &["--lane", "model"][..];
    for (args, code, said) in [
        (&["run", FIXED][..], 0, ""),
        (&["run", incident], 0, ""),
        (&["run", incident, "--no-xfail"], 1, ""),
        (&["run", "no-such-file.yaml"], 2, "no-such-file.yaml"),
        (&["run", empty], 2, "is empty"),
        (&["run", large], 2, "over 64 MiB"),
        (&["run", binary], 2, "not UTF-8"),
        (&["run", invalid], 2, "["),
        (&["run", incident, invalid], 2, "["),
        (&["run", FIXED, "--filter", "Cargo.toml"], 2, "Cargo.toml"),
        (
            &["run", FIXED, "--filter", "no-such-object.o"],
            2,
            "no-such-object.o",
        ),
        (
            &["run", FIXED, "--test", "no such probe"],
            5,
            "nothing was selected",
        ),
        (
            &["run", FIXED, "--tag", "no-such-tag"],
            5,
            "nothing was selected",
        ),
        (&["run", FIXED, "--shard", "2/2"], 0, ""),
        (&["run", FIXED, "--shard", "3/2"], 2, "expected I/N"),
        (&["run", FIXED, "--shard", "0/2"], 2, "expected I/N"),
        (&["run", FIXED, "--test", "("], 2, "regex"),
        (&["run", FIXED, "--seed", "7"], 0, ""),
        (
            &["run", FIXED, "--dry-run-policy"],
            0,
            "1 network policy is in dry run",
        ),
        (&["run"], 2, "Usage"),
    ] {
        let report = ["--report-dir", reports];
        let args = [args, model, &report].concat();
        let (found, out, err) = netverdict(&args);
        assert_eq!(found, Some(code), "{args:?}\n{out}\n{err}");
        assert!(err.contains(said), "{args:?}: '{said}' is not in\n{err}");
    }
}

#[test]
fn reports_are_written_even_then() {
    for (args, code) in [
        (&["run", "scenarios/invalid", "--lane", "model"][..], "2"),
        (
            &["run", FIXED, "--lane", "model", "--test", "no such probe"],
            "5",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let deeper = folder.path().join("made/on/demand");
        let reports = ["--report-dir", deeper.to_str().expect("UTF-8")];
        let (found, _, err) = netverdict(&[args, &reports].concat());
        assert_eq!(
            found.map(|code| code.to_string()).as_deref(),
            Some(code),
            "{err}"
        );
        let junit = fs::read_to_string(deeper.join("junit.xml")).expect("a report");
        assert!(junit.contains("<error"), "{junit}");
        let events = fs::read_to_string(deeper.join("events.jsonl")).expect("events");
        assert!(
            events.contains(&format!(r#""exit_code":{code}"#)),
            "{events}"
        );
    }
}

#[test]
fn an_unwritable_report_makes_green_inconclusive_and_hides_no_other_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    let below = file.join("reports");
    let below = below.to_str().expect("UTF-8");
    for (path, more, code) in [
        (FIXED, &[][..], 3),
        ("scenarios/incident", &["--no-xfail"], 3),
        ("scenarios/invalid", &[], 2),
        (FIXED, &["--test", "no such probe"], 5),
    ] {
        let args = [
            &["run", path, "--lane", "model", "--report-dir", below],
            more,
        ]
        .concat();
        let (found, _, err) = netverdict(&args);
        assert_eq!(found, Some(code), "{args:?}\n{err}");
        assert!(err.contains("cannot write"), "{err}");
    }
}

#[test]
fn check_validates_and_writes_nothing() {
    for (args, code, said) in [
        (
            &["check", "scenarios"][..],
            0,
            "scenarios, 0 manifest files",
        ),
        (
            &["check", "scenarios/ports/manifests"],
            0,
            "valid: 0 scenarios, 2 manifest files",
        ),
        (&["check", "scenarios/invalid"], 2, "problems"),
        (&["check", "harness/src"], 5, "no scenario and no manifest"),
    ] {
        let (found, out, err) = netverdict(args);
        assert_eq!(found, Some(code), "{args:?}\n{out}\n{err}");
        assert!(out.contains(said), "{args:?}: '{said}' is not in\n{out}");
    }
}

#[test]
fn list_and_dry_run_show_the_plan() {
    let (code, out, _) = netverdict(&["run", FIXED, "--list"]);
    assert_eq!(code, Some(0));
    assert!(
        out.contains("scenarios/incident/fixed.yaml::scanner-to-inventory\n"),
        "{out}"
    );

    let (code, out, _) = netverdict(&["run", "scenarios/incident/as-deployed.yaml", "--dry-run"]);
    assert_eq!(code, Some(0));
    for part in [
        "PREFILTERS",
        "30007/tcp",
        "POLICY guard 0",
        "workload inventory",
        "prefilter-default-bypass",
    ] {
        assert!(out.contains(part), "'{part}' is not in\n{out}");
    }
}

#[test]
fn the_rerun_command_runs_that_probe_alone() {
    // Given a failing probe, and the command its report ends with,
    let folder = tempfile::tempdir().expect("a folder");
    let reports = ["--report-dir", folder.path().to_str().expect("UTF-8")];
    let red = [
        "run",
        "scenarios/incident/cidr-only.yaml",
        "--no-xfail",
        "--lane",
        "model",
    ];
    let (code, out, _) = netverdict(&[&red[..], &reports].concat());
    assert_eq!(code, Some(1), "{out}");
    let rerun = (out.lines().find_map(|line| line.strip_prefix("rerun"))).expect("a rerun line");
    let words: Vec<String> = rerun
        .split_whitespace()
        .skip(1)
        .map(|word| word.trim_matches('\'').to_owned())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // when it is run, then it judges one probe, with the same result.
    let (code, out, err) = netverdict(&[&words[..], &reports].concat());
    assert_eq!(code, Some(1), "{words:?}\n{out}\n{err}");
    assert!(
        out.contains("probes: 0 as expected, 1 mismatched; 2 frames"),
        "{out}"
    );
}

/// What was not run is there, and says why.
#[test]
fn fail_fast_skips_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let reports = ["--report-dir", folder.path().to_str().expect("UTF-8")];
    let red = ["run", "scenarios/incident", "--no-xfail", "--lane", "model"];
    let fast = ["--fail-fast", "--jobs", "1"];
    let (code, out, _) = netverdict(&[&red[..], &fast, &reports].concat());
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("2 mismatched, 17 skipped"), "{out}");
    let junit = fs::read_to_string(folder.path().join("junit.xml")).expect("a report");
    assert!(junit.contains(r#"skipped="17""#), "{junit}");
    assert!(
        junit.contains("another probe was not as expected"),
        "{junit}"
    );
}

#[test]
fn plain_in_a_pipe() {
    let (_, out, err) = netverdict(&[
        "run",
        "scenarios/incident",
        "--no-xfail",
        "--lane",
        "model",
        "--list",
    ]);
    assert!(!out.contains('\u{1b}') && !err.contains('\u{1b}'));
    let (_, _, err) = netverdict(&["check", "scenarios/invalid"]);
    assert!(!err.contains('\u{1b}'), "{err}");
}

#[test]
fn version_names_the_filter() {
    let (code, out, _) = netverdict(&["--version"]);
    assert_eq!(code, Some(0));
    let digest = out
        .split("filter ")
        .nth(1)
        .and_then(|rest| rest.split(',').next());
    let digest = digest.expect("a digest");
    assert_eq!(digest.len(), 64, "{out}");
    assert!(digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{out}");
    assert!(out.contains("map layout 3)"), "{out}");
}
