//! A batch past no filter of ours: where it arrives is all there is to see.

use super::batch::Wire;
use super::pin::Pinned;
use super::sightings::Sightings;
use super::{Delivery, Returned, Shot, Tapped};
use crate::error::LabError;

/// What was seen of a batch where no filter reports anything. As with
/// [`super::BatchEvidence`], what is missing did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// Frames of the batch that the links took.
    pub sent: usize,
    /// Frames that entered the node, those of one sender in order.
    pub tapped: Vec<Tapped>,
    /// Probes that arrived somewhere.
    pub delivered: Vec<Delivery>,
    /// Frames that left by the uplink and are no probes.
    pub returned: Vec<Returned>,
    /// Whether every sentinel showed before the deadline. If not, nothing can be
    /// concluded from what is missing.
    pub sentinel_seen: bool,
}

impl Wire {
    /// Sends a batch and looks where it arrives.
    pub(crate) fn send_unfiltered(&mut self, shots: &[Shot<'_>]) -> Result<Arrivals, LabError> {
        let senders = self.check(shots)?;
        let _pinned = Pinned::here()
            .map_err(|errno| LabError::system("stay on one processor")(errno.into()))?;
        let sentinel = self.next_sentinel();
        let mut sent = 0;
        for sender in &senders {
            sent += self.inject_of(*sender, shots, Some(sentinel))?;
        }
        let mut seen = Sightings::default();
        let entered = self.look_at_node(sentinel, &senders, &mut seen)?;
        let sentinel_seen = entered && self.look_behind(sentinel, &mut seen)?;
        let Sightings {
            tapped,
            delivered,
            returned,
            downward: _,
        } = seen;
        Ok(Arrivals {
            sent,
            tapped,
            delivered,
            returned,
            sentinel_seen,
        })
    }
}
