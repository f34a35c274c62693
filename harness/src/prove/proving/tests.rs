//! Proofs of drawn policies by the interpreter, which is right, and wrong as the image
//! is.

use std::collections::BTreeMap;

use netverdict_abi::Verdict;
use netverdict_policy::generate::{self, Draw};
use netverdict_policy::lower::lower;
use netverdict_policy::region::Region;

use super::super::finding::{Claim, Finding};
use super::*;
use crate::prove::shape::Shape;

/// The policies of so many seeds.
const SEEDS: u64 = 16;

fn proof(policy: &Policy, image: &MapImage, more: impl Fn(usize) -> bool + Sync) -> Proof {
    let topology = generate::topology(policy);
    let subject = Subject {
        name: "drawn".to_owned(),
        policy,
        image,
        topology: &topology,
        xfail: None,
    };
    let how = How {
        threads: 2,
        more: &more,
    };
    prove(&subject, Under::Model, how).expect("frames have bytes")
}

fn drawn(seed: u64) -> (Policy, MapImage) {
    let policy = generate::policy(&mut Draw::seeded(seed));
    let image = lower(&policy).expect("what is drawn compiles");
    (policy, image)
}

#[test]
fn what_is_compiled_right_has_no_finding_but_overrides() {
    let mut packets = 0;
    for seed in 0..SEEDS {
        let (policy, image) = drawn(seed);
        let proof = proof(&policy, &image, |_| true);
        assert!(proof.holds(Claim::Maps), "seed {seed}: {:?}", proof.maps);
        assert!(proof.holds(Claim::Program), "seed {seed}: {proof:?}");
        assert!(
            proof.is_conclusive(),
            "seed {seed}: {:?}",
            proof.inconclusive
        );
        packets += proof.program.packets;
    }
    assert!(packets > 1_000, "something was tried: {packets}");
}

/// Something that a compiler might get wrong; `false` where the image has no such
/// thing.
const SPOILS: [fn(&mut MapImage) -> bool; 4] = [
    |image| {
        let stage = image.prefilters.values_mut().next();
        stage.map(|stage| stage.default_pass ^= true).is_some()
    },
    |image| {
        let mut stages = image.prefilters.values_mut();
        stages.any(|stage| stage.sources.pop_first().is_some())
    },
    |image| image.identities.pop_first().is_some(),
    |image| (image.guards.iter_mut()).any(|guard| guard.entries.pop_first().is_some()),
];

/// Given an image that is wrong somewhere, sets find the addresses at which verdicts
/// differ, and so do frames, which know nothing of the sets of an image.
#[test]
fn frames_find_what_sets_find_and_nothing_else() {
    let mut found = 0;
    for seed in 0..SEEDS {
        let (mut policy, _) = drawn(seed);
        // Plain frames are held to what is in force, sets to what is proposed as well.
        policy.dry_run.clear();
        let right = lower(&policy).expect("less than what is drawn compiles");
        for spoil in SPOILS {
            let mut image = right.clone();
            if !spoil(&mut image) {
                continue;
            }
            let proof = proof(&policy, &image, |_| true);
            let by_sets = differing(&proof, Claim::Maps);
            let by_frames = differing(&proof, Claim::Program);
            assert_eq!(by_sets, by_frames, "seed {seed}");
            found += by_sets.len();
        }
    }
    assert!(found > 10, "there are differences: {found}");
}

/// At which addresses verdicts differ: by what the policy says, what is said instead,
/// and whether the addresses are who sends.
fn differing(proof: &Proof, claim: Claim) -> BTreeMap<(Verdict, Verdict, bool), Region> {
    let mut differing: BTreeMap<_, Region> = BTreeMap::new();
    let of_claim = |it: &&Finding| {
        it.claim == claim && it.shape == Shape::Plain && it.policy.verdict != it.other.verdict
    };
    for finding in proof.findings.iter().filter(of_claim) {
        let sends = finding.connection.starts_with('*');
        let key = (finding.policy.verdict, finding.other.verdict, sends);
        let region = Region::from_prefixes(finding.addresses.iter().copied());
        let all = differing.entry(key).or_default();
        *all = all.union(&region);
    }
    differing
}

#[test]
fn a_proof_that_is_stopped_says_so() {
    let (policy, image) = drawn(1);
    let proof = proof(&policy, &image, |_| false);
    assert!(proof.interrupted && !proof.is_conclusive());
    assert_eq!(proof.program.frames, 0);
}
