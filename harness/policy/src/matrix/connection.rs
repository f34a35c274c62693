//! One connection to try, and what is right for it.

use std::net::IpAddr;

use netverdict_abi::Reason;

use super::template::spec;
use super::{PortRange, World};
use crate::frame::FrameSpec;
use crate::journey::Point;
use crate::oracle;
use crate::port::Protocol;
use crate::prefix::Family;

/// An end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Outside: an index into [`World::cells`].
    Cell(u32),
    /// An index into [`crate::model::Policy::workloads`].
    Workload(u32),
}

/// A connection to one port, which stands for all of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Who begins it.
    pub source: End,
    /// With whom.
    pub destination: End,
    /// By which addresses.
    pub family: Family,
    /// The protocol.
    pub protocol: Protocol,
    /// The ports it stands for; the first is tried.
    pub ports: PortRange,
    /// The port that it comes from: another one than the connections around it.
    pub client_port: u16,
}

/// The hooks that the first packet comes by, in order: none, one or two.
pub type Hooks = [Option<Point>; 2];

/// What the oracle says at each of them.
pub type Expected = [Option<Reason>; 2];

impl Connection {
    /// The hooks that its first packet comes by.
    pub fn hooks(&self, world: &World<'_>) -> Hooks {
        let workload = |end| match end {
            End::Workload(index) => {
                let index = index as usize;
                (!world.policy.workloads[index].host_network).then_some(index)
            }
            End::Cell(_) => None,
        };
        let from_outside = matches!(self.source, End::Cell(_));
        let leaves = match workload(self.source) {
            Some(sender) => Some(Point::Egress(sender)),
            None => from_outside.then_some(Point::Uplink),
        };
        [leaves, workload(self.destination).map(Point::Ingress)]
    }

    /// Its addresses: the source's, the destination's.
    pub fn addresses(&self, world: &World<'_>) -> (IpAddr, IpAddr) {
        let of = |end| {
            let address = world.address(end, self.family);
            address.expect("a plan holds connections between ends that have addresses")
        };
        (of(self.source), of(self.destination))
    }

    /// Its first packet.
    pub fn first_packet(&self, world: &World<'_>) -> FrameSpec {
        let (source, destination) = self.addresses(world);
        let ports = (self.client_port, self.ports.first);
        spec(source, destination, self.protocol, ports)
    }

    /// What is right at each hook, also behind one that drops it: there, as if it
    /// had passed.
    pub fn expected(&self, world: &World<'_>) -> Expected {
        let frame = self.first_packet(world);
        let mut memory = oracle::Memory::untracked();
        self.hooks(world).map(|point| {
            point.map(|point| oracle::judge(world.policy, point, &frame, &mut memory).reason)
        })
    }
}
