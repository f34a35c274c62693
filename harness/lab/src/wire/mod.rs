//! Frames in, evidence out.
//!
//! ```text
//! router ── uplink ──► filter ─► tap ─► stack ─► forward ─► sink (a workload)
//!   ▲                                     └────► local (the node itself)
//!   └── back ◄── whatever the node sent
//! ```

mod batch;
mod evidence;
mod mailbox;
mod pin;
mod sentinel;
mod socket;

pub use evidence::{BatchEvidence, Delivery, Place, Returned, Tapped};

pub(crate) use batch::Wire;

/// Frames that one batch holds at most.
pub const MAX_BATCH: usize = 256;
