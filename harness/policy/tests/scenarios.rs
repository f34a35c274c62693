//! Every scenario of the repository, judged without privileges: what its author
//! expects, what the oracle reads off the policy, and what the map image does
//! to the bytes.

mod disk;

use netverdict_abi::Verdict;
use netverdict_policy::diagnostic::Diagnostic;
use netverdict_policy::frame::{ProbeId, build, describe, read};
use netverdict_policy::frontend;
use netverdict_policy::interpret::{self, judge};
use netverdict_policy::lower::lower;
use netverdict_policy::oracle::{self, travel};
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
        // What fuzzing saves is one packet, if one shows it.
        let is_found = scenario.tags.contains("regression");
        assert!(
            is_found || scenario.probes.len() > 1,
            "{}",
            scenario.file.path
        );
    }
}

#[test]
fn the_author_and_the_oracle_agree_except_where_failure_is_expected() {
    let mut wrong = Vec::new();
    for scenario in all() {
        let mut memory = None;
        for probe in &scenario.probes {
            wrong.extend(against_the_oracle(&scenario, probe, &mut memory));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

fn against_the_oracle(
    scenario: &Scenario,
    probe: &Probe,
    memory: &mut Option<(usize, oracle::Memory)>,
) -> Vec<String> {
    let must_mismatch = (scenario.xfail.as_ref()).is_some_and(|x| x.probes.contains(&probe.name));
    let mut wrong = Vec::new();
    for case in &probe.cases {
        let mut alone = oracle::Memory::untracked();
        let memory = in_sequence(probe, memory, oracle::Memory::tracking).unwrap_or(&mut alone);
        let decisions = travel(&scenario.policy, &case.journey, memory);
        let decision = decisions.last().expect("a hook decides");
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
                describe(case.journey.frame()),
                decision.reason,
            ));
        }
    }
    wrong
}

/// The memory of the sequence that the probe is part of, if it is part of one.
fn in_sequence<'m, M>(
    probe: &Probe,
    memory: &'m mut Option<(usize, M)>,
    new: impl Fn() -> M,
) -> Option<&'m mut M> {
    let sequence = probe.sequence?;
    if memory.as_ref().is_none_or(|(other, _)| *other != sequence) {
        *memory = Some((sequence, new()));
    }
    memory.as_mut().map(|(_, memory)| memory)
}

#[test]
fn the_map_image_does_to_the_bytes_what_the_oracle_says_at_each_hook() {
    let mut wrong = Vec::new();
    for scenario in all() {
        let image = lower(&scenario.policy).expect("checked scenarios compile");
        let mut memories = None;
        for probe in &scenario.probes {
            for case in &probe.cases {
                let new = || (oracle::Memory::tracking(), interpret::Memory::tracking());
                let mut alone = (oracle::Memory::untracked(), interpret::Memory::untracked());
                let (of_oracle, of_image) =
                    in_sequence(probe, &mut memories, new).unwrap_or(&mut alone);
                let decisions = travel(&scenario.policy, &case.journey, of_oracle);
                for (leg, decision) in case.journey.legs.iter().zip(decisions) {
                    let bytes =
                        build(&leg.frame, ProbeId(7), [2; 6]).expect("checked frames build");
                    let judged = judge(&image, leg.point, &bytes, of_image);
                    let rule = image.rule(judged.rule);
                    let same_rule = match rule {
                        Some(rule) => decision.rules.contains(&rule),
                        None => decision.rules.is_empty(),
                    };
                    if judged.reason != decision.reason || !same_rule {
                        wrong.push(format!(
                            "{}: {} at {:?}: the image says {:?} by {rule:?}, the oracle {:?} by \
                             {:?}\n",
                            probe.location,
                            describe(&leg.frame),
                            leg.point,
                            judged.reason,
                            decision.reason,
                            decision.rules,
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

/// What is read of a frame's bytes is judged as what they were made from, at every
/// hook, one frame after the other.
#[test]
fn what_is_read_of_the_bytes_is_judged_alike() {
    let mut wrong = Vec::new();
    for scenario in all() {
        let mut memories = None;
        for (probe, number) in scenario.probes.iter().zip(0x0700_4000..) {
            for case in &probe.cases {
                let new = || (oracle::Memory::tracking(), oracle::Memory::tracking());
                let mut alone = (oracle::Memory::untracked(), oracle::Memory::untracked());
                let (as_made, as_read) =
                    in_sequence(probe, &mut memories, new).unwrap_or(&mut alone);
                let decisions = travel(&scenario.policy, &case.journey, as_made);
                for (leg, decision) in case.journey.legs.iter().zip(decisions) {
                    let bytes =
                        build(&leg.frame, ProbeId(number), [2; 6]).expect("checked frames build");
                    let spec = read(&bytes).expect("what is built can be read");
                    let said = oracle::judge(&scenario.policy, leg.point, &spec, as_read);
                    if said != decision {
                        wrong.push(format!(
                            "{}: {}\nread as {}: {said:?}\nnot {decision:?}\n",
                            probe.location,
                            describe(&leg.frame),
                            describe(&spec),
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}
