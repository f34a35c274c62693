//! Reports of shards, put together: equal to that of the run as a whole, but for times.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

mod started;

use started::netverdict;

const SHARDS: usize = 4;

/// What is run as shards here: fast, and with more scenarios than shards.
const SCENARIOS: &str = "scenarios";

/// `netverdict run` in the model lane: its exit code.
fn run(paths: &[&str], folder: &Path, more: &[&str]) -> i32 {
    let folder = folder.to_str().expect("UTF-8");
    let own = ["--lane", "model", "--report-dir", folder];
    let args = [&["run"], paths, &own, more].concat();
    netverdict(&args).0
}

/// Runs all shards; their folders.
fn shards(paths: &[&str], below: &Path, more: &[&str]) -> Vec<PathBuf> {
    (1..=SHARDS)
        .map(|shard| {
            // The order of folders is not that of shards.
            let folder = below.join(format!("shard-{}", SHARDS - shard));
            let shard = format!("{shard}/{SHARDS}");
            run(paths, &folder, &[more, &["--shard", &shard]].concat());
            folder
        })
        .collect()
}

fn merge(folders: &[PathBuf], into: &Path) -> (i32, String, String) {
    let mut args = vec!["merge", "--report-dir", into.to_str().expect("UTF-8")];
    args.extend(folders.iter().map(|folder| folder.to_str().expect("UTF-8")));
    netverdict(&args)
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect("a report")
}

