//! What the kernel was seen to do with a batch.

use netverdict_abi::{Event, Hook, REASON_COUNT, Reason};
use netverdict_policy::frame::{ProbeId, id_of_tail, probe_mac};
use netverdict_policy::image::RuleId;
use netverdict_policy::interpret::Proposal;
use netverdict_policy::journey::Point;

/// Counters by hook ([`Hook`]'s code) and reason.
pub type Counters = [[u64; REASON_COUNT]; Hook::ALL.len()];

/// Everything seen of one batch. Each sender's frames went in through one queue
/// and the places were read until a sentinel sent behind the frames showed there,
/// so that what is missing did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchEvidence {
    /// Frames of the batch that the links took, without the sentinels.
    pub sent: usize,
    /// What the filter reported, in its order.
    pub events: Vec<Event>,
    /// Frames that entered the node, seen just behind their first hook; those of
    /// one sender in order.
    pub tapped: Vec<Tapped>,
    /// Probes that arrived somewhere.
    pub delivered: Vec<Delivery>,
    /// Frames that left by the uplink and are no probes.
    pub returned: Vec<Returned>,
    /// How much each counter grew, the sentinels' own counts taken off.
    pub counters: Counters,
    /// Likewise those of the proposed policy.
    pub proposed: Counters,
    /// Events that found the ring buffer full.
    pub lost_events: u64,
    /// Whether every sentinel showed before the deadline. If not, nothing can be
    /// concluded from what is missing.
    pub sentinel_seen: bool,
}

/// A frame behind the first hook it came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tapped {
    /// Which probe, by its source MAC address; `None` for a frame that is no
    /// probe of ours.
    pub id: Option<ProbeId>,
    /// [`Point::Uplink`] or [`Point::Egress`].
    pub point: Point,
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
    /// In the namespace of the workload with this index in the plan, behind its
    /// ingress hook.
    Workload(usize),
    /// At the node's own stack, which workloads in the node's network share.
    Node,
    /// At the far end of the uplink.
    Outside,
}

/// A frame that came out of the uplink, as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Length in bytes.
    pub length: usize,
    /// Its first bytes, at most 64.
    pub head: Vec<u8>,
}

/// Which probe an event is about: by the source MAC address at the first hook, and
/// by the end of the payload behind a router.
pub fn probe_of(event: &Event) -> Option<ProbeId> {
    probe_of_mac(event.source_mac).or_else(|| id_of_tail(event.tail))
}

/// What the proposed policy says of the frame; `None` where it was not asked.
///
/// # Errors
/// The code of a reason that this layout does not have.
pub fn proposal_of(event: &Event) -> Result<Option<Proposal>, u8> {
    if event.proposed == Event::NOT_PROPOSED {
        return Ok(None);
    }
    let reason = Reason::from_code(event.proposed).ok_or(event.proposed)?;
    Ok(Some(Proposal {
        reason,
        rule: RuleId(event.proposed_rule),
    }))
}

/// The probe whose source address this is.
pub(super) fn probe_of_mac(mac: [u8; 6]) -> Option<ProbeId> {
    let [.., a, b, c, d] = mac;
    let id = ProbeId(u32::from_be_bytes([a, b, c, d]));
    (probe_mac(id) == mac).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_known_by_its_source_address() {
        let id = ProbeId(0xdead_beef);
        assert_eq!(probe_of_mac(probe_mac(id)), Some(id));
        let mut other = probe_mac(id);
        other[1] ^= 1;
        assert_eq!(probe_of_mac(other), None);
    }
}
