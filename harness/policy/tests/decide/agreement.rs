//! The parties agree on drawn policies and packets.

use netverdict_policy::generate::{Draw, packet, policy, sequence, shrink, topology};
use netverdict_policy::journey::route;
use netverdict_policy::oracle::{Memory, travel};
use netverdict_policy::scenario::Connections;

use crate::parties::Parties;

/// The same draws on every run; of a failing one, the simplest that fails. More of
/// them with `NETVERDICT_DRAWS=100000`, and failures as they were drawn with
/// `NETVERDICT_SHRINKS=0`.
pub(crate) fn check(draws: u64, test: impl Fn(&mut Draw) -> Result<(), String>) {
    let number = |name: &str| {
        let given = std::env::var(name).ok()?.parse::<u32>();
        Some(given.unwrap_or_else(|_| panic!("{name} is a number")))
    };
    let draws = number("NETVERDICT_DRAWS").map_or(draws, u64::from);
    let attempts = number("NETVERDICT_SHRINKS").unwrap_or(5_000);
    for seed in 0..draws {
        let mut draw = Draw::seeded(seed);
        if test(&mut draw).is_ok() {
            continue;
        }
        let fails = |choices: &[u32]| test(&mut Draw::replayed(choices.to_vec())).is_err();
        let simplest = shrink(draw.taken().to_vec(), attempts as usize, fails);
        let difference = test(&mut Draw::replayed(simplest)).expect_err("it still fails");
        panic!("seed {seed}: {difference}");
    }
}

#[test]
fn every_packet_by_itself() {
    check(1500, |draw| {
        let policy = policy(draw);
        let topology = topology(&policy);
        for _ in 0..12 {
            let (sender, frame) = packet(draw, &policy);
            let journey = route(&topology, sender, frame);
            (Parties::untracked(&policy).travel(&journey))
                .map_err(|difference| format!("{difference}\n{policy:#?}"))?;
        }
        Ok(())
    });
}

#[test]
fn one_packet_after_the_other() {
    check(1500, |draw| {
        let policy = policy(draw);
        let mut parties = Parties::tracking(&policy);
        for journey in sequence(draw, &policy, &topology(&policy), 16) {
            (parties.travel(&journey))
                .map_err(|difference| format!("{difference}\n{policy:#?}"))?;
        }
        Ok(())
    });
}

#[test]
fn what_is_remembered_is_counted_until_it_is_forgotten() {
    let mut most = 0;
    for seed in 0..40 {
        let mut draw = Draw::seeded(seed);
        let policy = policy(&mut draw);
        let mut memory = Memory::tracking();
        for journey in sequence(&mut draw, &policy, &topology(&policy), 16) {
            travel(&policy, &journey, &mut memory);
        }
        most = most.max(memory.remembered());
        memory.policy_replaced(Connections::Forget);
        assert_eq!(memory.remembered(), 0, "seed {seed}");
    }
    assert!(most > 2, "{most}");
}
