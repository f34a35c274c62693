//! What the interpreter says that it found in the maps, on drawn policies and packets:
//! all that it judged by, and nothing that is not there.

use std::collections::BTreeSet;

use netverdict_policy::frame::{ProbeId, build};
use netverdict_policy::generate::{Draw, policy, sequence, topology};
use netverdict_policy::image::{Key, MapImage, RuleId, Verdict};
use netverdict_policy::interpret::{Judgement, Memory, judge_noting};
use netverdict_policy::journey::Journey;
use netverdict_policy::lower::lower;
use netverdict_policy::scenario::Connections;

/// What is judged of each frame of a sequence, hook by hook, and what was found.
fn travel(image: &MapImage, journeys: &[Journey]) -> Vec<(Judgement, Vec<Key>)> {
    travel_in(&mut Memory::tracking(), image, journeys)
}

fn travel_in(
    memory: &mut Memory,
    image: &MapImage,
    journeys: &[Journey],
) -> Vec<(Judgement, Vec<Key>)> {
    let mut judged = Vec::new();
    for (journey, id) in journeys.iter().zip(0x0700_4000..) {
        for leg in &journey.legs {
            let bytes = build(&leg.frame, ProbeId(id), [2, 0, 0, 0, 0, 1]).expect("bytes");
            let mut keys = Vec::new();
            let mut note = |key| keys.push(key);
            let judgement = judge_noting(image, leg.point, &bytes, memory, &mut note);
            judged.push((judgement, keys));
            if judgement.reason.verdict() != netverdict_abi::Verdict::Pass {
                break;
            }
        }
    }
    judged
}

/// The image without the entries that nobody found.
fn only(image: &MapImage, found: &BTreeSet<Key>) -> MapImage {
    let mut image = image.clone();
    image
        .deny_list
        .retain(|prefix, _| found.contains(&Key::Denied(*prefix)));
    image
        .prefilters
        .retain(|port, _| found.contains(&Key::Prefilter(*port)));
    for (port, prefilter) in &mut image.prefilters {
        (prefilter.sources).retain(|prefix, _| found.contains(&Key::Source(*port, *prefix)));
        (prefilter.backends).retain(|backend| found.contains(&Key::Backend(*port, *backend)));
    }
    image
        .endpoints
        .retain(|address, _| found.contains(&Key::Endpoint(*address)));
    image
        .identities
        .retain(|prefix, _| found.contains(&Key::Identity(*prefix)));
    for (number, guard) in (0..).zip(&mut image.guards) {
        (guard.entries).retain(|entry, _| found.contains(&Key::Policy(number, *entry)));
    }
    image
}

/// The rule that an entry is reported under.
fn rule(image: &MapImage, key: Key) -> Option<RuleId> {
    let said = |verdict: Verdict| match verdict {
        Verdict::Allow(rule) | Verdict::Deny(rule) => Some(rule),
        Verdict::NoMatch => None,
    };
    match key {
        Key::Denied(prefix) => Some(image.deny_list[&prefix]),
        Key::Prefilter(port) => Some(image.prefilters[&port].default_rule),
        Key::Source(port, prefix) => said(image.prefilters[&port].sources[&prefix]),
        Key::Backend(..) | Key::Endpoint(_) | Key::Identity(_) => None,
        Key::Default(guard) => image.guards[guard as usize].default_deny,
        Key::Policy(guard, entry) => said(image.guards[guard as usize].entries[&entry]),
    }
}

#[test]
fn what_was_found_is_all_that_was_judged_by() {
    let mut kinds = BTreeSet::new();
    for seed in 0..1200 {
        let mut draw = Draw::seeded(seed);
        let policy = policy(&mut draw);
        let image = lower(&policy).expect("the policy compiles");
        let journeys = sequence(&mut draw, &policy, &topology(&policy), 16);
        let judged = travel(&image, &journeys);
        let all: BTreeSet<Key> = image.keys().collect();
        let found: BTreeSet<Key> = judged.iter().flat_map(|(_, keys)| keys).copied().collect();
        assert!(found.is_subset(&all), "seed {seed}: {found:?}");
        kinds.extend(
            found
                .iter()
                .map(|key| key.part().split(' ').next().map(str::to_owned)),
        );
        for (judgement, keys) in &judged {
            // A flow that bypasses the policy is reported under what let it.
            let bypassed = judgement.reason == netverdict_abi::Reason::Bypassed;
            let named = bypassed
                || judgement.rule == RuleId::NONE
                || keys
                    .iter()
                    .any(|key| rule(&image, *key) == Some(judgement.rule));
            assert!(named, "seed {seed}: {judgement:?} by {keys:?}");
            // The default of a guard is looked at where none of its entries was found,
            // and nowhere else.
            let by_default = keys.iter().filter_map(|key| match key {
                Key::Default(guard) => Some(*guard),
                _ => None,
            });
            let by_entry: BTreeSet<u32> = (keys.iter())
                .filter_map(|key| match key {
                    Key::Policy(guard, _) => Some(*guard),
                    _ => None,
                })
                .collect();
            assert!(
                by_default
                    .into_iter()
                    .all(|guard| !by_entry.contains(&guard)),
                "seed {seed}: {keys:?}"
            );
            let proposed = judgement.proposed.map(|it| it.rule);
            let found = |wanted| keys.iter().any(|key| rule(&image, *key) == Some(wanted));
            assert!(
                proposed.is_none_or(|wanted| wanted == RuleId::NONE || found(wanted)),
                "seed {seed}: {judgement:?} by {keys:?}"
            );
        }
        let without = travel(&only(&image, &found), &journeys);
        assert_eq!(without, judged, "seed {seed}");
    }
    // Every map took part.
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

#[test]
fn what_is_remembered_is_counted_until_it_is_forgotten() {
    let mut most = 0;
    for seed in 0..40 {
        let mut draw = Draw::seeded(seed);
        let policy = policy(&mut draw);
        let image = lower(&policy).expect("the policy compiles");
        let journeys = sequence(&mut draw, &policy, &topology(&policy), 16);
        let mut memory = Memory::tracking();
        travel_in(&mut memory, &image, &journeys);
        most = most.max(memory.remembered());
        memory.policy_replaced(Connections::Forget);
        assert_eq!(memory.remembered(), 0, "seed {seed}");
    }
    assert!(most > 2, "{most}");
}

#[test]
fn parts_are_what_belongs_together() {
    for seed in 0..100 {
        let image = lower(&policy(&mut Draw::seeded(seed))).expect("the policy compiles");
        let keys: Vec<Key> = image.keys().collect();
        for pair in keys.windows(2) {
            let same = pair[0].part() == pair[1].part();
            assert_eq!(pair[0].is_beside(pair[1]), same, "{pair:?}");
        }
        let parts: Vec<String> = (keys.chunk_by(|one, next| one.is_beside(*next)))
            .map(|part| part[0].part())
            .collect();
        let once: BTreeSet<&String> = parts.iter().collect();
        assert_eq!(once.len(), parts.len(), "{parts:?}");
    }
}
