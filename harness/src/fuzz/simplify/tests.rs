//! What does not matter goes; what matters stays.

use std::convert::Infallible;

use netverdict_policy::generate::Draw;
use netverdict_policy::lower::lower;

use super::*;
use crate::fuzz::case::Twist;

/// A drawn case of each property, without rules or packets that nothing depends on.
#[test]
fn nothing_is_left_if_nothing_matters() {
    for property in Property::ALL {
        for seed in 0..5 {
            let case = Case::draw(property, &mut Draw::seeded(seed));
            let simplest = simplify(case, 10_000, |case| {
                Ok::<_, Infallible>(Some(case.property))
            });
            let Ok(simplest) = simplest;
            assert_eq!(
                (simplest.rules(), simplest.frames()),
                (0, 0),
                "{simplest:#?}"
            );
            assert_eq!(simplest.policy.workloads.len(), 1);
        }
    }
}

/// Every candidate is a case that can be judged: it compiles, and its packets come
/// from somebody who is there.
#[test]
fn candidates_are_cases() {
    for property in Property::ALL {
        for seed in 0..10 {
            let case = Case::draw(property, &mut Draw::seeded(seed));
            let candidates = simpler(&case);
            assert!(candidates.len() > 20, "{}", candidates.len());
            for candidate in candidates {
                assert_ne!(candidate, case);
                for policy in candidate.policies() {
                    lower(&policy).expect("it compiles");
                }
                let topology = candidate.topology();
                for packet in &candidate.packets {
                    packet.journey(&topology);
                }
            }
        }
    }
}

#[test]
fn what_matters_stays() {
    let case = Case::draw(Property::UpdateEqualsFreshLoad, &mut Draw::seeded(3));
    let updates = |case: &Case| match &case.twist {
        Twist::Updated { updates, .. } => updates.len(),
        Twist::None | Twist::Changed(_) | Twist::Damaged(_) => 0,
    };
    assert!(updates(&case) > 0 && case.packets.len() > 3);
    let Ok(simplest) = simplify(case, 10_000, |case| {
        let matters = case.packets.len() >= 3 && updates(case) > 0;
        Ok::<_, Infallible>(matters.then_some(case.property))
    });
    assert_eq!((simplest.packets.len(), updates(&simplest)), (3, 1));
    assert_eq!((simplest.rules(), simplest.frames()), (0, 3));
}
