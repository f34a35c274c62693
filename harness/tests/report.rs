//! What reports look like. The events are made up; the reports are pure
//! functions of them.

use netverdict::event::{
    CaseVerdict, Event, LeftOutFrame, Part, PartyVerdict, Place, ProbeOutcome, Problem, RunStarted,
    SkipReason, StepVerdict, SuiteFinished, SuiteId, SuiteStarted, Verdict, WrongFrame,
};
use netverdict::report::{human, json, junit, summary, tap};
use netverdict::tally::tally;
use std::time::Duration;

fn suite(scenario: &str, lane: &'static str, mode: Option<&'static str>) -> SuiteId {
    SuiteId {
        scenario: scenario.to_owned(),
        lane,
        mode,
    }
}

fn party(verdict: &'static str, reason: &'static str, rule: &str) -> PartyVerdict {
    PartyVerdict {
        hook: "ingress",
        workload: Some("inventory".to_owned()),
        verdict,
        reason,
        rules: vec![rule.to_owned()],
        proposed: None,
    }
}

/// At the uplink and before the workload.
fn both_hooks() -> Vec<PartyVerdict> {
    let uplink = PartyVerdict {
        hook: "uplink",
        workload: None,
        rules: Vec::new(),
        ..party("pass", "no-prefilter", "")
    };
    vec![uplink, party("pass", "policy-allow", "policy.yaml:12:9")]
}

fn whole() -> Part {
    Part {
        shard: 1,
        shards: 1,
        scenarios: 2,
        selection: "fedcba9876543210".repeat(4),
    }
}

/// A line of a policy, and the probe's own.
fn places(suite: &SuiteId, outcome: ProbeOutcome) -> Vec<Place> {
    let of_policy = Place {
        file: "a/policy file.yaml".to_owned(),
        line: 12,
        column: 9,
        length: 9,
        text: "      - 0.0.0.0/0".to_owned(),
        remark: "policy default/open allows 0.0.0.0/0".to_owned(),
    };
    let of_probe = Place {
        file: suite.scenario.clone(),
        line: 30,
        column: 5,
        length: 4,
        text: "    drop".to_owned(),
        remark: "probe: expect drop".to_owned(),
    };
    match outcome {
        ProbeOutcome::Match | ProbeOutcome::Skipped => Vec::new(),
        ProbeOutcome::Error => vec![of_probe],
        _ => vec![of_policy, of_probe],
    }
}

fn verdict(suite: &SuiteId, probe: &str, outcome: ProbeOutcome, explanation: &str) -> Event {
    Event::Verdict(Verdict {
        suite: suite.clone(),
        probe: probe.to_owned(),
        location: format!("{}:30:5", suite.scenario),
        outcome,
        skipped: None,
        cases: vec![CaseVerdict {
            label: String::new(),
            sent: "IPv4 198.51.100.7:40000 > 192.0.2.10:30007/tcp SYN".to_owned(),
            expect: "drop",
            policy: both_hooks(),
            filter: both_hooks(),
            seen: "delivered",
            witness: None,
            outcome: match outcome {
                ProbeOutcome::Match => "match",
                _ => "policy-mismatch",
            },
        }],
        places: places(suite, outcome),
        explanation: explanation.to_owned(),
        rerun: format!(
            "netverdict run {} --test '^{probe}$' --lane {}",
            suite.scenario, suite.lane
        ),
        micros: 1500,
    })
}

fn skipped(suite: &SuiteId, probe: &str) -> Event {
    match verdict(suite, probe, ProbeOutcome::Skipped, "") {
        Event::Verdict(verdict) => Event::Verdict(Verdict {
            skipped: Some(SkipReason::FailFast),
            cases: Vec::new(),
            ..verdict
        }),
        other => other,
    }
}

/// A run with one of everything.
fn events() -> Vec<Event> {
    let model = suite("a/leaky.yaml", "model", None);
    let wire = suite("a/leaky.yaml", "wire", Some("native"));
    let known = suite("b/known.yaml", "wire", Some("native"));
    let start = |suite: &SuiteId, probes| {
        let name = "a <name> & more".to_owned();
        Event::SuiteStarted(SuiteStarted {
            suite: suite.clone(),
            name,
            probes,
        })
    };
    let finish = |suite: &SuiteId, reproduced: Option<&str>| {
        let reproduced = reproduced.map(str::to_owned);
        Event::SuiteFinished(SuiteFinished {
            suite: suite.clone(),
            reproduced,
            micros: 2500,
        })
    };
    let why = "probe    leak\nwrong    the policy: <it> lets in & out";
    let mut events = vec![
        Event::RunStarted(RunStarted {
            version: "0.0.0",
            kernel: "6.0".to_owned(),
            filter: "0123456789abcdef".repeat(4),
            seed: 0,
            lanes: vec!["model".to_owned(), "wire/native".to_owned()],
            scenarios: 2,
            probes: 5,
            min_rule_coverage: None,
            part: whole(),
        }),
        start(&model, 2),
        verdict(&model, "leak", ProbeOutcome::PolicyMismatch, why),
        verdict(&model, "fine", ProbeOutcome::Match, ""),
        finish(&model, None),
        start(&wire, 2),
        verdict(&wire, "leak", ProbeOutcome::PolicyMismatch, why),
        verdict(
            &wire,
            "fine",
            ProbeOutcome::Error,
            "kernel   inconclusive: no sentinel",
        ),
        finish(&wire, None),
        start(&known, 1),
        verdict(&known, "leak", ProbeOutcome::Reproduced, ""),
        skipped(&known, "late"),
        finish(&known, Some("the internet reaches inventory")),
        Event::Problem(Problem {
            code: "harness-fault".to_owned(),
            file: None,
            text: "failed to build the lab: no room # left".to_owned(),
        }),
    ];
    events.push(Event::RunFinished(tally(
        &events,
        false,
        Duration::from_millis(320),
    )));
    events
}

