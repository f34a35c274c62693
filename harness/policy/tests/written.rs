//! What is written is read back to the same policy and the same packets.

mod disk;

use std::sync::Arc;

use netverdict_policy::diagnostic::{Diagnostic, SourceFile};
use netverdict_policy::frontend::{self, Files};
use netverdict_policy::generate::{self, Draw};
use netverdict_policy::journey::{Journey, route};
use netverdict_policy::scenario::{Expect, Probe, Scenario};
use netverdict_policy::write::{self, Draft, DraftProbe, DraftStep, Manifest, Unwritable, Written};

/// What is written names no other files.
struct Beside<'m>(&'m [Manifest]);

impl Files for Beside<'_> {
    fn read(&mut self, _: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String> {
        let manifest = self.0.iter().find(|manifest| manifest.path == path);
        let Manifest { path, text } = manifest.unwrap_or_else(|| panic!("it names {path}"));
        Ok(Arc::new(SourceFile {
            path: path.clone(),
            text: text.clone(),
        }))
    }
}

fn read(text: &str) -> Scenario {
    read_all(&Written {
        text: text.to_owned(),
        manifests: Vec::new(),
    })
}

fn read_all(Written { text, manifests }: &Written) -> Scenario {
    let file = Arc::new(SourceFile {
        path: "written.yaml".to_owned(),
        text: text.clone(),
    });
    match frontend::scenario(&file, &mut Beside(manifests)) {
        Ok(checked) => checked.scenario,
        Err(problems) => panic!("{text}\n{}", problems.iter().map(line).collect::<String>()),
    }
}

fn line(problem: &Diagnostic) -> String {
    let place = &problem.labels[0].location;
    format!("{place}: {}: {}\n", problem.code, problem.message)
}

/// The probes, one for each frame, with names of their own.
fn named(probes: &[Probe]) -> Vec<(String, &Probe, &Journey)> {
    (probes.iter())
        .flat_map(|probe| {
            probe.cases.iter().map(move |case| {
                let name = format!("{} {}", probe.name, case.label);
                (name.trim_end().to_owned(), probe, &case.journey)
            })
        })
        .collect()
}

