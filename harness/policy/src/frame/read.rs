//! From bytes to a description.
//!
//! Invariant: nothing of [`crate::interpret`] is used here. The interpreter judges
//! bytes, the oracle what is read of them here: with one parser for both, its
//! mistakes would agree with themselves.

mod bytes;
mod icmp;
mod v4;
mod v6;

use thiserror::Error;

use super::{Body, FrameSpec, IpPacket, TcpFlags, Transport, VlanTag, length};
use bytes::Bytes;

/// Why a frame has no description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// Less than an Ethernet header.
    #[error("{0} bytes hold no Ethernet header")]
    NoEthernetHeader(usize),
    /// Described are fragment headers behind all others only.
    #[error("extension header {0} stands behind a fragment header")]
    BehindFragmentHeader(u8),
}

/// Describes a frame, without FCS, so that whoever judges by the description is
/// right about the bytes: everything that a frame is judged by is told, what is cut
/// off counts as zero, and padding behind an IP packet is left out.
///
/// The description of a frame that [`super::build`] made is another than the one it
/// was made from: identifications are told, lengths that lie are taken for true
/// where they can be, options are bytes, and of a neighbour solicitation the type is
/// left. Judged are both alike.
///
/// # Errors
/// What no description tells.
pub fn read(frame: &[u8]) -> Result<FrameSpec, Unreadable> {
    if frame.len() < length::ETHERNET {
        return Err(Unreadable::NoEthernetHeader(frame.len()));
    }
    let bytes = Bytes(frame);
    let mut ethertype = bytes.u16(12);
    let mut at = length::ETHERNET;
    let mut tags = Vec::new();
    while let tpid @ (0x8100 | 0x88a8) = ethertype {
        let control = bytes.u16(at);
        tags.push(VlanTag {
            tpid,
            id: control & 0x0fff,
            priority: (control >> 13) as u8,
        });
        at += length::TAG;
        // Half an ethertype is none.
        ethertype = match at <= frame.len() {
            true => bytes.u16(at - 2),
            false => 0,
        };
    }
    let inside = bytes.from(at);
    let body = match ethertype {
        0x0800 => Body::Ip(v4::packet(inside)),
        0x86dd => Body::Ip(v6::packet(inside)?),
        0x0806 => arp(inside),
        ethertype => Body::Other { ethertype },
    };
    let mut spec = FrameSpec {
        tags,
        body,
        truncate: None,
    };
    if frame.len() < length::whole(&spec) {
        spec.truncate = Some(frame.len());
    }
    Ok(spec)
}

/// A request for an IPv4 address over Ethernet, or any other ARP (RFC 826).
fn arp(bytes: Bytes<'_>) -> Body {
    let is_request = bytes.u16(0) == 1
        && bytes.u16(2) == 0x0800
        && (bytes.u8(4), bytes.u8(5)) == (6, 4)
        && bytes.u16(6) == 1;
    match is_request && bytes.0.len() >= length::ARP {
        true => Body::Arp {
            sender: bytes.v4(14),
            target: bytes.v4(24),
        },
        false => Body::Other { ethertype: 0x0806 },
    }
}

/// What an IP packet of a protocol carries, `bytes` being what there is of it.
fn transport(is_v4: bool, protocol: u8, bytes: Bytes<'_>) -> Transport {
    let (source, destination) = (bytes.u16(0), bytes.u16(2));
    match protocol {
        6 => Transport::Tcp {
            source,
            destination,
            flags: TcpFlags(bytes.u8(13)),
        },
        17 => Transport::Udp {
            source,
            destination,
        },
        132 => Transport::Sctp {
            source,
            destination,
        },
        1 if is_v4 => Transport::Icmp(icmp::message(is_v4, bytes)),
        58 if !is_v4 => Transport::Icmp(icmp::message(is_v4, bytes)),
        protocol => Transport::Other { protocol },
    }
}

/// Gives the packet so much payload that `room` bytes are behind its IP headers, or
/// ends it there.
fn fill(packet: &mut IpPacket, room: usize) {
    packet.payload = 0;
    packet.shortened_to = None;
    let least = length::transport(packet);
    let header = least - super::MIN_PAYLOAD;
    // Payloads of some lengths have no room for a probe's id, and are longer.
    packet.payload = room.saturating_sub(header);
    if length::transport(packet) != room {
        packet.shortened_to = Some(room);
    }
}
