//! `netverdict fuzz` without privileges.

use std::path::Path;
use std::process::Command;

use netverdict::fuzz::Property;
use netverdict::fuzz::hunt::{Ended, Hunted, Settings, hunt};
use netverdict::fuzz::{Finding, Seed};
use netverdict::load::load;
use netverdict_abi::Verdict as Ending;
use netverdict_policy::image::{MapImage, Verdict};
use netverdict_policy::interpret::{Memory, judge};
use netverdict_policy::lower::lower;
use netverdict_policy::scenario::Expect;

/// A run of the program in a folder.
fn netverdict(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_netverdict"))
        .current_dir(folder)
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

fn settings(properties: &[Property], cases: u64) -> Settings<'_> {
    Settings {
        seed: Seed(1),
        cases: Some(cases),
        time: None,
        properties,
        object: None,
        tamper: None,
        threads: 2,
        stop: &|| false,
        tried: &|_| {},
    }
}

fn hunted(settings: Settings<'_>) -> Hunted {
    hunt(settings, |_| {}).expect("there is no kernel to refuse anything")
}

#[test]
fn what_always_holds_holds() {
    let all = hunted(settings(&Property::ALL, 400));
    assert_eq!((all.cases, all.failed, all.ended), (400, 0, Ended::Done));
}

/// Denies of policies as allows.
fn deny_as_allow(image: &mut MapImage) {
    for verdict in (image.guards.iter_mut()).flat_map(|guard| guard.entries.values_mut()) {
        if let Verdict::Deny(rule) = *verdict {
            *verdict = Verdict::Allow(rule);
        }
    }
}

/// A prefilter's default the other way.
fn default_flipped(image: &mut MapImage) {
    for stage in image.prefilters.values_mut() {
        stage.default_pass = !stage.default_pass;
    }
}

/// Given a party that is wrong in one thing, when cases are tried, then what is found
/// has at most two rules and one packet, and its scenario can be loaded: whoever reads
/// the image wrong is not as it expects, and whoever reads it right is.
#[test]
fn a_wrong_party_is_found_and_cornered() {
    for (tamper, seen) in [
        (deny_as_allow as fn(&mut MapImage), Property::Agreement),
        (default_flipped, Property::Agreement),
    ] {
        let properties = [seen];
        let found = hunted(Settings {
            tamper: Some(tamper),
            ..settings(&properties, 60)
        });
        assert!(!found.findings.is_empty(), "{found:?}");
        for finding in &found.findings {
            let (rules, frames) = (finding.case.rules(), finding.case.frames());
            assert!(
                rules <= 2 && frames == 1,
                "{rules} rules, {frames} packets: {finding:#?}"
            );
        }
        red_and_green(&found.findings[0], tamper);
    }
}

fn red_and_green(finding: &Finding, tamper: fn(&mut MapImage)) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("finding.yaml");
    let text = finding.scenario().expect("it can be written").text;
    std::fs::write(&path, &text).expect("it is written");
    let input = load(&[path], false);
    assert!(input.problems.is_empty(), "{text}");
    let [loaded] = &input.scenarios[..] else {
        panic!("one scenario: {text}");
    };
    let scenario = &loaded.scenario;
    let right = lower(&scenario.policy).expect("it compiles");
    let mut wrong = right.clone();
    tamper(&mut wrong);
    let as_expected = |image: &MapImage| {
        let mut memory = Memory::untracked();
        (scenario.probes.iter()).all(|probe| {
            let legs = probe.cases.iter().flat_map(|case| &case.journey.legs);
            let passes = legs.into_iter().all(|leg| {
                let id = netverdict_policy::frame::ProbeId(1);
                let bytes = netverdict_policy::frame::build(&leg.frame, id, [0; 6]).expect("bytes");
                judge(image, leg.point, &bytes, &mut memory)
                    .reason
                    .verdict()
                    == Ending::Pass
            });
            passes == (probe.expect == Expect::Pass)
        })
    };
    assert!(as_expected(&right) && !as_expected(&wrong), "{text}");
}