fn drafts<'a>(named: &'a [(String, &Probe, &'a Journey)]) -> Vec<DraftProbe<'a>> {
    (named.iter())
        .map(|(name, probe, journey)| DraftProbe {
            name,
            journey,
            expect: probe.expect,
            reason: probe.reason,
            sequence: probe.sequence,
        })
        .collect()
}

/// The scenario with one probe for each frame.
fn rewritten(scenario: &Scenario) -> Result<Written, Unwritable> {
    let probes = named(&scenario.probes);
    let before_steps = named(&scenario.before_steps);
    let of_steps: Vec<_> = (scenario.steps.iter())
        .map(|step| named(&step.probes))
        .collect();
    let tags: Vec<&str> = scenario.tags.iter().map(String::as_str).collect();
    let failing: Vec<&str> = match &scenario.xfail {
        Some(xfail) => (probes.iter())
            .filter(|(_, probe, _)| xfail.probes.contains(&probe.name))
            .map(|(name, ..)| name.as_str())
            .collect(),
        None => Vec::new(),
    };
    let xfail = scenario.xfail.as_ref();
    write::scenario(&Draft {
        file: "again",
        name: &scenario.name,
        why: &scenario.why,
        tags: &tags,
        xfail: xfail.map(|xfail| (xfail.reason.as_str(), failing.as_slice())),
        policy: &scenario.policy,
        topology: &scenario.topology,
        probes: drafts(&probes),
        before_steps: drafts(&before_steps),
        steps: (scenario.steps.iter().zip(&of_steps))
            .map(|(step, named)| DraftStep {
                connections: step.connections,
                policy: &step.policy,
                probes: drafts(named),
            })
            .collect(),
    })
}

#[test]
fn every_scenario_is_written_and_read_back() {
    let files = disk::yaml_files(&disk::scenarios(), &["invalid", "manifests"]);
    assert!(files.len() > 50, "{} scenarios", files.len());
    let mut wrong = String::new();
    for path in files {
        let file = disk::read(&path);
        let scenario = frontend::scenario(&file, &mut disk::Disk)
            .expect("scenarios are valid")
            .scenario;
        match rewritten(&scenario) {
            Err(error) => wrong += &format!("{}: {error}\n", file.path),
            Ok(written) => {
                let again = read_all(&written);
                let journeys = |scenario: &Scenario| -> Vec<Journey> {
                    let steps = scenario.steps.iter().flat_map(|step| &step.probes);
                    let probes = scenario.probes.iter().chain(&scenario.before_steps);
                    (probes.chain(steps).flat_map(|probe| &probe.cases))
                        .map(|case| case.journey.clone())
                        .collect()
                };
                if let Some(difference) = write::difference(&scenario.policy, &again.policy) {
                    wrong += &format!("{}: {difference}\n", file.path);
                }
                assert_eq!(scenario.steps.len(), again.steps.len(), "{}", file.path);
                for (step, again) in scenario.steps.iter().zip(&again.steps) {
                    if let Some(difference) = write::difference(&step.policy, &again.policy) {
                        wrong += &format!("{}: {}: {difference}\n", file.path, step.name);
                    }
                    assert_eq!(step.connections, again.connections, "{}", file.path);
                }
                assert_eq!(scenario.topology, again.topology, "{}", file.path);
                assert_eq!(journeys(&scenario), journeys(&again), "{}", file.path);
                assert_eq!((&scenario.name, &scenario.why), (&again.name, &again.why));
                assert_eq!(scenario.tags, again.tags);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn drawn_policies_and_packets_are_written_and_read_back() {
    let mut wrong = String::new();
    for seed in 0..60 {
        let mut draw = Draw::seeded(seed);
        let policy = generate::policy(&mut draw);
        let topology = generate::topology(&policy);
        let mut journeys: Vec<Journey> = (0..10)
            .map(|_| {
                let (sender, frame) = generate::packet(&mut draw, &policy);
                route(&topology, sender, frame)
            })
            .collect();
        journeys.extend(generate::sequence(&mut draw, &policy, &topology, 10));
        let draft = |journeys: &[Journey]| {
            write::scenario(&Draft {
                file: "drawn",
                name: "drawn",
                why: "",
                tags: &[],
                xfail: None,
                policy: &policy,
                topology: &topology,
                before_steps: Vec::new(),
                steps: Vec::new(),
                probes: (journeys.iter().enumerate())
                    .map(|(number, journey)| DraftProbe {
                        name: "",
                        journey,
                        expect: Expect::Drop,
                        reason: None,
                        sequence: (number >= 10).then_some(0),
                    })
                    .collect(),
            })
        };
        if let Err(error) = draft(&journeys) {
            wrong += &format!("seed {seed}: {error}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Texts that YAML takes for something else unless they are quoted.
#[test]
fn texts_stay_texts() {
    let odd = [
        "no",
        "true",
        "y",
        "null",
        "~",
        "",
        "1",
        "-1",
        "1e3",
        "0x1F",
        "0o17",
        "017",
        "1_000",
        ".5",
        "+1",
        "12:30",
        "2024-01-01",
        "=",
        "<<",
        "- a",
        "a: b",
        "a #b",
        "# a",
        "[a]",
        "{a}",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "'a'",
        "\"a\"",
        "a\\b",
        " a ",
        "a\nb",
        "a\n",
        "\t",
        "é",
        "?",
        "---",
        "...",
        ".inf",
        ".nan",
        "2001:db8::1",
        "| a",
        "> a",
        "a,b",
        "ends:",
    ];
    let labels = odd.iter().enumerate();
    let labels: Vec<String> = labels
        .map(|(number, text)| format!("k{number}: {text:?}"))
        .collect();
    for why in odd.into_iter().filter(|text| !text.trim().is_empty()) {
        let text = format!(
            "name: {why:?}\nwhy: {why:?}\ntags: [{why:?}]\n\
             topology:\n  node: {{addresses: [192.0.2.10]}}\n  \
             workloads: {{shop: {{labels: {{{}}}, namespace: \"no\"}}}}\n\
             probes: [{{name: {why:?}, from: 198.51.100.7, to: shop:80/tcp, expect: pass}}]\n",
            labels.join(", ")
        );
        let scenario = read(&text);
        let written = rewritten(&scenario).unwrap_or_else(|error| panic!("{why:?}: {error}"));
        let again = read_all(&written);
        assert_eq!(again.name, why);
        assert_eq!(again.why, scenario.why);
        assert_eq!(again.tags, scenario.tags);
        assert_eq!(again.probes[0].name, why.trim_end());
        assert_eq!(write::difference(&scenario.policy, &again.policy), None);
    }
}

#[test]
fn what_no_yaml_says_is_said() {
    let scenario = read(
        "name: one\ntopology: {node: {addresses: [192.0.2.10]}, \
         workloads: {shop: {labels: {app: shop}}}}\n\
         probes: [{from: 198.51.100.7, to: shop:80/tcp, expect: pass}]\n\
         ---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: shop}, \
         spec: {podSelector: {}, ingress: [{}]}}\n",
    );
    let mut denying = scenario.clone();
    denying.policy.network_policies[0].rules[0].action = netverdict_policy::model::RuleAction::Deny;
    let error = rewritten(&denying).expect_err("a NetworkPolicy has no rules that deny");
    assert_eq!(
        error.to_string(),
        "NetworkPolicy default/shop, rule 0 cannot be written: its rules allow"
    );
    let mut elsewhere = scenario;
    elsewhere.policy.namespaces.clear();
    let error = rewritten(&elsewhere).expect_err("a workload is in a namespace");
    assert!(error.why.starts_with("namespaces would be"), "{error}");
}

#[test]
fn a_probe_is_one_line_that_can_be_pasted() {
    let scenario = read(
        "name: one\ntopology: {node: {addresses: [192.0.2.10, \"2001:db8::10\"]}, \
         workloads: {shop: {labels: {app: shop}}}}\n\
         probes: [{from: shop, to: \"[2001:db8::7]:80/tcp\", expect: drop, \
         frame: {vlan: [21], tcp_flags: [syn, ack], fragment: first}}]\n",
    );
    let line = write::probe(
        &scenario.policy,
        &scenario.topology,
        &DraftProbe {
            name: "",
            journey: &scenario.probes[0].cases[0].journey,
            expect: scenario.probes[0].expect,
            reason: Some(netverdict_abi::Reason::PolicyNoMatch),
            sequence: None,
        },
    )
    .expect("it can be written");
    assert_eq!(
        line,
        "- {from: shop, to: \"[2001:db8::7]:80/tcp\", expect: drop, reason: policy-no-match, frame: \
         {vlan: [21], family: 6, source_port: 40000, tcp_flags: [syn, ack], fragment: {offset: 0, \
         more: true}, payload: 20}}\n"
    );
}
