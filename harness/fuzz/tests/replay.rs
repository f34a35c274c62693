//! What once went wrong stays right, and what is near the seeds is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use netverdict_fuzz::{TARGETS, Target, corpus, folder, keep, mutated, target};
use netverdict_policy::generate::Draw;

fn replay(name: &str) {
    let target = target(name).expect("a target");
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for (path, input) in corpus(name).expect("a readable corpus") {
        feed(target, &input, &path.display().to_string());
    }
    for (number, seed) in seeds.iter().enumerate() {
        feed(target, seed, &format!("seed {number}"));
    }
    for number in 0..target.burst {
        let input = mutated(&mut Draw::seeded(number), &seeds, target.words);
        feed(target, &input, &format!("mutation {number}"));
    }
}

/// Feeds the target; an input that it does not come back from is kept.
fn feed(target: &Target, input: &[u8], what: &str) {
    let fed = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    if fed.is_err() {
        let name = what.replace(['/', ' '], "-");
        let kept = keep(Path::new(env!("CARGO_TARGET_TMPDIR")), &name, input);
        panic!("{}: {what}, kept as {kept:?}", target.name);
    }
}

#[test]
fn scenarios() {
    replay("scenario");
}

#[test]
fn clusters() {
    replay("cluster");
}

#[test]
fn lists_of_addresses() {
    replay("addresses");
}

#[test]
fn captures() {
    replay("capture");
}

#[test]
fn frames() {
    replay("frame");
}

/// A corpus without a target would never be replayed.
#[test]
fn every_corpus_has_a_target() {
    let root = folder("");
    for entry in std::fs::read_dir(&root).expect("a readable folder") {
        let name = entry.expect("a readable entry").file_name();
        let name = name.to_string_lossy();
        assert!(TARGETS.iter().any(|target| target.name == name), "{name}");
    }
}
