//! `run --metrics`, and the alert rules that come along for it.

#[expect(dead_code, reason = "what privileged trials need is not needed here")]
mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use program::{command, workspace};
use regex::Regex;
use serde_json::Value;

/// A series: the metric's name and its labels, and its value.
type Series = BTreeMap<(String, BTreeMap<String, String>), u64>;

/// The exit code of a run in the model, what it said, and what it wrote.
fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("netverdict.prom");
    let output = command(["run", "--lane", "model", "--report-dir"])
        .arg(folder.path())
        .arg("--metrics")
        .arg(&file)
        .args(args)
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = fs::read_to_string(file).unwrap_or_default();
    (output.status.code(), said, text)
}

/// Reads the text format as far as it is written here; every line of it is understood.
fn series(text: &str) -> Series {
    let sample = Regex::new(r"^([a-z_]+)\{(.*)\} ([0-9]+)$").expect("a regex");
    let label = Regex::new(r#"([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)"#).expect("a regex");
    let (mut all, mut typed) = (Series::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            if let Some(name) = comment.strip_prefix("TYPE ") {
                let name = name.strip_suffix(" counter").expect("a counter");
                assert!(typed.insert(name.to_owned()), "{name} has two types");
            } else {
                assert!(comment.starts_with("HELP "), "{line}");
            }
            continue;
        }
        let parts = sample.captures(line).unwrap_or_else(|| panic!("{line}"));
        assert!(typed.contains(&parts[1]), "no type before {line}");
        let labels = (label.captures_iter(&parts[2]))
            .map(|label| (label[1].to_owned(), label[2].to_owned()))
            .collect();
        let key = (parts[1].to_owned(), labels);
        let value = parts[3].parse().expect("a count");
        assert_eq!(all.insert(key, value), None, "twice: {line}");
    }
    all
}

/// The sum of all series of a metric with these labels, and how many there are.
fn sum(series: &Series, metric: &str, labels: &[(&str, &str)]) -> (u64, usize) {
    let found: Vec<u64> = (series.iter())
        .filter(|((name, of), _)| {
            name == metric
                && (labels.iter())
                    .all(|(label, value)| of.get(*label).map(String::as_str) == Some(*value))
        })
        .map(|(_, value)| *value)
        .collect();
    (found.iter().sum(), found.len())
}

const VERDICTS: &str = "netverdict_verdicts_total";
const NODE_PORTS: &str = "netverdict_node_port_packets_total";

#[test]
fn the_incident_shows_in_what_denies_nothing_and_in_who_gets_in() {
    let (code, said, text) = run(&["scenarios/incident"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("metrics: "), "{said}");
    let series = series(&text);
    // Whether the policy denies anything, and whether anybody undeclared gets in.
    for (scenario, denies, open) in [
        ("as-deployed", false, true),
        ("bypass-only", false, true),
        ("cidr-only", false, true),
        ("fixed", true, false),
    ] {
        let path = format!("scenarios/incident/{scenario}.yaml");
        let here = [("scenario", path.as_str()), ("lane", "model")];
        let current = [("policy", "current"), ("name", "inventory")];
        let of_policy = [&here[..], &current].concat();
        let denied = [&of_policy[..], &[("verdict", "deny")]].concat();
        let (denied, lines) = sum(&series, VERDICTS, &denied);
        assert!(lines > 0, "{path}: no series for what may deny");
        assert_eq!(denied > 0, denies, "{path}");
        let port = [("node_port", "30007"), ("protocol", "tcp")];
        let came_in = [("source", "outside"), ("verdict", "pass")];
        let (came_in, lines) = sum(&series, NODE_PORTS, &[&here[..], &port, &came_in].concat());
        assert_eq!(lines, 1, "{path}");
        assert_eq!(came_in > 0, open, "{path}");
        // Whoever is declared gets in throughout, where somebody is.
        let shut_out = [("source", "declared"), ("verdict", "drop")];
        let (shut_out, _) = sum(&series, NODE_PORTS, &[&here[..], &shut_out].concat());
        assert_eq!(shut_out, 0, "{path}");
    }
    assert!(
        !text.contains("proposed\""),
        "nothing is in dry run:\n{text}"
    );
}

#[test]
fn both_policies_are_counted_over_the_same_frames() {
    let (_, _, text) = run(&["scenarios/dry-run"]);
    let series = series(&text);
    let of = |policy, name, verdict| {
        let labels = [("policy", policy), ("name", name), ("verdict", verdict)];
        sum(&series, VERDICTS, &labels)
    };
    // What is in dry run decides nothing now; a rule that decides nothing has a series.
    assert_eq!(of("current", "no-plain-text", "deny"), (0, 0));
    assert_eq!(of("proposed", "no-plain-text", "deny"), (3, 2));
    assert_eq!(of("proposed", "no-plain-text", "allow"), (1, 1));
    assert_eq!(of("proposed", "db-from-anybody", "deny"), (0, 1));
    // One policy of both: it allows four frames, of which the proposed one denies two.
    assert_eq!(of("current", "web", "allow"), (4, 1));
    assert_eq!(of("proposed", "web", "allow"), (2, 1));
}

#[test]
fn a_file_that_cannot_be_written_is_no_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command(["run", "scenarios/incident/fixed.yaml", "--lane", "model"])
        .arg("--report-dir")
        .arg(folder.path())
        .args(["--metrics", "/proc/netverdict.prom"])
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("cannot write /proc/netverdict.prom"),
        "{said}"
    );
}

