//! Every scenario of the repository, judged without privileges: what its author
//! expects, what the oracle reads off the policy, and what the map image does
//! to the bytes.

mod disk;

use netverdict_abi::Verdict;
use netverdict_policy::diagnostic::Diagnostic;
use netverdict_policy::frame::{ProbeId, build, describe};
use netverdict_policy::frontend;
use netverdict_policy::interpret::judge;
use netverdict_policy::lower::lower;
use netverdict_policy::oracle::decide;
use netverdict_policy::scenario::{Expect, Probe, Scenario};

fn all() -> Vec<Scenario> {
    let files = disk::yaml_files(&disk::scenarios(), &["invalid", "manifests"]);
    assert!(files.len() > 20, "{} scenarios", files.len());
    (files.iter())
        .map(|path| {
            let file = disk::read(path);
            match frontend::scenario(&file, &mut disk::Disk) {
                Ok(checked) => checked.scenario,
                Err(problems) => panic!("{}", problems.iter().map(line).collect::<String>()),
            }
        })
        .collect()
}

fn line(problem: &Diagnostic) -> String {
    let place = &problem.labels[0].location;
    format!("{place}: {}: {}\n", problem.code, problem.message)
}

#[test]
fn every_scenario_says_why_it_exists() {
    for scenario in all() {
        assert!(!scenario.why.is_empty(), "{}", scenario.file.path);
        assert!(scenario.probes.len() > 1, "{}", scenario.file.path);
    }
}

#[test]
fn the_author_and_the_oracle_agree_except_where_failure_is_expected() {
    let mut wrong = Vec::new();
    for scenario in all() {
        for probe in &scenario.probes {
            wrong.extend(against_the_oracle(&scenario, probe));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

fn against_the_oracle(scenario: &Scenario, probe: &Probe) -> Vec<String> {
    let must_mismatch = (scenario.xfail.as_ref()).is_some_and(|x| x.probes.contains(&probe.name));
    let mut wrong = Vec::new();
    for case in &probe.cases {
        let decision = decide(&scenario.policy, &case.frame);
        let as_expected = match (probe.expect, decision.verdict()) {
            (Expect::Pass, Verdict::Pass) | (Expect::Drop, Verdict::Drop) => {
                probe.reason.is_none_or(|reason| reason == decision.reason)
            }
            (Expect::Pass | Expect::Drop, _) => false,
        };
        if as_expected == must_mismatch {
            wrong.push(format!(
                "{}: {:?} expects {:?} {:?} of {}, the oracle says {:?}\n",
                probe.location,
                probe.name,
                probe.expect,
                probe.reason,
                describe(&case.frame),
                decision.reason,
            ));
        }
    }
    wrong
}

#[test]
fn the_map_image_does_to_the_bytes_what_the_oracle_says() {
    let mut wrong = Vec::new();
    for scenario in all() {
        let image = lower(&scenario.policy).expect("checked scenarios compile");
        for probe in &scenario.probes {
            for case in &probe.cases {
                let bytes = build(&case.frame, ProbeId(7), [2; 6]).expect("checked frames build");
                let judged = judge(&image, &bytes);
                let decision = decide(&scenario.policy, &case.frame);
                let rule = image.rule(judged.rule);
                let same_rule = match rule {
                    Some(rule) => decision.rules.contains(&rule),
                    None => decision.rules.is_empty(),
                };
                if judged.reason != decision.reason || !same_rule {
                    wrong.push(format!(
                        "{}: {}: the image says {:?} by {rule:?}, the oracle {:?} by {:?}\n",
                        probe.location,
                        describe(&case.frame),
                        judged.reason,
                        decision.reason,
                        decision.rules,
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}
