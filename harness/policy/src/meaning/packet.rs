//! A packet that a question is about.

use std::net::IpAddr;

use super::{L4, Question};
use crate::frame::{IcmpKind, IpPacket, Transport};
use crate::journey::Point;
use crate::port::ProtoPort;

/// Where packets of a question come from: no policy looks at it.
const CLIENT_PORT: u16 = 40_000;

/// Generic routing encapsulation: nobody's rule names a protocol without ports.
const GRE: u8 = 47;

impl Question {
    /// The plain packet between the peer and the other side, which is of the same
    /// family: at the uplink the destination, at a workload an address of its own.
    pub fn packet(&self, peer: IpAddr, own: IpAddr) -> IpPacket {
        let (source, destination) = match self.point {
            Point::Uplink | Point::Ingress(_) => (peer, own),
            Point::Egress(_) => (own, peer),
        };
        let is_v4 = peer.is_ipv4();
        let identifier = CLIENT_PORT;
        let transport = match self.l4 {
            L4::Ports(ProtoPort { port, protocol }) => {
                Transport::opening(protocol, CLIENT_PORT, port)
            }
            L4::Icmp { kind } => Transport::Icmp(match (is_v4, kind) {
                (true, 8) | (false, 128) => IcmpKind::EchoRequest { identifier },
                (true, 0) | (false, 129) => IcmpKind::EchoReply { identifier },
                _ => IcmpKind::Other { kind, code: 0 },
            }),
            L4::ForeignIcmp => Transport::Other {
                protocol: if is_v4 { 58 } else { 1 },
            },
            L4::Other => Transport::Other { protocol: GRE },
        };
        IpPacket::plain(source, destination, transport)
    }
}
