//! Drawn policies, and images of them that are not what they should be.

use netverdict_policy::generate::{Draw, policy};
use netverdict_policy::image::{MapImage, RuleId, Verdict};
use netverdict_policy::lower::lower;
use netverdict_policy::prove::Comparison;

use crate::given::mismatches;

#[test]
fn images_mean_what_they_are_compiled_from() {
    for seed in 0..400 {
        let policy = policy(&mut Draw::seeded(seed));
        let image = lower(&policy).expect("the policy compiles");
        let found = mismatches(&policy, &image);
        assert!(found.is_empty(), "seed {seed}: {found:#?}\n{policy:#?}");
    }
}

/// What the comparison says of another policy's image must not depend on how it is
/// asked: group by group, or at once.
#[test]
fn groups_hold_every_workload_once_for_each_direction() {
    for seed in 0..100 {
        let policy = policy(&mut Draw::seeded(seed));
        let image = lower(&policy).expect("the policy compiles");
        let comparison = Comparison::new(&policy, &image);
        let mut members: Vec<usize> = (comparison.groups().iter())
            .flat_map(|group| group.members().iter().copied())
            .collect();
        members.sort_unstable();
        let own_network = policy.workloads.iter().enumerate();
        let expected: Vec<usize> = own_network
            .filter(|(_, workload)| !workload.host_network)
            .flat_map(|(index, _)| [index, index])
            .collect();
        assert_eq!(members, expected, "seed {seed}");
    }
}

/// One verdict turned round anywhere in a guard or a list is found, unless it is that
/// of an entry which longer ones hide altogether: then nothing is different.
#[test]
fn a_verdict_turned_round_is_found_if_a_packet_can_meet_it() {
    let (mut found, mut hidden) = (0, 0);
    for seed in 0..200 {
        let mut draw = Draw::seeded(seed);
        let policy = policy(&mut draw);
        let image = lower(&policy).expect("the policy compiles");
        let entries: usize = image.guards.iter().map(|guard| guard.entries.len()).sum();
        let sources = image.prefilters.values().map(|it| it.sources.len());
        let all = entries + sources.sum::<usize>();
        for _ in 0..all.min(4) {
            let changed = with_one_turned(&image, draw.below(all));
            match mismatches(&policy, &changed).is_empty() {
                true => hidden += 1,
                false => found += 1,
            }
        }
    }
    assert!(found > 10 * hidden, "{found} found, {hidden} hidden");
}

fn with_one_turned(image: &MapImage, index: usize) -> MapImage {
    let mut image = image.clone();
    let sources = (image.prefilters.values_mut()).flat_map(|it| it.sources.values_mut());
    let entries = (image.guards.iter_mut()).flat_map(|it| it.entries.values_mut());
    let verdict = sources.chain(entries).nth(index).expect("counted");
    *verdict = match *verdict {
        Verdict::Allow(rule) => Verdict::Deny(rule),
        Verdict::Deny(rule) => Verdict::Allow(rule),
        Verdict::NoMatch => Verdict::Deny(RuleId(1)),
    };
    image
}
