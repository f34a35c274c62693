//! Proofs by the program in the kernel.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Map, MapData, MapInfo};
use aya::programs::loaded_programs;
use libtest_mimic::{Failed, Trial};
use netverdict::matrix::input::{Input, Readings, load};
use netverdict::object;
use netverdict::prove::finding::{Claim, Finding};
use netverdict::prove::proof::Proof;
use netverdict::prove::proving::{How, Under, prove};
use netverdict::prove::subject::{self, Subject};
use netverdict_abi::{Hook, Lpm4, map};
use netverdict_lab::filter::Filter;
use netverdict_policy::frontend::HostNetwork;

use crate::program::{command, privileged, workspace};

/// Policies of `scenarios/` whose prefilter lets past the policy what it denies; all
/// but the last two are meant to.
const OVERRIDING: [&str; 12] = [
    "an allow list, widened and narrowed",
    "an allow list, widened and narrowed, after 'a partner is let in'",
    "an allow list, widened and narrowed, after 'and shut out again'",
    "a bypass whose default is pass",
    "an allow list that skips the policy",
    "a deny list of one port",
    "a deny list for every port",
    "a bypassed flow, and what comes after it",
    "how far a bypass reaches",
    "a workload that calls a node port",
    "inventory as deployed",
    "inventory with only the policy put right",
];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        privileged("prove: every scenario, and what overrides policy", || {
            scenarios("testrun")
        }),
        privileged("prove: the same by the interpreter", || scenarios("model")),
        privileged("prove: what a scenario admits is expected", expected),
        privileged("prove: a change of the compiled maps is found", compiler),
        privileged("prove: a change behind the back is found", behind_the_back),
    ];
    trials.extend(corpus().into_iter().map(|path| {
        let name = path.display().to_string();
        privileged(format!("prove: {name}"), move || clean(&path))
    }));
    trials
}

/// Given all scenarios, nothing differs, and C fails for these and no other.
fn scenarios(lane: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = command(["prove", "scenarios", "-o", "json", "--lane", lane])
        .arg("--report-dir")
        .arg(folder.path())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    if output.status.code() != Some(1) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}\n{stderr}", output.status).into());
    }
    let mut overriding = BTreeSet::new();
    let mut subjects = 0;
    for line in text.lines() {
        subjects += 1;
        let proof: serde_json::Value = serde_json::from_str(line)?;
        let name = proof["subject"].as_str().ok_or("a name")?.to_owned();
        let tried = proof["program"]["frames"].as_u64().ok_or("frames")?;
        let entries = proof["maps"]["entries"].as_u64();
        if tried < 20 || entries.is_some() != (lane == "testrun") {
            return Err(format!("nothing was tried: {line}").into());
        }
        for lines in ["/maps/strays", "/maps/differing", "/program/unbalanced"] {
            if proof.pointer(lines) != Some(&serde_json::json!([])) {
                return Err(format!("{name}: {lines}: {line}").into());
            }
        }
        for finding in proof["findings"].as_array().ok_or("findings")? {
            if finding["claim"] != "C" {
                return Err(format!("{name}: {finding}").into());
            }
            overriding.insert(name.clone());
        }
    }
    assert!(subjects > 100, "scenarios and steps: {subjects}");
    assert_eq!(overriding, OVERRIDING.map(str::to_owned).into());
    let capture = std::fs::read(folder.path().join("prove.pcap"))?;
    // As draft-ietf-opsawg-pcap has it: the magic, and the link type at the end.
    assert_eq!(capture[..4], [0xa1, 0xb2, 0xc3, 0xd4]);
    assert_eq!(capture[20..24], [0, 0, 0, 1], "Ethernet");
    Ok(())
}

/// Given deployments that are said to be faulty, the exit code says that all is known.
fn expected() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = command(["prove", "scenarios/incident", "--report-dir"])
        .arg(folder.path())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let said = "192.0.2.0/29 to inventory 30007/tcp: policy drops, prefilter passes";
    let expected = text.matches("  C XFAIL ").count();
    match (output.status.code(), expected, text.contains(said)) {
        (Some(0), 2, true) => Ok(()),
        other => Err(format!("{other:?}\n{text}").into()),
    }
}

