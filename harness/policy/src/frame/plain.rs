//! Frames without anything special.

use std::net::IpAddr;

use super::{Body, FrameSpec, IpPacket, Lengths, MIN_PAYLOAD, TcpFlags, Transport};
use crate::port::Protocol;

impl Transport {
    /// The header of a connection's first packet: of TCP a SYN.
    pub const fn opening(protocol: Protocol, source: u16, destination: u16) -> Transport {
        match protocol {
            Protocol::Tcp => Transport::Tcp {
                source,
                destination,
                flags: TcpFlags::SYN,
            },
            Protocol::Udp => Transport::Udp {
                source,
                destination,
            },
            Protocol::Sctp => Transport::Sctp {
                source,
                destination,
            },
        }
    }
}

impl IpPacket {
    /// A whole packet with neither options nor extension headers, and the least
    /// payload.
    pub const fn plain(source: IpAddr, destination: IpAddr, transport: Transport) -> IpPacket {
        IpPacket {
            source,
            destination,
            options: Vec::new(),
            extension_headers: Vec::new(),
            fragment: None,
            hop_limit: None,
            lengths: Lengths {
                version: None,
                ihl: None,
                total: None,
            },
            transport,
            payload: MIN_PAYLOAD,
            shortened_to: None,
        }
    }
}

/// Untagged and whole.
impl From<IpPacket> for FrameSpec {
    fn from(packet: IpPacket) -> FrameSpec {
        FrameSpec {
            tags: Vec::new(),
            body: Body::Ip(packet),
            truncate: None,
        }
    }
}
