//! Each lane turns a scenario's frames into findings, in the same order.

pub mod accounting;
pub mod kernel;
pub mod model;
mod sightings;
mod staged;
pub mod swap;
pub mod testrun;
pub mod wire;
mod work;

pub use staged::Staged;
pub use work::{Flow, Frames, Work, flow};
