//! Any bytes for every parser that reads what others wrote.
//!
//! A [`Target`] takes bytes and must come back: without a panic, without a stack or
//! memory that grows with the input beyond measure, and soon. Its test replays the
//! corpus, which holds what once went wrong, and a burst of [`mutated`] seeds;
//! `cargo xtask explore` looks further.

mod corpus;
mod mutate;
mod targets;

pub use corpus::{corpus, folder, keep};
pub use mutate::mutated;
pub use targets::{TARGETS, Target, target};

/// Most bytes of an input: what takes longer than a second at this size takes too
/// long.
pub const MOST: usize = 64 << 10;
