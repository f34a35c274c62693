//! What bytes are fed to.

mod capture;
mod frame;
mod text;

/// A parser.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, on the command line and of its corpus.
    pub name: &'static str,
    /// Feeds it. Panics where it does something wrong.
    pub run: fn(&[u8]),
    /// Inputs to begin with, besides the corpus; at least one.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of its language.
    pub words: &'static [&'static [u8]],
    /// Mutated seeds that its test tries.
    pub burst: u64,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "scenario",
        run: text::scenario,
        seeds: text::scenarios,
        words: text::WORDS,
        burst: 80,
    },
    Target {
        name: "cluster",
        run: text::cluster,
        seeds: text::manifests,
        words: text::WORDS,
        burst: 150,
    },
    Target {
        name: "addresses",
        run: text::addresses,
        seeds: text::lists,
        words: text::ADDRESS_WORDS,
        burst: 2_000,
    },
    Target {
        name: "capture",
        run: capture::run,
        seeds: capture::seeds,
        words: capture::WORDS,
        burst: 1_500,
    },
    Target {
        name: "frame",
        run: frame::run,
        seeds: frame::seeds,
        words: frame::WORDS,
        burst: 1_500,
    },
];

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