/// A party that gives up is a finding like others.
#[test]
fn a_panic_is_a_finding() {
    let found = hunted(Settings {
        tamper: Some(|image| assert!(image.prefilters.is_empty(), "it has prefilters")),
        ..settings(&[Property::Agreement], 20)
    });
    let words = found.findings.iter().flat_map(Finding::words);
    let said: Vec<String> = words.filter(|line| line.contains("gave up")).collect();
    assert!(!said.is_empty(), "{found:?}");
    assert!(
        said.iter()
            .all(|line| line == "a party gave up: it has prefilters")
    );
}

/// Whoever tries the cases, the same are tried, and the same is found.
#[test]
fn the_same_seed_finds_the_same() {
    let found = |threads| {
        let properties = [Property::Agreement];
        let found = hunted(Settings {
            tamper: Some(deny_as_allow),
            threads,
            ..settings(&properties, 40)
        });
        let findings = found.findings.into_iter();
        let findings: Vec<_> = findings
            .map(|finding| (finding.number, finding.case))
            .collect();
        (found.cases, found.failed, findings)
    };
    let one = found(1);
    assert!(!one.2.is_empty());
    assert_eq!(one, found(3));
}

/// A hunt that is stopped hands over what it found, as simple as the time allows.
#[test]
fn what_was_found_is_kept() {
    let properties = [Property::Agreement];
    let looks = std::sync::atomic::AtomicU32::new(0);
    // As if the signal came while cases are tried.
    let stop = || looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 40;
    let mut handed = 0;
    let found = hunt(
        Settings {
            tamper: Some(deny_as_allow),
            cases: None,
            stop: &stop,
            tried: &|_| {},
            ..settings(&properties, 0)
        },
        |_| handed += 1,
    );
    let found = found.expect("there is no kernel to refuse anything");
    assert_eq!(found.ended, Ended::Interrupted);
    assert!(found.failed > 0 && handed > 0, "{found:?}");
}

#[test]
fn exit_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = ["fuzz", "--lane", "model", "--cases", "16"];
    let with = |more: &[&'static str]| [&model[..], more].concat();
    for (args, code, said) in [
        (with(&["--seed", "0x1f"]), 0, "seed: 31"),
        (with(&[]), 0, "seed: "),
        (
            with(&["--seed", "day42"]),
            2,
            "a seed is a number from 0 to",
        ),
        (with(&["--seed", "-1"]), 2, "a seed is a number from 0 to"),
        (
            with(&["--seed", "0x10000000000000000"]),
            2,
            "a seed is a number from 0 to",
        ),
        (with(&["--property", "nothing"]), 2, "deny-never-widens"),
        (with(&["--time", "soon"]), 2, "90s, 10m, 8h"),
        (with(&["--filter", "no-such-file.o"]), 2, "no-such-file.o"),
        (vec!["fuzz", "--cases", "0"], 2, "0"),
        (vec!["fuzz", "--lane", "wire"], 2, "testrun"),
    ] {
        let (found, _, stderr) = netverdict(folder.path(), &args);
        assert_eq!(found, Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
}

/// Findings go beside the scenarios if there are some, else to the reports; and the
/// exit code says that something was found.
#[test]
fn findings_are_saved() {
    for (make, expected) in [(true, "scenarios/regressions"), (false, "reports")] {
        let folder = tempfile::tempdir().expect("a folder");
        if make {
            std::fs::create_dir_all(folder.path().join(expected)).expect("a folder");
        }
        let sabotage = ["--sabotage", "deny-as-allow", "--property", "agreement"];
        let args = ["fuzz", "--lane", "model", "--cases", "40", "--seed", "1"];
        let (code, stdout, _) = netverdict(folder.path(), &[&args[..], &sabotage].concat());
        assert_eq!(code, Some(1), "{stdout}");
        let saved = std::fs::read_dir(folder.path().join(expected)).expect("the folder");
        let names: Vec<String> = saved
            .map(|file| {
                file.expect("a file")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        assert!(!names.is_empty());
        for name in names {
            assert!(
                name.starts_with("agreement-") && name.ends_with(".yaml"),
                "{name}"
            );
            assert!(
                stdout.contains(&format!("saved: {expected}/{name}")),
                "{stdout}"
            );
        }
    }
}
