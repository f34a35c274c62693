//! What is asked of a policy: everything about a packet but the peer's address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netverdict_policy::frame::{FrameSpec, IpPacket};
use netverdict_policy::journey::Point;
use netverdict_policy::meaning::{L4, L4Class, Question};
use netverdict_policy::model::Policy;
use netverdict_policy::port::ProtoPort;
use netverdict_policy::prefix::Family;
use netverdict_policy::topology::TopologyPlan;

/// A question, and what of it is the same at every address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The question: about the first port, or message type, of `class`.
    pub question: Question,
    /// All that it stands for.
    pub class: L4Class,
    /// The other end, of IPv4 and of IPv6, where there is one.
    own: [Option<IpAddr>; 2],
}

/// What comes to the uplink is for an address of the node; where it has none of a
/// family, for one that documents use (RFC 5737, RFC 3849): prefilters look at the
/// port alone.
const SOMEWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

impl Asked {
    /// A question at a point.
    pub fn new(policy: &Policy, point: Point, class: L4Class) -> Asked {
        let own = Family::ALL.map(|family| {
            let of_family = |addresses: &[IpAddr]| {
                let mut addresses = addresses.iter().copied();
                addresses.find(|address| Family::of(*address) == family)
            };
            match point {
                Point::Uplink => {
                    of_family(&policy.node.addresses).or(Some(SOMEWHERE[family as usize]))
                }
                Point::Egress(workload) | Point::Ingress(workload) => {
                    of_family(&policy.workloads[workload].addresses)
                }
            }
        });
        Asked {
            question: Question {
                point,
                l4: class.first,
            },
            class,
            own,
        }
    }

    /// Where it is asked.
    pub fn point(&self) -> Point {
        self.question.point
    }

    /// The end that is not the peer, if it has an address of this family.
    pub fn own(&self, family: Family) -> Option<IpAddr> {
        self.own[family as usize]
    }

    /// The packet between the peer and the other end.
    ///
    /// # Panics
    /// If the other end has no address of the peer's family.
    pub fn packet(&self, peer: IpAddr) -> IpPacket {
        let own = self.own(Family::of(peer));
        let own = own.expect("the other end has an address of the peer's family");
        self.question.packet(peer, own)
    }

    /// The plain frame of it.
    pub fn frame(&self, peer: IpAddr) -> FrameSpec {
        self.packet(peer).into()
    }

    /// Source and destination of its packets.
    pub fn ends(&self, peer: IpAddr, own: IpAddr) -> (IpAddr, IpAddr) {
        match self.point() {
            Point::Uplink | Point::Ingress(_) => (peer, own),
            Point::Egress(_) => (own, peer),
        }
    }

    /// `198.51.100.0/24 to inventory 30007/tcp`, for these peers.
    pub fn words(&self, policy: &Policy, topology: &TopologyPlan, peers: &str) -> String {
        let l4 = class_words(self.class);
        let name = |workload: usize| &topology.workloads[workload].name;
        match self.point() {
            Point::Uplink => {
                let service = (policy.node_ports.iter())
                    .find(|service| Some(service.node_port) == self.one_port());
                match service {
                    Some(service) => format!("{peers} to {} {l4}", service.service.name),
                    None => format!("{peers} to the node {l4}"),
                }
            }
            Point::Egress(workload) => format!("{} to {peers} {l4}", name(workload)),
            Point::Ingress(workload) => format!("{peers} to {} {l4}", name(workload)),
        }
    }

    /// The port that it is about, if it is about one.
    pub fn one_port(&self) -> Option<ProtoPort> {
        match (self.class.first, self.class.last) {
            (L4::Ports(port), last) if last == L4::Ports(port) => Some(port),
            _ => None,
        }
    }
}

/// `80/tcp`, `1-79/tcp`, `icmp type 8`.
pub fn class_words(class: L4Class) -> String {
    match (class.first, class.last) {
        (L4::Ports(first), L4::Ports(last)) if first == last => first.to_string(),
        (L4::Ports(first), L4::Ports(last)) => format!("{}-{last}", first.port),
        (L4::Icmp { kind }, L4::Icmp { kind: last }) if kind == last => {
            format!("icmp type {kind}")
        }
        (L4::Icmp { kind }, L4::Icmp { kind: last }) => format!("icmp types {kind}-{last}"),
        (L4::ForeignIcmp, _) => "ICMP of the other family".to_owned(),
        (L4::Other, _) => "other protocols".to_owned(),
        (L4::Ports(_) | L4::Icmp { .. }, _) => {
            unreachable!("a class is of one protocol")
        }
    }
}
