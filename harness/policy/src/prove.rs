//! Whether an image means what a policy means, for every address there is; and whether
//! the policy means what it seems to.
//!
//! [`Comparison`] asks both the same questions (each class of ports at each hook) and
//! compares the answers as sets ([`crate::meaning`]). Nothing is sampled: what it does
//! not find is not there. What it cannot see in an answer it counts: every entry of an
//! image must have been looked up for some question.
//!
//! What policies in dry run would do is compared in the same way, as if they were in
//! force ([`Proposed`]).
//!
//! [`overrides`] is about the policy alone: what a prefilter lets past policies that
//! would have denied it.

mod account;
mod compare;
mod group;
mod overrides;
mod proposed;

pub use account::Unread;
pub use compare::{Comparison, Difference, Mismatch};
pub(crate) use group::groups;
pub use group::{Asked, Group};
pub use overrides::{Override, overrides};
pub use proposed::Proposed;
