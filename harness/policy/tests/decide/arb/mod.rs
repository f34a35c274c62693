//! Generators. Everything is drawn from a small world, so that prefixes nest
//! and touch, and ports and labels meet.

pub(crate) mod frame;
pub(crate) mod policy;
pub(crate) mod prefix;

use proptest::test_runner::{Config, RngSeed};

/// The same cases on every run.
pub(crate) fn config(cases: u32) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(0x6e76),
        failure_persistence: None,
        ..Config::default()
    }
}
