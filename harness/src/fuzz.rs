//! Looks for a policy and a packet about which something that always holds does not.
//!
//! A [`Case`] is drawn from a seed and its number, and held to one [`Property`] by
//! [`check`]; what fails is made as small as it goes, first by the choices it was
//! drawn from ([`choices`], driven by proptest), then part by part ([`simplify`]), and
//! becomes a [`Finding`]. [`hunt`] does so on all processors.

pub mod case;
mod caught;
pub mod check;
pub mod choices;
pub mod finding;
pub mod hunt;
pub mod parties;
pub mod property;
pub mod save;
pub mod seed;
pub mod simplify;

pub use case::Case;
pub use finding::Finding;
pub use property::Property;
pub use seed::Seed;
