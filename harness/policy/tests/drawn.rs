//! What is drawn can be written as a scenario: what a machine finds in it, a person
//! can keep.

use std::collections::BTreeMap;

use netverdict_policy::generate::{Change, Draw, packet, policy, topology};
use netverdict_policy::journey::{Journey, route};
use netverdict_policy::model::Policy;
use netverdict_policy::scenario::Expect;
use netverdict_policy::write::{self, Draft, DraftProbe, Unwritable};

/// The file of a policy and one packet.
fn written(policy: &Policy, journey: &Journey) -> Result<String, Unwritable> {
    write::scenario(&Draft {
        name: "drawn",
        why: "",
        tags: &[],
        xfail: None,
        policy,
        topology: &topology(policy),
        probes: vec![DraftProbe {
            name: "packet",
            journey,
            expect: Expect::Pass,
            reason: None,
            sequence: None,
        }],
    })
}

/// All but a few: protocols in the wrong family and ICMP types that have a form of
/// their own are no frames of scenarios.
#[test]
fn what_is_drawn_can_be_written() {
    const DRAWN: u64 = 60;
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..DRAWN {
        let mut draw = Draw::seeded(seed);
        let policy = policy(&mut draw);
        let (sender, frame) = packet(&mut draw, &policy);
        let journey = route(&topology(&policy), sender, frame);
        let changes = [
            Change::deny(&mut draw, &policy),
            Change::allow(&mut draw, &policy),
            Change::reorder(&mut draw),
            Change::halve(&mut draw),
        ];
        let changed = changes[usize::try_from(seed % 4).expect("it is below 4")].of(&policy);
        for policy in [Some(policy), changed].into_iter().flatten() {
            let journey = route(&topology(&policy), sender, journey.frame().clone());
            if let Err(error) = written(&policy, &journey) {
                *refused.entry(error.to_string()).or_default() += 1;
            }
        }
    }
    let count: u64 = refused.values().sum();
    assert!(count <= DRAWN / 10, "{count}: {refused:#?}");
}
