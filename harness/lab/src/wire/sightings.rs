//! Frames as they are seen, place by place.

use std::collections::BTreeSet;

use netverdict_abi::Hook;
use netverdict_policy::frame::find_id;
use netverdict_policy::journey::Point;

use super::evidence::probe_of_mac;
use super::mailbox::Seen;
use super::{Delivery, Place, Returned, Tapped};
use crate::network::point_of;

/// Bytes kept of a frame that came back.
const RETURNED_HEAD: usize = 64;

/// What was found where.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    pub(super) tapped: Vec<Tapped>,
    pub(super) delivered: Vec<Delivery>,
    pub(super) returned: Vec<Returned>,
    /// Links by which a frame left the node.
    pub(super) downward: BTreeSet<u32>,
}

impl Sightings {
    pub(super) fn at_node(&mut self, seen: &Seen<'_>) {
        if seen.leaving {
            self.downward.insert(seen.link);
        } else if let Some(point) = entered_at(seen.link) {
            self.tapped.push(Tapped {
                id: seen.source_mac().and_then(probe_of_mac),
                point,
                length: seen.length,
            });
        }
    }

    pub(super) fn deliver(&mut self, seen: &Seen<'_>, place: Place) {
        match (find_id(seen.head), place) {
            (Some(id), _) => self.delivered.push(Delivery { id, place }),
            (None, Place::Outside) => self.returned.push(Returned {
                length: seen.length,
                head: seen.head[..seen.head.len().min(RETURNED_HEAD)].to_vec(),
            }),
            (None, Place::Workload(_) | Place::Node) => {}
        }
    }
}

/// The hook at the end of a link by which frames enter the node, and the workload
/// whose link it is.
fn entered_at(link: u32) -> Option<Point> {
    point_of(Hook::Uplink, link).or_else(|| point_of(Hook::Egress, link))
}
