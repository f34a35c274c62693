//! Frames in, evidence out.
//!
//! ```text
//! router ── uplink ──► hook ─┐                    ┌─► link ──► hook ─► sink (a workload)
//! a workload ── link ─► hook ┴─► tap ─► stack ────┼─► local (the node itself)
//!                                                 └─► uplink ──► the router's end
//! ```
//!
//! The tap sees frames that enter the node, behind their first hook, and frames
//! that leave it by any link. So it is known down which links something went, and
//! only there a sentinel has to follow before what is missing counts as missing.

mod batch;
mod evidence;
mod inject;
mod mailbox;
mod passage;
mod pin;
mod rest;
mod sentinel;
mod sightings;
mod socket;
mod stream;
mod traffic;
mod unfiltered;

pub use evidence::{
    BatchEvidence, Counters, Delivery, Place, Returned, Tapped, probe_of, proposal_of,
};
pub use inject::Shot;
pub use passage::{Judged, Passage, Reign, Repeated};
pub use stream::StreamEnd;
pub use traffic::Traffic;
pub use unfiltered::Arrivals;

pub(crate) use batch::Wire;

/// Frames that one batch holds at most.
pub const MAX_BATCH: usize = 256;
