//! Frames in, evidence out.

mod evidence;

pub use evidence::{BatchEvidence, Delivery, Place, Returned, Tapped};

/// Frames that one batch holds at most.
pub const MAX_BATCH: usize = 256;
