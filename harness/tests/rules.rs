//! Which rules decided: what `run` counts, and how reports say it.

#[expect(dead_code, reason = "what privileged trials need is not needed here")]
mod program;

use std::fs;
use std::path::Path;
use std::time::Duration;

use netverdict::event::{
    Event, ListLine, MapPart, Part, RuleHits, RuleLine, RuleStatus, RunStarted, SuiteFinished,
    SuiteId, SuiteStarted,
};
use netverdict::report::{human, json, junit, rules, tap};
use netverdict::tally::tally;
use program::command;
use serde_json::Value;

fn line(location: &str, rule: &str, status: RuleStatus) -> RuleLine {
    RuleLine {
        location: location.to_owned(),
        rule: rule.to_owned(),
        status,
        frames: 0,
        beside: 0,
        probes: Vec::new(),
        more_probes: 0,
        never: None,
        list: None,
    }
}

/// One rule of each kind.
fn events() -> Vec<Event> {
    let suite = SuiteId {
        scenario: "a/shop.yaml".to_owned(),
        lane: "testrun",
        mode: None,
    };
    let decided = RuleLine {
        frames: 12_345,
        beside: 2,
        probes: ["one", "two", "three"].map(str::to_owned).to_vec(),
        more_probes: 4,
        ..line(
            "a/policy.yaml:12:9",
            "policy shop/web allows ingress from selected workloads on 80/tcp",
            RuleStatus::Decided,
        )
    };
    let beside = RuleLine {
        beside: 7,
        probes: vec!["one".to_owned()],
        ..line(
            "a/policy.yaml:8:5",
            "policy shop/web denies ingress by default",
            RuleStatus::Beside,
        )
    };
    let list = RuleLine {
        frames: 1,
        probes: vec!["two".to_owned()],
        list: Some(ListLine {
            entries: 60_000,
            decided: 1,
            never: 2,
            undecided: vec!["a/list.txt:2:1: prefilter of 30007/tcp allows 10.0.2.0/24".to_owned()],
        }),
        ..line(
            "a/list.txt:1:1",
            "prefilter of 30007/tcp allows 60000 sources of a/list.txt",
            RuleStatus::Decided,
        )
    };
    let undecided = line(
        "a/policy.yaml:20:9",
        "policy shop/web allows ingress from 10.0.0.0/8 <&>",
        RuleStatus::Undecided,
    );
    let never = RuleLine {
        never: Some("everything that it allows is denied (a/policy.yaml:8:5)".to_owned()),
        ..line(
            "a/policy.yaml:30:9",
            "policy shop/web allows ingress from 10.1.0.0/16",
            RuleStatus::NeverDecides,
        )
    };
    let part = |part: &str, found| MapPart {
        step: (found == 0).then(|| "quarantine".to_owned()),
        part: part.to_owned(),
        entries: 3,
        found,
        not_found: (found < 3)
            .then(|| format!("{part} 10.0.2.0/24: allow (rule 3)"))
            .into_iter()
            .collect(),
    };
    let mut events = vec![
        Event::RunStarted(RunStarted {
            version: "0.0.0",
            kernel: "6.0".to_owned(),
            filter: "0123456789abcdef".repeat(4),
            seed: 0,
            lanes: vec!["testrun".to_owned()],
            scenarios: 1,
            probes: 7,
            min_rule_coverage: Some(80),
            part: Part {
                shard: 1,
                shards: 1,
                scenarios: 1,
                selection: "fedcba9876543210".repeat(4),
            },
        }),
        Event::SuiteStarted(SuiteStarted {
            suite: suite.clone(),
            name: "a shop".to_owned(),
            probes: 7,
        }),
        Event::SuiteFinished(SuiteFinished {
            suite: suite.clone(),
            reproduced: None,
            micros: 2500,
        }),
        Event::RuleHits(RuleHits {
            suite,
            named_by: "kernel",
            frames: 12_355,
            rules: vec![list, beside, decided, undecided, never],
            maps: vec![
                part("PREFILTER_V4 30007/tcp", 1),
                part("ENDPOINTS", 3),
                part("IDENTITIES_V4", 0),
            ],
            unknown_lookups: 3,
        }),
    ];
    let sum = tally(&events, false, Duration::from_millis(320));
    events.push(Event::RunFinished(sum));
    events
}

#[test]
fn reports_say_which_rules_decided() {
    let events = events();
    insta::assert_snapshot!("rules_table", rules::render(&events, false));
    insta::assert_snapshot!("rules_human", human::render(&events, false));
    insta::assert_snapshot!("rules_junit", junit::render(&events));
    insta::assert_snapshot!("rules_tap", tap::render(&events));
    insta::assert_snapshot!("rules_json", json::render(&events));
}

