//! ICMP and ICMPv6 messages as bytes.

use std::net::{IpAddr, Ipv6Addr};

use pnet_packet::icmp::IcmpTypes;
use pnet_packet::icmpv6::Icmpv6Types;
use pnet_packet::icmpv6::ndp::MutableNeighborSolicitPacket;
use pnet_packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet_packet::ipv4::MutableIpv4Packet;
use pnet_packet::ipv6::MutableIpv6Packet;
use pnet_packet::util;

use super::probe::probe_mac;
use super::transport::{Addresses, shorten};
use super::{FrameError, IcmpKind, IpPacket, ProbeId, Quoted, QuotedTransport, extension};

/// Hops that a quoted packet had left.
const QUOTED_HOPS: u8 = 63;

/// The protocol number, and the bytes of message and payload.
///
/// # Errors
/// A message that this family does not have, or that is described otherwise.
pub(super) fn bytes(
    packet: &IpPacket,
    kind: IcmpKind,
    addresses: Addresses,
    id: ProbeId,
    payload: &[u8],
) -> Result<(IpNextHeaderProtocol, Vec<u8>), FrameError> {
    let (protocol, request, reply) = match addresses {
        Addresses::V4(..) => (
            IpNextHeaderProtocols::Icmp,
            IcmpTypes::EchoRequest.0,
            IcmpTypes::EchoReply.0,
        ),
        Addresses::V6(..) => (
            IpNextHeaderProtocols::Icmpv6,
            Icmpv6Types::EchoRequest.0,
            Icmpv6Types::EchoReply.0,
        ),
    };
    let mut bytes = match kind {
        IcmpKind::EchoRequest { identifier } => echo(request, identifier, payload),
        IcmpKind::EchoReply { identifier } => echo(reply, identifier, payload),
        IcmpKind::Error { kind, code, about } => {
            let is_error = match addresses {
                Addresses::V4(..) => matches!(kind, 3 | 11 | 12),
                Addresses::V6(..) => matches!(kind, 1..=4),
            };
            if !is_error {
                return Err(FrameError::NoErrorType(kind));
            }
            let mut bytes = vec![kind, code, 0, 0, 0, 0, 0, 0];
            bytes.extend(quoted(about, packet.source, payload)?);
            bytes
        }
        IcmpKind::NeighbourSolicitation => match packet.destination {
            IpAddr::V6(target) => solicitation(target, id, payload)?,
            IpAddr::V4(_) => return Err(FrameError::SolicitationInIpv4),
        },
        IcmpKind::Other { kind, code } => {
            if kind == request || kind == reply {
                return Err(FrameError::EchoType(kind));
            }
            let mut bytes = vec![kind, code, 0, 0, 0, 0, 0, 0];
            bytes.extend(payload);
            bytes
        }
    };
    shorten(&mut bytes, packet);
    match addresses {
        Addresses::V4(..) => {
            let sum = util::checksum(&bytes, 1);
            if let Some(field) = bytes.get_mut(2..4) {
                field.copy_from_slice(&sum.to_be_bytes());
            }
        }
        Addresses::V6(..) => addresses.checksum(&mut bytes, 1, protocol),
    }
    Ok((protocol, bytes))
}

/// Bytes of a quoted packet in front of the payload.
pub(super) fn quoted_length(about: Quoted) -> usize {
    let header = match about.source {
        IpAddr::V4(_) => 20 + 4 * usize::from(about.option_words),
        IpAddr::V6(_) if about.later_fragment => 40 + 8,
        IpAddr::V6(_) => 40,
    };
    header + 8
}

/// Without checksum, as [`transport`] needs it.
fn echo(kind: u8, identifier: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = identifier.to_be_bytes();
    // The first of its sequence.
    let mut bytes = vec![kind, 0, 0, 0, high, low, 0, 1];
    bytes.extend(payload);
    bytes
}

