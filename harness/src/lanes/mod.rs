//! Each lane turns a scenario's frames into findings, in the same order.

pub mod accounting;
pub mod kernel;
pub mod model;
mod sightings;
pub mod testrun;
pub mod wire;

use netverdict_policy::frame::ProbeId;
use netverdict_policy::image::MapImage;
use netverdict_policy::scenario::Case;
use netverdict_policy::topology::TopologyPlan;

/// Frames of one scenario, ready to be sent; all lists are of the same length.
#[derive(Debug)]
pub struct Work<'a> {
    /// The network.
    pub topology: &'a TopologyPlan,
    /// The compiled policy.
    pub image: &'a MapImage,
    /// What the frames are.
    pub cases: Vec<&'a Case>,
    /// Their bytes, and the ids in them.
    pub frames: Vec<(ProbeId, Vec<u8>)>,
    /// The order to send them in: a permutation of the indices.
    pub order: Vec<usize>,
}
