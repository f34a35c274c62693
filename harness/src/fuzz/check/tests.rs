//! What a property speaks against breaks it.

use netverdict_policy::generate::Draw;

use super::*;

/// Cases drawn for one property that break another.
fn breaking(drawn: Property, held: Property) -> usize {
    let mut checker = Checker::of_model(None);
    let mut breaks = |seed: &u64| {
        let mut case = Case::draw(drawn, &mut Draw::seeded(*seed));
        case.property = held;
        let failure = checker.check(&case).expect("no kernel is asked");
        failure.is_some_and(|failure| {
            assert_eq!(failure.property, held, "seed {seed}");
            assert!(
                matches!(failure.shown, Shown::Changed { .. }),
                "seed {seed}"
            );
            true
        })
    };
    (0..200).filter(|seed| breaks(seed)).count()
}

#[test]
fn a_change_of_another_kind_is_seen() {
    use Property::{
        AggregationChangesNothing, AllowNeverNarrows, DenyNeverWidens, HalvesAreTheWhole,
        OrderDoesNotMatter,
    };
    for (drawn, held) in [
        (AllowNeverNarrows, DenyNeverWidens),
        (DenyNeverWidens, AllowNeverNarrows),
        (DenyNeverWidens, OrderDoesNotMatter),
        (AllowNeverNarrows, HalvesAreTheWhole),
        (DenyNeverWidens, AggregationChangesNothing),
    ] {
        assert_ne!(breaking(drawn, held), 0, "{drawn} held to {held}");
        assert_eq!(breaking(drawn, drawn), 0, "{drawn}");
    }
}

/// What changes nothing is no change that was left out.
#[test]
fn what_changes_nothing_is_another_policy() {
    for property in [
        Property::OrderDoesNotMatter,
        Property::HalvesAreTheWhole,
        Property::AggregationChangesNothing,
    ] {
        let changed = |seed: &u64| {
            let case = Case::draw(property, &mut Draw::seeded(*seed));
            let policies = case.policies();
            policies.get(1).is_some_and(|second| *second != policies[0])
        };
        let count = (0..200).filter(changed).count();
        assert!(count > 20, "{property}: {count}");
    }
}
