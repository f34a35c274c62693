//! The `netverdict` program.

fn main() {}