/// Given a compiler that loses a prefix of an allow list, A names it, and so does B.
fn compiler() -> Result<(), Failed> {
    let mut input = read("scenarios/prefilter/allow-list.yaml")?;
    let image = &mut input.subjects[0].image;
    let lost = "10.0.0.0/8".parse()?;
    let stages = image.prefilters.values_mut();
    let lost = stages
        .filter_map(|stage| stage.sources.remove(&lost))
        .count();
    assert_eq!(lost, 1, "the list has it");
    let subjects = subject::all(&input);
    let proof = proven(&subjects[0], |_| {})?;
    assert_eq!(
        sentences(&proof),
        [
            (
                Claim::Maps,
                "10.0.0.0/8 to inventory 30007/tcp: policy passes, maps drop"
            ),
            (
                Claim::Program,
                "10.0.0.0/8 to inventory 30007/tcp: policy passes, kernel drops"
            ),
        ]
        .map(|(claim, text)| (claim, text.to_owned()))
    );
    for finding in &proof.findings {
        let [rule] = &finding.policy.rules[..] else {
            return Err(format!("one rule allows it: {:?}", finding.policy.rules).into());
        };
        assert!(
            rule.contains("scenarios/prefilter/allow-list.yaml:"),
            "{rule}"
        );
    }
    Ok(())
}

/// Given an entry that somebody takes out after the maps were read back, B alone sees
/// it, at the addresses that it was about.
fn behind_the_back() -> Result<(), Failed> {
    let input = read("scenarios/prefilter/allow-list.yaml")?;
    let subjects = subject::all(&input);
    let proof = proven(&subjects[0], take_out)?;
    assert_eq!(
        sentences(&proof),
        [(
            Claim::Program,
            "10.0.0.0/8 to inventory 30007/tcp: policy passes, kernel drops".to_owned()
        )]
    );
    Ok(())
}

/// Nothing differs, and no prefilter overrides anything.
fn clean(path: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = command(["prove".as_ref(), path.as_os_str()])
        .arg("--report-dir")
        .arg(folder.path())
        .output()?;
    let [stdout, stderr] = [output.stdout, output.stderr].map(String::from_utf8);
    let (stdout, stderr) = (stdout?, stderr?);
    let summary = "1 subject: A fails for 0, B for 0, C for 0";
    match output.status.code() {
        Some(0) if stdout.contains(summary) => Ok(()),
        code => Err(format!("{code:?}\n{stdout}\n{stderr}").into()),
    }
}

/// Clusters of np-guard's test-suite, if it is beside the repository.
fn corpus() -> Vec<PathBuf> {
    let folder = workspace().join("../shared/corpus/np-guard");
    let cases = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut cases: Vec<PathBuf> = cases.map(|case| case.path().join("manifests")).collect();
    cases.retain(|case| case.is_dir());
    cases.sort();
    cases
}

fn read(path: &str) -> Result<Input, Failed> {
    let readings = Readings {
        ip_blocks_match_workloads: None,
        cidrs_match_workloads: None,
        host_network: HostNetwork::AsWorkloads,
    };
    let input = load(&[workspace().join(path)], readings, false);
    match &input.problems[..] {
        [] => Ok(input),
        problems => Err(problems.join("\n").into()),
    }
}

/// The proof of a subject; once the maps are read back, `meanwhile` is done, with
/// the number of the uplink's program.
fn proven(subject: &Subject<'_>, meanwhile: fn(u32)) -> Result<Proof, Failed> {
    let object = object::open(None)?;
    let mut filter = Filter::load(&object.bytes, subject::sizes(std::slice::from_ref(subject)))?;
    let program = filter.program_id(Hook::Uplink);
    let once = AtomicBool::new(false);
    let more = |_| {
        if !once.swap(true, Ordering::Relaxed) {
            meanwhile(program);
        }
        true
    };
    let how = How {
        threads: 2,
        more: &more,
    };
    Ok(prove(subject, Under::Kernel(&mut filter), how)?)
}

fn sentences(proof: &Proof) -> Vec<(Claim, String)> {
    let each = |it: &Finding| {
        it.addresses
            .iter()
            .map(|to| it.sentence(to))
            .collect::<Vec<_>>()
    };
    (proof.findings.iter())
        .flat_map(|it| each(it).into_iter().map(|text| (it.claim, text)))
        .collect()
}

/// Takes 10.0.0.0/8 out of the sources of the first prefilter, in the generation that
/// the first policy of a filter has.
fn take_out(program: u32) {
    let program = loaded_programs().flatten().find(|it| it.id() == program);
    let maps = program.and_then(|it| it.map_ids().ok().flatten());
    let sources = (maps.into_iter().flatten())
        .find(|id| {
            let info = MapInfo::from_id(*id).expect("the program's maps are there");
            info.name_as_str() == Some(map::PREFILTER_V4)
        })
        .expect("the program has that map");
    let data = MapData::from_id(sources).expect("the map is there");
    let mut sources: LpmTrie<MapData, [u8; 8], [u8; 8]> =
        Map::LpmTrie(data).try_into().expect("it is a trie");
    let [a, b, c, d] = (1_u32 << 31).to_ne_bytes();
    let key = Key::new(Lpm4::SET_BITS + 8, [a, b, c, d, 10, 0, 0, 0]);
    sources.remove(&key).expect("the entry is there");
}
