//! The way of a packet past the hooks of a node.

use std::net::IpAddr;

use netverdict_abi::Hook;

use crate::frame::{Body, FrameSpec, IcmpKind, IpPacket, Path, Transport, undeliverable};
use crate::port::{ProtoPort, Protocol};
use crate::scenario::Undeliverable;
use crate::topology::{Forward, TopologyPlan, WorkloadPlan};

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
    /// The frame. Hops are counted where the description gives them; checksums are
    /// not looked at.
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
    Undeliverable(Undeliverable),
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
/// the uplink, nor its prefilter. What a workload sends is never rewritten on its
/// way to another workload.
///
/// The frame is one that has bytes ([`crate::frame::build`] takes it).
pub fn route(topology: &TopologyPlan, sender: Sender, frame: FrameSpec) -> Journey {
    let way = Way::of(topology, sender, &frame);
    let point = match sender {
        Sender::Outside => Point::Uplink,
        Sender::Workload(workload) => Point::Egress(workload),
    };
    let (behind, target) = match way {
        Way::Ends(target) => (None, target),
        Way::Into {
            workload,
            rewritten,
            node_port,
        } => {
            let frame = forwarded(&frame, rewritten);
            let point = Point::Ingress(workload);
            let target = Target::Workload {
                workload,
                node_port,
            };
            (Some(Leg { point, frame }), target)
        }
    };
    let mut legs = vec![Leg { point, frame }];
    legs.extend(behind);
    Journey { legs, target }
}

/// What becomes of a frame behind the hook where it enters.
enum Way {
    /// No other hook.
    Ends(Target),
    /// On to a workload.
    Into {
        workload: usize,
        /// Its new destination, if it is rewritten.
        rewritten: Option<(IpAddr, u16)>,
        node_port: Option<ProtoPort>,
    },
}

impl Way {
    fn of(topology: &TopologyPlan, sender: Sender, frame: &FrameSpec) -> Way {
        let nowhere = |why| Way::Ends(Target::Undeliverable(why));
        let Body::Ip(packet) = &frame.body else {
            return nowhere(Undeliverable::NotIp);
        };
        // It goes to a multicast group (RFC 4861 §7.2.2), which no interface
        // joins on links that are kept quiet.
        if let Transport::Icmp(IcmpKind::NeighbourSolicitation) = packet.transport {
            return nowhere(Undeliverable::ForeignDestination);
        }
        let unless = |path: Path, way: Way| match undeliverable(frame, &topology.node, path) {
            Some(why) => nowhere(why),
            None => way,
        };
        let destination = packet.destination;
        if topology.node.contains(&destination) {
            let Some(forward) = forward(topology, packet) else {
                return unless(Path::Local, Way::Ends(Target::Node));
            };
            let workload = &topology.workloads[forward.workload];
            if workload.host_network {
                return unless(Path::Local, Way::Ends(Target::Node));
            }
            let of_family = |address: &&IpAddr| address.is_ipv4() == destination.is_ipv4();
            let Some(backend) = workload.addresses.iter().find(of_family) else {
                return nowhere(Undeliverable::NoBackend);
            };
            let into = Way::Into {
                workload: forward.workload,
                rewritten: Some((*backend, forward.target_port)),
                node_port: Some(forward.node_port),
            };
            return unless(Path::Forwarded, into);
        }
        let owns = |workload: &WorkloadPlan| {
            !workload.host_network && workload.addresses.contains(&destination)
        };
        if let Some(workload) = topology.workloads.iter().position(owns) {
            let into = Way::Into {
                workload,
                rewritten: None,
                node_port: None,
            };
            return unless(Path::Routed, into);
        }
        let family = |node: &IpAddr| node.is_ipv4() == destination.is_ipv4();
        match sender {
            Sender::Workload(_) if leaves(destination) && topology.node.iter().any(family) => {
                unless(Path::Routed, Way::Ends(Target::Outside(destination)))
            }
            // What came from outside is not sent back there.
            Sender::Outside | Sender::Workload(_) => nowhere(Undeliverable::ForeignDestination),
        }
    }
}

/// The node port that a packet is sent to, wherever it then gets.
pub fn node_port(topology: &TopologyPlan, packet: &IpPacket) -> Option<ProtoPort> {
    let to_node = topology.node.contains(&packet.destination);
    let forward = forward(topology, packet).filter(|_| to_node);
    forward.map(|forward| forward.node_port)
}

/// The node port that the packet is for.
fn forward<'a>(topology: &'a TopologyPlan, packet: &IpPacket) -> Option<&'a Forward> {
    let (protocol, port) = match packet.transport {
        Transport::Tcp { destination, .. } => (Protocol::Tcp, destination),
        Transport::Udp { destination, .. } => (Protocol::Udp, destination),
        Transport::Sctp { destination, .. } => (Protocol::Sctp, destination),
        Transport::Icmp(_) | Transport::Other { .. } => return None,
    };
    let node_port = ProtoPort { port, protocol };
    (topology.forwards.iter()).find(|forward| forward.node_port == node_port)
}

/// Whether a node forwards to the address: RFC 1122 §3.2.1.3, RFC 4291 §2;
/// `ip_route_input_slow` and `ip6_forward` of Linux.
fn leaves(destination: IpAddr) -> bool {
    match destination {
        IpAddr::V4(v4) => {
            let [first, ..] = v4.octets();
            !(matches!(first, 0 | 127) || v4.is_multicast() || v4.is_broadcast())
        }
        IpAddr::V6(v6) => {
            !(v6.is_unspecified()
                || v6.is_loopback()
                || v6.is_multicast()
                || v6.is_unicast_link_local())
        }
    }
}

/// The frame on the next link: untagged, and at another destination if it was
/// rewritten.
fn forwarded(frame: &FrameSpec, rewritten: Option<(IpAddr, u16)>) -> FrameSpec {
    let mut frame = frame.clone();
    frame.tags.clear();
    if let Body::Ip(packet) = &mut frame.body {
        packet.hop_limit = packet.hop_limit.map(|hops| hops.saturating_sub(1));
    }
    if let (Some((address, port)), Body::Ip(packet)) = (rewritten, &mut frame.body) {
        packet.destination = address;
        match &mut packet.transport {
            Transport::Tcp { destination, .. }
            | Transport::Udp { destination, .. }
            | Transport::Sctp { destination, .. } => *destination = port,
            Transport::Icmp(_) | Transport::Other { .. } => {}
        }
    }
    frame
}

#[cfg(test)]
mod tests;
