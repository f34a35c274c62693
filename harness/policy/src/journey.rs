//! The way of a packet past the hooks of a node.

use std::net::IpAddr;

use netverdict_abi::Hook;

use crate::frame::FrameSpec;
use crate::port::ProtoPort;

/// A hook, and whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// [`Hook::Uplink`].
    Uplink,
    /// [`Hook::Egress`] of the workload with this index.
    Egress(usize),
    /// [`Hook::Ingress`] of the workload with this index.
    Ingress(usize),
}

impl Point {
    /// Which program judges here.
    pub const fn hook(self) -> Hook {
        match self {
            Point::Uplink => Hook::Uplink,
            Point::Egress(_) => Hook::Egress,
            Point::Ingress(_) => Hook::Ingress,
        }
    }
}

/// A frame as it looks at a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Where.
    pub point: Point,
    /// The frame. Hops are not counted, and checksums not looked at.
    pub frame: FrameSpec,
}

/// Everything that becomes of a frame if nothing drops it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    /// The hooks it comes by, in order, at least one. The first leg's frame is
    /// the one that is sent, from beyond the uplink or by a workload.
    pub legs: Vec<Leg>,
    /// Where it should arrive if every hook passes it.
    pub target: Target,
}

impl Journey {
    /// The frame that is sent.
    pub fn frame(&self) -> &FrameSpec {
        &self.first().frame
    }

    /// The first leg.
    pub fn first(&self) -> &Leg {
        self.legs.first().expect("a journey has at least one leg")
    }
}

/// Where a frame is meant to arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// At a workload.
    Workload {
        /// Index into [`crate::topology::TopologyPlan::workloads`].
        workload: usize,
        /// The port on the node through which it gets there, if any.
        node_port: Option<ProtoPort>,
    },
    /// At the node itself.
    Node,
    /// Out of the node's uplink, for this address.
    Outside(IpAddr),
    /// Nowhere: a host stack cannot deliver it, though the filter may pass it.
    Undeliverable(crate::scenario::Undeliverable),
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// Somebody beyond the uplink.
    Outside,
    /// The workload with this index.
    Workload(usize),
}

/// The way of a frame through the node of `topology`: which hooks it comes by,
/// what it looks like there, and where it arrives.
///
/// A node port is rewritten to its first backend behind the hook where the frame
/// enters, whoever sends: so a workload that calls the node's address never meets
/// the uplink, nor its prefilter.
///
/// The frame is one that has bytes ([`crate::frame::build`] takes it).
pub fn route(
    topology: &crate::topology::TopologyPlan,
    sender: Sender,
    frame: FrameSpec,
) -> Journey {
    let _ = (topology, sender, frame);
    todo!()
}
