//! What the kernel was seen to do with a batch.

use netverdict_abi::{Event, REASON_COUNT};
use netverdict_policy::frame::ProbeId;

/// Everything seen of one batch. The frames went in through one queue and the
/// places were read until a sentinel sent behind the frames showed there, so
/// that what is missing did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchEvidence {
    /// Frames of the batch that the link took, without the sentinel.
    pub sent: usize,
    /// What the filter reported, in its order.
    pub events: Vec<Event>,
    /// Frames seen just behind the filter, in order.
    pub tapped: Vec<Tapped>,
    /// Probes that arrived somewhere.
    pub delivered: Vec<Delivery>,
    /// Frames that came back out of the uplink.
    pub returned: Vec<Returned>,
    /// How much each reason's counter grew, the sentinel's own count taken off.
    pub counters: [u64; REASON_COUNT],
    /// Events that found the ring buffer full.
    pub lost_events: u64,
    /// Whether the sentinel showed behind the filter before the deadline. If
    /// not, nothing can be concluded from what is missing.
    pub sentinel_seen: bool,
}

/// A frame behind the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tapped {
    /// Which probe, by its source MAC address; `None` for a frame that is no
    /// probe of ours.
    pub id: Option<ProbeId>,
    /// Length in bytes, Ethernet header and VLAN tags included.
    pub length: usize,
}

/// A probe that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivery {
    /// Which probe, by its payload.
    pub id: ProbeId,
    /// Where.
    pub place: Place,
}

/// Where a probe can arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the namespace of the workload with this index in the plan.
    Workload(usize),
    /// At the node's own stack.
    Node,
}

/// A frame that came back out of the uplink, as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Length in bytes.
    pub length: usize,
    /// Its first bytes, at most 64.
    pub head: Vec<u8>,
}