#[test]
fn shards_merged_count_what_the_whole_run_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (_, _, whole) = run(&["scenarios/incident"]);
    for shard in ["1/2", "2/2"] {
        let parts = at("parts").join(shard.replace('/', "-"));
        let status = command([
            "run",
            "scenarios/incident",
            "--lane",
            "model",
            "--shard",
            shard,
        ])
        .arg("--report-dir")
        .arg(parts)
        .output()
        .expect("the program starts");
        assert_eq!(status.status.code(), Some(0));
    }
    let merged = command(["merge", "--metrics"])
        .arg(at("merged.prom"))
        .arg("--report-dir")
        .arg(at("merged"))
        .arg(at("parts"))
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&merged.stderr);
    assert_eq!(merged.status.code(), Some(0), "{said}");
    let merged = fs::read_to_string(at("merged.prom")).expect("metrics");
    assert_eq!(series(&merged), series(&whole));
}

/// A label, and the value that it is compared with, if it is.
type Asked = (String, Option<String>);

/// What an alert asks for: each metric with the labels it names, and the values of those
/// that it compares.
fn asked(alert: &Value) -> Vec<(String, Vec<Asked>)> {
    let expression = alert["expr"].as_str().expect("an expression");
    let selector = Regex::new(r"([a-z_:]+)\{([^}]*)\}").expect("a regex");
    let matcher = Regex::new(r#"^\s*([a-z_]+)\s*=\s*"([^"]*)"\s*$"#).expect("a regex");
    let grouping = Regex::new(r"by \(([^)]*)\)").expect("a regex");
    let used = Regex::new(r"\$labels\.([a-z_]+)").expect("a regex");
    let grouped: Vec<String> = (grouping.captures_iter(expression))
        .flat_map(|it| {
            it[1]
                .split(',')
                .map(|label| label.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    // What an annotation shows is what the expression keeps.
    for text in alert["annotations"]
        .as_object()
        .expect("annotations")
        .values()
    {
        for label in used.captures_iter(text.as_str().expect("text")) {
            assert!(
                grouped.contains(&label[1].to_owned()),
                "{}: {text}",
                &label[1]
            );
        }
    }
    let selectors: Vec<_> = (selector.captures_iter(expression))
        .map(|it| {
            let compared = it[2].split(',').map(|one| {
                let one = matcher.captures(one).unwrap_or_else(|| panic!("{one}"));
                (one[1].to_owned(), Some(one[2].to_owned()))
            });
            let grouped = grouped.iter().map(|label| (label.clone(), None));
            (it[1].to_owned(), compared.chain(grouped).collect())
        })
        .collect();
    // Nothing else in the expression is a name of ours.
    let ours = expression.matches("netverdict_").count();
    assert_eq!(ours, selectors.len(), "{expression}");
    selectors
}

/// Whether an alert asks for what is written; what is not, if anything.
fn unknown(alert: &Value, series: &Series) -> Vec<String> {
    let mut unknown = Vec::new();
    for (metric, labels) in asked(alert) {
        let of = || series.keys().filter(|(name, _)| *name == metric);
        if of().next().is_none() {
            unknown.push(metric.clone());
        }
        for (label, value) in labels {
            let known = of().any(|(_, of)| match (&value, of.get(&label)) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(wanted), Some(value)) => wanted == value,
            });
            if !known {
                unknown.push(format!("{metric}: {label} {value:?}"));
            }
        }
    }
    unknown
}

fn rules(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("rules");
    let file: Value = serde_saphyr::from_str(&text).expect("YAML");
    let groups = file["groups"].as_array().expect("groups");
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().expect("rules"));
    rules.cloned().collect()
}

#[test]
fn alerts_ask_for_what_is_written() {
    let (_, _, text) = run(&["scenarios/incident", "scenarios/dry-run"]);
    let series = series(&text);
    let rules = rules(&workspace().join("harness/kit/prometheus-rules.yaml"));
    let names: BTreeSet<&str> = (rules.iter())
        .map(|rule| rule["alert"].as_str().expect("an alert"))
        .collect();
    assert_eq!(names.len(), rules.len(), "alerts have names of their own");
    assert!(rules.len() >= 2);
    for rule in &rules {
        assert_eq!(unknown(rule, &series), Vec::<String>::new(), "{rule}");
        assert!(rule["labels"]["severity"].is_string(), "{rule}");
    }
    let wrong = serde_json::json!({
        "expr": r#"sum by (port) (netverdict_verdicts_total{verdict="drop"})"#,
        "annotations": {},
    });
    assert_eq!(unknown(&wrong, &series).len(), 2, "a label and a value");
}
