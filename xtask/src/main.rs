//! Builds, tests and measures netverdict.

fn main() {}