/// The quoted packet (RFC 792, RFC 4443 §3.1), the payload behind its first 8
/// bytes of transport header.
fn quoted(about: Quoted, family: IpAddr, payload: &[u8]) -> Result<Vec<u8>, FrameError> {
    if let QuotedTransport::Other { protocol } = about.transport {
        let is_extension = family.is_ipv6() && extension::NUMBERS.contains(&protocol);
        let is_icmp = protocol == if family.is_ipv6() { 58 } else { 1 };
        if is_extension || is_icmp || matches!(protocol, 6 | 17 | 132) {
            return Err(FrameError::Protocol(protocol));
        }
    }
    let behind = [&transport(about), payload].concat();
    let length = |bytes: usize| u16::try_from(bytes).map_err(|_| FrameError::TooLong(bytes));
    match (about.source, about.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination))
            if family.is_ipv4() && about.option_words <= 10 =>
        {
            let header_length = 20 + 4 * usize::from(about.option_words);
            let mut bytes = vec![0; 20];
            // No operation (RFC 791 §3.1).
            bytes.resize(header_length, 1);
            let mut header =
                MutableIpv4Packet::new(&mut bytes).expect("20 bytes hold an IPv4 header");
            header.set_version(4);
            header.set_header_length(5 + about.option_words);
            header.set_total_length(length(header_length + behind.len())?);
            header.set_fragment_offset(u16::from(about.later_fragment));
            header.set_ttl(QUOTED_HOPS);
            header.set_next_level_protocol(IpNextHeaderProtocol(protocol(about)));
            header.set_source(source);
            header.set_destination(destination);
            let sum = util::checksum(&bytes, 5);
            bytes[10..12].copy_from_slice(&sum.to_be_bytes());
            bytes.extend(behind);
            Ok(bytes)
        }
        (IpAddr::V6(source), IpAddr::V6(destination))
            if family.is_ipv6() && about.option_words == 0 =>
        {
            let mut bytes = vec![0; 40];
            let fragment = if about.later_fragment { 8 } else { 0 };
            let mut header =
                MutableIpv6Packet::new(&mut bytes).expect("40 bytes hold an IPv6 header");
            header.set_version(6);
            header.set_payload_length(length(fragment + behind.len())?);
            header.set_next_header(IpNextHeaderProtocol(if about.later_fragment {
                extension::FRAGMENT
            } else {
                protocol(about)
            }));
            header.set_hop_limit(QUOTED_HOPS);
            header.set_source(source);
            header.set_destination(destination);
            if about.later_fragment {
                bytes.extend([protocol(about), 0, 0, 8, 0, 0, 0, 1]);
            }
            bytes.extend(behind);
            Ok(bytes)
        }
        _ => Err(FrameError::Quoted),
    }
}

fn protocol(about: Quoted) -> u8 {
    match about.transport {
        QuotedTransport::Ports { protocol, .. } => protocol.number(),
        QuotedTransport::EchoRequest { .. } | QuotedTransport::EchoReply { .. } => {
            if about.source.is_ipv4() {
                IpNextHeaderProtocols::Icmp.0
            } else {
                IpNextHeaderProtocols::Icmpv6.0
            }
        }
        QuotedTransport::Other { protocol } => protocol,
    }
}

/// The first 8 bytes of what it carried, checksums left out: none can be verified
/// without the rest.
fn transport(about: Quoted) -> [u8; 8] {
    let (request, reply) = match about.source {
        IpAddr::V4(_) => (IcmpTypes::EchoRequest.0, IcmpTypes::EchoReply.0),
        IpAddr::V6(_) => (Icmpv6Types::EchoRequest.0, Icmpv6Types::EchoReply.0),
    };
    let echo = |kind: u8, identifier: u16| {
        let [high, low] = identifier.to_be_bytes();
        [kind, 0, 0, 0, high, low, 0, 1]
    };
    match about.transport {
        QuotedTransport::Ports {
            protocol: _,
            source,
            destination,
        } => {
            let [a, b] = source.to_be_bytes();
            let [c, d] = destination.to_be_bytes();
            [a, b, c, d, 0, 0, 0, 0]
        }
        QuotedTransport::EchoRequest { identifier } => echo(request, identifier),
        QuotedTransport::EchoReply { identifier } => echo(reply, identifier),
        QuotedTransport::Other { protocol: _ } => [0; 8],
    }
}

/// A neighbour solicitation (RFC 4861 §4.3) with the source link-layer address,
/// and the payload at the end of an option of experimental type 253 (RFC 4727
/// §5.1.3), as bytes that are no option make the message invalid.
fn solicitation(target: Ipv6Addr, id: ProbeId, payload: &[u8]) -> Result<Vec<u8>, FrameError> {
    const MAX_PAYLOAD: usize = 255 * 8 - 2;
    let units = (payload.len() + 2).div_ceil(8);
    let Ok(length_in_units) = u8::try_from(units) else {
        return Err(FrameError::SolicitationPayload {
            payload: payload.len(),
            max: MAX_PAYLOAD,
        });
    };
    let mut bytes = vec![0; 24];
    let mut message = MutableNeighborSolicitPacket::new(&mut bytes).expect("24 bytes hold it");
    message.set_icmpv6_type(Icmpv6Types::NeighborSolicit);
    message.set_target_addr(target);
    bytes.extend([1, 1]);
    bytes.extend(probe_mac(id));
    bytes.extend([253, length_in_units]);
    // The padding comes first, so that the message ends with the probe's id.
    bytes.resize(24 + 8 + 8 * units - payload.len(), 0);
    bytes.extend(payload);
    Ok(bytes)
}
