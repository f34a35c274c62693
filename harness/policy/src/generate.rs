//! Random clusters, policies and packets, for parties to be held against each
//! other.
//!
//! Everything is drawn from a small world, so that labels are shared, prefixes nest
//! and touch, and packets hit the edges of what a policy tells apart. What is drawn
//! depends on the choices of a [`Draw`] alone: a seed, or a list of choices that can
//! be shortened as long as it still shows what it should.

mod change;
mod cluster;
mod damage;
mod draw;
mod packet;
mod peer;
mod places;
mod prefilter;
mod rules;
mod sequence;
mod shape;
mod shrink;

pub use change::Change;
pub use cluster::{another, policy, topology};
pub use damage::damaged;
pub use draw::Draw;
pub use packet::packet;
#[cfg(test)]
pub(crate) use places::{edges, places};
pub use sequence::sequence;
pub use shrink::{Shrinker, shrink};

#[cfg(test)]
mod tests;