#[test]
fn human_report() {
    insta::assert_snapshot!(human::render(&events(), false));
    assert!(
        human::render(&events(), true).contains('\u{1b}'),
        "colour on demand"
    );
}

#[test]
fn junit_report() {
    insta::assert_snapshot!(junit::render(&events()));
}

#[test]
fn summary_report() {
    insta::assert_snapshot!(summary::of_run(&events()));
}

#[test]
fn tap_report() {
    insta::assert_snapshot!(tap::render(&events()));
}

#[test]
fn json_report() {
    insta::assert_snapshot!(json::render(&events()));
}

#[test]
fn control_characters_do_not_break_a_report() {
    let mut events = events();
    let code = "\u{1b}[31m\u{0}".to_owned();
    events.push(Event::Problem(Problem {
        text: code.clone(),
        file: Some(code.clone()),
        code,
    }));
    let xml = junit::render(&events);
    assert!(!xml.contains('\u{0}') && !xml.contains('\u{1b}'), "{xml}");
}

/// Steps: as expected, wrong, inconclusive, and not run.
fn steps() -> Vec<Event> {
    let wire = suite("a/live.yaml", "wire", Some("native"));
    let fine = StepVerdict {
        suite: wire.clone(),
        step: "quarantine".to_owned(),
        location: "a/live.yaml:20:5".to_owned(),
        outcome: ProbeOutcome::Match,
        skipped: None,
        swaps: 1,
        frames: 12_345,
        flips: 3,
        between: 2,
        mixed: 1,
        wrong: 0,
        window_micros: 1.8,
        longest_window_micros: 1.8,
        left_out: vec![LeftOutFrame {
            probe: "odd".to_owned(),
            case: String::new(),
            why: "a host cannot deliver it: it is no IP packet".to_owned(),
        }],
        shown: Vec::new(),
        places: Vec::new(),
        explanation: String::new(),
        rerun: "netverdict run a/live.yaml --test '^step quarantine$'".to_owned(),
        micros: 90_000,
    };
    let wrong = StepVerdict {
        step: "release".to_owned(),
        outcome: ProbeOutcome::FilterMismatch,
        swaps: 1_000,
        frames: 1_234_567,
        wrong: 1,
        longest_window_micros: 44.0,
        shown: vec![WrongFrame {
            probe: "in".to_owned(),
            sent: "IPv4 198.51.100.7:40000 > 192.0.2.10:30007/tcp SYN".to_owned(),
            before: vec!["at the uplink pass (no-prefilter)".to_owned()],
            after: vec!["at the uplink drop (prefilter-deny, a/live.yaml:9:3)".to_owned()],
            may_see: "after",
            seen: vec!["at the uplink pass (no-prefilter), under the policy before".to_owned()],
        }],
        places: vec![Place {
            file: "a/live.yaml".to_owned(),
            line: 20,
            column: 5,
            length: 13,
            text: "  - name: release".to_owned(),
            remark: "step release".to_owned(),
        }],
        explanation: "1 of 1234567 frames were judged as neither policy says".to_owned(),
        ..fine.clone()
    };
    let unclear = StepVerdict {
        step: "return".to_owned(),
        outcome: ProbeOutcome::Error,
        explanation: "nothing can be said: 2 events of the filter were lost".to_owned(),
        ..fine.clone()
    };
    let late = StepVerdict {
        step: "late".to_owned(),
        outcome: ProbeOutcome::Skipped,
        skipped: Some(SkipReason::Interrupted),
        swaps: 0,
        frames: 0,
        ..fine.clone()
    };
    let mut events = vec![
        Event::RunStarted(RunStarted {
            version: "0.0.0",
            kernel: "6.0".to_owned(),
            filter: "0123456789abcdef".repeat(4),
            seed: 0,
            lanes: vec!["wire/native".to_owned()],
            scenarios: 1,
            probes: 1,
            min_rule_coverage: None,
            part: whole(),
        }),
        Event::SuiteStarted(SuiteStarted {
            suite: wire.clone(),
            name: "a change".to_owned(),
            probes: 1,
        }),
        verdict(&wire, "fine", ProbeOutcome::Match, ""),
    ];
    events.extend([fine, wrong, unclear, late].map(Event::Step));
    events.push(Event::SuiteFinished(SuiteFinished {
        suite: wire,
        reproduced: None,
        micros: 250_000,
    }));
    let sum = tally(&events, false, Duration::from_millis(320));
    assert_eq!(
        (sum.as_expected, sum.mismatched, sum.errors, sum.skipped),
        (2, 1, 1, 1)
    );
    assert_eq!(sum.frames, 1 + 2 * 12_345 + 1_234_567);
    events.push(Event::RunFinished(sum));
    events
}

#[test]
fn steps_are_reported_like_probes() {
    let events = steps();
    insta::assert_snapshot!("steps_human", human::render(&events, false));
    insta::assert_snapshot!("steps_junit", junit::render(&events));
    insta::assert_snapshot!("steps_tap", tap::render(&events));
    insta::assert_snapshot!("steps_json", json::render(&events));
}
