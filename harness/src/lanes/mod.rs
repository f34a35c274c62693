//! Each lane turns a scenario's frames into findings, in the same order.

pub mod accounting;
pub mod kernel;
pub mod model;
mod sightings;
pub mod testrun;
pub mod wire;
mod work;

pub use work::{Frames, Work};
