//! Images that propose something else than the policy.

use netverdict_policy::generate::{Draw, policy};
use netverdict_policy::image::Verdict;
use netverdict_policy::lower::lower;
use netverdict_policy::model::Policy;
use netverdict_policy::prove::Mismatch;

use crate::given::mismatches;

/// Drawn policies of which some are in dry run, until there are enough of them.
fn proposing() -> impl Iterator<Item = (u64, Policy)> {
    (0..)
        .map(|seed| (seed, policy(&mut Draw::seeded(seed))))
        .filter(|(_, policy)| !policy.dry_run.is_empty())
        .take(60)
}

#[test]
fn a_proposed_guard_that_is_missing_is_found_whatever_it_says() {
    let mut tried = 0;
    for (seed, policy) in proposing() {
        let image = lower(&policy).expect("the policy compiles");
        for address in image.endpoints.keys() {
            let mut changed = image.clone();
            let endpoint = changed.endpoints.get_mut(address).expect("it is there");
            if endpoint.proposed_ingress.take().is_none() {
                continue;
            }
            tried += 1;
            let found = mismatches(&policy, &changed);
            let missing = |it: &Mismatch| {
                matches!(
                    it,
                    Mismatch::Proposed {
                        is_of_policy: true,
                        ..
                    }
                )
            };
            assert!(found.iter().any(missing), "seed {seed}: {found:#?}");
        }
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn a_guard_that_nobody_proposes_is_found() {
    let mut tried = 0;
    for (seed, mut policy) in proposing() {
        let image = lower(&policy).expect("the policy compiles");
        if (image.endpoints.values()).all(|it| it.proposed_egress.is_none()) {
            continue;
        }
        tried += 1;
        policy.dry_run.clear();
        let found = mismatches(&policy, &image);
        let foreign = |it: &Mismatch| {
            matches!(
                it,
                Mismatch::Proposed {
                    is_of_policy: false,
                    ..
                }
            )
        };
        assert!(found.iter().any(foreign), "seed {seed}: {found:#?}");
    }
    assert!(tried > 10, "{tried}");
}

/// What is proposed is compared address by address: nearly every verdict that is turned
/// round in a guard of the proposed policy alone is found.
#[test]
fn a_proposed_verdict_turned_round_is_found() {
    let (mut found, mut hidden) = (0, 0);
    for (_, policy) in proposing() {
        let image = lower(&policy).expect("the policy compiles");
        let proposed = (image.endpoints.values())
            .flat_map(|it| [it.proposed_egress, it.proposed_ingress])
            .flatten()
            .next();
        let Some(guard) = proposed else {
            continue;
        };
        for entry in image.guards[guard as usize].entries.keys().take(3) {
            let mut changed = image.clone();
            let verdict = (changed.guards[guard as usize].entries.get_mut(entry)).expect("there");
            *verdict = match *verdict {
                Verdict::Allow(rule) => Verdict::Deny(rule),
                Verdict::Deny(rule) => Verdict::Allow(rule),
                Verdict::NoMatch => unreachable!("in prefilters only"),
            };
            match mismatches(&policy, &changed).is_empty() {
                true => hidden += 1,
                false => found += 1,
            }
        }
    }
    assert!(
        found > 10 * hidden && found > 20,
        "{found} found, {hidden} hidden"
    );
}
