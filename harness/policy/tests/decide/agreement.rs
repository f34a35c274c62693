//! Oracle and compiled image agree on generated policies and frames.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use netverdict_abi::Reason;
use netverdict_policy::frame::{ProbeId, build};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret::judge;
use netverdict_policy::lower::lower;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::arb;
use crate::arb::prefix::boundaries;
use crate::parties::agreed_reason;

/// Every reason but those that need another image or a broken program is met,
/// lest the generators drift away from what they are for.
#[test]
fn the_image_decides_as_the_oracle() {
    let met: RefCell<BTreeMap<Reason, usize>> = RefCell::default();
    let cases = (arb::policy::policy(), vec(arb::frame::frame(), 40));
    TestRunner::new(arb::config(800))
        .run(&cases, |(policy, recipes)| {
            // What is wrong with the others is looked at in `backends`.
            let Ok(image) = lower(&policy) else {
                return Ok(());
            };
            let sources = boundaries(&arb::policy::prefixes(&policy));
            for frame in recipes.iter().filter_map(|recipe| recipe.frame(&sources)) {
                let reason = agreed_reason(&policy, &image, &frame);
                *met.borrow_mut().entry(reason).or_default() += 1;
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let met = met.into_inner();
    for reason in Reason::ALL {
        let count = met.get(reason).copied().unwrap_or(0);
        match reason {
            Reason::PassAll | Reason::Impossible => assert_eq!(count, 0, "{reason:?}"),
            _ => assert!(
                count >= 100,
                "{reason:?} was met {count} times only: {met:?}"
            ),
        }
    }
}

/// Any bytes are judged, and those behind the packet change nothing.
#[test]
fn any_bytes_are_judged() {
    let parts = (arb::policy::policy(), vec(arb::frame::frame(), 10));
    let mutations = vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let cases = (parts, mutations, vec(any::<u8>(), 0..100));
    let padded = Cell::new(0);
    TestRunner::new(arb::config(300))
        .run(&cases, |((policy, recipes), mutations, noise)| {
            let image = lower(&policy).unwrap_or_default();
            judge(&image, &noise);
            for spec in recipes
                .iter()
                .filter_map(|recipe| recipe.frame(&[[10, 1, 2, 3].into()]))
            {
                let mut bytes = build(&spec, ProbeId(1), [0; 6]).expect("the frame has bytes");
                for (at, byte) in &mutations {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
                let before = judge(&image, &bytes);
                if before.reason != Reason::Truncated {
                    let longer = [&bytes[..], &noise].concat();
                    prop_assert_eq!(judge(&image, &longer), before);
                    padded.set(padded.get() + 1);
                }
                prop_assert_eq!(judge(&MapImage::pass_all(), &bytes).reason, Reason::PassAll);
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let padded = padded.get();
    assert!(padded > 1000, "only {padded} frames were padded");
}