/// Line by line, what the fixed incident's probes make decide.
#[test]
fn the_fixed_incident_is_covered_line_by_line() {
    let (hits, _) = model(&["scenarios/incident/fixed.yaml"]);
    let told: Vec<(String, u64, u64)> = (hits[0]["rules"].as_array().expect("rules").iter())
        .map(|rule| {
            let place = rule["location"].as_str().expect("a place");
            let file = Path::new(place).file_name().expect("a file");
            let number = |key: &str| rule[key].as_u64().expect(key);
            (
                file.to_string_lossy().into_owned(),
                number("frames"),
                number("beside"),
            )
        })
        .collect();
    let line = |place: &str, frames| (place.to_owned(), frames, 0);
    assert_eq!(
        told,
        [
            line("fixed.yaml:15:14", 3),
            line("fixed.yaml:15:26", 3),
            line("fixed.yaml:20:79", 7),
            line("inventory-policy-internal.yaml:8:5", 8),
            line("inventory-policy-internal.yaml:12:11", 3),
            line("inventory-policy-internal.yaml:13:11", 3),
        ]
    );
    assert_eq!(hits[0]["named_by"], "interpreter");
}

/// The gate counts rules of the whole run, and turns green into a finding.
#[test]
fn too_few_rules_that_decide_are_a_finding() {
    let path = "scenarios/incident/fixed.yaml";
    let only = ["--test", "^scanner-to-inventory$"];
    for (args, exit) in [
        (&["--min-rule-coverage", "100"][..], 0),
        // The defaults alone: 2 of 6.
        (&["--min-rule-coverage", "33", only[0], only[1]], 0),
        (&["--min-rule-coverage", "34", only[0], only[1]], 1),
        (&["--min-rule-coverage", "101"], 2),
    ] {
        let args: Vec<&str> = [path].into_iter().chain(args.iter().copied()).collect();
        let (_, code) = model(&args);
        assert_eq!(code, exit, "{args:?}");
    }
}

/// An allow under a deny, and a list entry under a wider deny: why each can never
/// decide, and by which line.
#[test]
fn what_another_rule_covers_can_never_decide() {
    for (scenario, place, why) in [
        (
            "scenarios/cidr/deny-over-allow.yaml",
            "scenarios/cidr/manifests/deny-policy.yaml:12:11",
            "everything that it allows is denied (scenarios/cidr/manifests/deny-policy.yaml:17:11)",
        ),
        (
            "scenarios/prefilter/deny-list.yaml",
            "scenarios/prefilter/deny-list.yaml:22:99",
            "everything that it allows is denied (scenarios/prefilter/deny-list.yaml:17:12)",
        ),
    ] {
        let (hits, _) = model(&[scenario]);
        let rules = hits[0]["rules"].as_array().expect("rules");
        let rule = rules.iter().find(|rule| rule["location"] == place);
        let rule = rule.unwrap_or_else(|| panic!("{place} in {rules:?}"));
        assert_eq!(rule["status"], "never-decides", "{rule}");
        assert_eq!(rule["never"], why, "{rule}");
    }
}

/// A list of 60,000 lines is one rule, with its first entries that nobody probes.
#[test]
fn a_long_list_is_one_rule() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines: String = (0..60_000_u32)
        .map(|at| format!("10.{}.{}.{}/32\n", at >> 16, (at >> 8) & 255, at & 255))
        .collect();
    fs::write(folder.path().join("list.txt"), lines).expect("a list");
    let scenario = "
name: a long list
why: it is one rule
topology:
  node: { addresses: [192.0.2.10] }
  hosts: { one: { zone: internal, addresses: [10.0.0.1] } }
  workloads: { web: { labels: { app: web }, listen: [80/tcp] } }
address_sets: { many: { file: list.txt } }
manifests: [service.yaml]
prefilter: [{ node_port: 30080/tcp, bypass_policy: false, allow: [many], default: drop }]
probes: [{ from: one, to: 'web:30080/tcp', expect: pass }]
";
    let service = "
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: NodePort, selector: { app: web }, ports: [{ port: 80, nodePort: 30080 }] }
";
    let path = folder.path().join("scenario.yaml");
    fs::write(&path, scenario).expect("a scenario");
    fs::write(folder.path().join("service.yaml"), service).expect("a service");
    let (hits, code) = model(&[path.to_str().expect("UTF-8")]);
    assert_eq!(code, 0);
    let rules = hits[0]["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), 2, "the list and the default: {rules:?}");
    let list = &rules[0]["list"];
    assert_eq!(rules[0]["status"], "decided");
    assert_eq!(
        (&list["entries"], &list["decided"]),
        (&60_000.into(), &1.into())
    );
    let undecided = list["undecided"].as_array().expect("entries");
    assert_eq!(undecided.len(), 3);
    let first = undecided[0].as_str().expect("words");
    assert!(
        first.ends_with("list.txt:1:1: prefilter of 30080/tcp allows 10.0.0.0/32"),
        "{first}"
    );
    let part = (hits[0]["maps"].as_array().expect("maps").iter())
        .find(|part| part["part"] == "PREFILTER_V4 30080/tcp");
    let part = part.expect("the list's map");
    assert_eq!(
        (&part["entries"], &part["found"]),
        (&60_000.into(), &1.into())
    );
}

/// Events `rule-hits` of a run in the model lane, and its exit code.
fn model(args: &[&str]) -> (Vec<Value>, i32) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command(["run", "--lane", "model", "--report-dir"])
        .arg(folder.path())
        .args(args)
        .output()
        .expect("netverdict runs");
    let events = fs::read_to_string(folder.path().join("events.jsonl")).unwrap_or_default();
    let hits = (events.lines())
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .filter(|event| event["type"] == "rule-hits")
        .collect();
    (hits, output.status.code().expect("a code"))
}
