//! Drawn changes of drawn policies can be written as scenarios, as those can
//! (`written.rs`): what a machine finds in them, a person can keep.

use netverdict_policy::generate::{Change, Draw, packet, policy, topology};
use netverdict_policy::journey::{Journey, route};
use netverdict_policy::model::Policy;
use netverdict_policy::scenario::Expect;
use netverdict_policy::write::{self, Draft, DraftProbe, Unwritable, Written};

/// The file of a policy and one packet.
fn written(policy: &Policy, journey: &Journey) -> Result<Written, Unwritable> {
    write::scenario(&Draft {
        file: "drawn",
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
        before_steps: Vec::new(),
        steps: Vec::new(),
    })
}

#[test]
fn changed_policies_are_written_and_read_back() {
    let mut refused = String::new();
    for seed in 0..40 {
        let mut draw = Draw::seeded(seed);
        let policy = policy(&mut draw);
        let (sender, frame) = packet(&mut draw, &policy);
        let changes = [
            Change::deny(&mut draw, &policy),
            Change::allow(&mut draw, &policy),
            Change::reorder(&mut draw),
            Change::halve(&mut draw),
            Change::Aggregate,
        ];
        let change = &changes[usize::try_from(seed % 5).expect("it is below 5")];
        let Some(changed) = change.of(&policy) else {
            continue;
        };
        let journey = route(&topology(&changed), sender, frame);
        if let Err(error) = written(&changed, &journey) {
            refused += &format!("seed {seed}: {change:?}: {error}\n");
        }
    }
    assert!(refused.is_empty(), "{refused}");
}