/// The text without times: JUnit's attribute and the events' fields.
fn without_times(text: &str) -> String {
    let times = regex::Regex::new(r#" time="[0-9.]+"|"micros":[0-9]+"#).expect("a regex");
    times.replace_all(text, "").into_owned()
}

#[test]
fn four_shards_are_the_whole() {
    let folder = TempDir::new().expect("a folder");
    let whole = folder.path().join("whole");
    let code = run(&[SCENARIOS], &whole, &[]);
    let parts = folder.path().join("parts");
    shards(&[SCENARIOS], &parts, &[]);
    let merged = folder.path().join("merged");
    // A folder of the shards' folders, as artefacts are downloaded.
    let (found, _, err) = merge(&[parts], &merged);
    assert_eq!(found, code, "{err}");
    for name in ["junit.xml", "events.jsonl", "results.sarif"] {
        let (one, other) = (read(&whole, name), read(&merged, name));
        assert!(one.len() > 1_000, "{name} says something");
        assert_ne!(one, without_times(&one).repeat(2), "times are left out");
        assert!(
            without_times(&one) == without_times(&other),
            "{name} of the shards is not that of the whole"
        );
    }
}

/// The worst of the shards decides, in the order in which a run looks at it.
#[test]
fn the_exit_code_is_that_of_the_whole() {
    let red = &["--no-xfail"][..];
    let demanding = &["--min-rule-coverage", "100"][..];
    let nobody = &["--test", "no such probe"][..];
    for (paths, more, code) in [
        (&["scenarios/incident"][..], &[][..], 0),
        (&["scenarios/incident"], red, 1),
        (&["scenarios/incident"], demanding, 1),
        (&["scenarios/incident"], nobody, 5),
        (&["scenarios/incident", "no-such-file.yaml"], red, 2),
    ] {
        let folder = TempDir::new().expect("a folder");
        let whole = folder.path().join("whole");
        assert_eq!(run(paths, &whole, more), code, "{paths:?} {more:?}");
        let parts = shards(paths, folder.path(), more);
        let merged = folder.path().join("merged");
        let (found, _, err) = merge(&parts, &merged);
        assert_eq!(found, code, "{paths:?} {more:?}: {err}");
        assert_eq!(
            without_times(&read(&whole, "junit.xml")),
            without_times(&read(&merged, "junit.xml")),
            "{paths:?} {more:?}"
        );
    }
}

#[test]
fn what_does_not_fit_is_said_and_nothing_is_written() {
    let folder = TempDir::new().expect("a folder");
    let paths = &["scenarios/incident"][..];
    let parts = shards(paths, &folder.path().join("parts"), &[]);
    let as_shard = |name: &str, shard: &str, more: &[&str]| {
        let below = folder.path().join(name);
        run(paths, &below, &[&["--shard", shard], more].concat());
        below
    };
    let other = |name: &str, more: &[&str]| as_shard(name, "4/4", more);
    let damaged = |name: &str, file: &str, change: &dyn Fn(String) -> String| {
        let below = folder.path().join(name);
        fs::create_dir(&below).expect("made");
        for name in ["junit.xml", "events.jsonl"] {
            let text = read(&parts[3], name);
            let text = if name == file { change(text) } else { text };
            fs::write(below.join(name), text).expect("written");
        }
        below
    };
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("made");
    let cut = |text: String| text[..text.len() / 2].to_owned();
    let first_lines = |text: String| {
        let lines: Vec<&str> = text.lines().collect();
        lines[..lines.len() - 1].join("\n")
    };
    let aged = |text: String| text.replace(env!("CARGO_PKG_VERSION"), "0.0.7");
    for (last, said) in [
        (None, &["1 shard of 4 missing: 4"][..]),
        (
            Some(parts[0].clone()),
            &["are both shard 1 of 4", "shard-3"],
        ),
        (Some(other("seed", &["--seed", "7"])), &["seed 7, there 0"]),
        (
            Some(other("xfail", &["--no-xfail"])),
            &["scenarios, or what was selected of them"],
        ),
        (
            Some(other("test", &["--test", "scanner"])),
            &["scenarios, or what was selected of them"],
        ),
        (Some(as_shard("fifth", "4/5", &[])), &["shards 5, there 4"]),
        (Some(empty), &["no events.jsonl in it"]),
        (
            Some(folder.path().join("gone")),
            &["gone", "expected a folder"],
        ),
        (
            Some(damaged("xml", "junit.xml", &cut)),
            &["junit.xml: broken XML"],
        ),
        (
            Some(damaged("stale", "junit.xml", &|text| {
                text.replace("<failure", "<skipped")
                    .replace("wire", "model")
                    + "\n"
            })),
            &["not the report of the run"],
        ),
        (
            Some(damaged("json", "events.jsonl", &cut)),
            &["events.jsonl:", "expected an event of a run"],
        ),
        (
            Some(damaged("aged", "events.jsonl", &aged)),
            &["written by netverdict 0.0.7"],
        ),
        (
            Some(damaged("endless", "events.jsonl", &first_lines)),
            &["not the report of the run", "endless"],
        ),
    ] {
        let mut folders = parts[..3].to_vec();
        folders.extend(last.clone());
        let into = folder.path().join("merged");
        let (code, out, err) = merge(&folders, &into);
        assert_eq!(code, 2, "{last:?}: {out}{err}");
        for said in said {
            assert!(err.contains(said), "{last:?}: '{said}' is not in\n{err}");
        }
        assert!(!into.exists(), "{last:?}: a report was written");
    }
}

/// As Kubernetes and CI systems hand it over.
#[test]
fn the_environment_says_which_shard() {
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path().to_str().expect("UTF-8");
    let args = [
        "run",
        "scenarios/incident",
        "--lane",
        "model",
        "--report-dir",
        folder,
        "--list",
    ];
    let list = |shard: &str| {
        let output = started::command(&args)
            .env("NETVERDICT_SHARD", shard)
            .output()
            .expect("the program starts");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        (output.status.code(), text)
    };
    let (code, second) = list("2/4");
    assert_eq!(code, Some(0));
    let asked = netverdict(&[&args[..], &["--shard", "2/4"]].concat());
    assert_eq!(second, asked.1);
    assert_ne!(second, netverdict(&args).1, "a part is not the whole");
    assert_eq!(list("5/4").0, Some(2));
}
