//! What an IP packet carries, as bytes.

use std::net::{Ipv4Addr, Ipv6Addr};

use pnet_packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet_packet::tcp::MutableTcpPacket;
use pnet_packet::udp::MutableUdpPacket;
use pnet_packet::util;

use super::extension::NUMBERS;
use super::{FrameError, IpPacket, ProbeId, TcpFlags, Transport, icmp, length, probe};

/// Source and destination as they stand in the IP header.
#[derive(Clone, Copy)]
pub(super) enum Addresses {
    V4(Ipv4Addr, Ipv4Addr),
    V6(Ipv6Addr, Ipv6Addr),
}

/// The protocol number, and the bytes of header and payload.
///
/// # Errors
/// A transport that this family or the description's form does not have.
pub(super) fn bytes(
    packet: &IpPacket,
    addresses: Addresses,
    id: ProbeId,
) -> Result<(IpNextHeaderProtocol, Vec<u8>), FrameError> {
    let payload = probe::payload(id, packet.payload);
    match packet.transport {
        Transport::Tcp {
            source,
            destination,
            flags,
        } => {
            let mut bytes = tcp(source, destination, flags, id, &payload);
            shorten(&mut bytes, packet);
            addresses.checksum(&mut bytes, 8, IpNextHeaderProtocols::Tcp);
            Ok((IpNextHeaderProtocols::Tcp, bytes))
        }
        Transport::Udp {
            source,
            destination,
        } => {
            let length = length::transport(packet).min(packet.shortened_to.unwrap_or(usize::MAX));
            let mut bytes = udp(source, destination, length, &payload);
            shorten(&mut bytes, packet);
            addresses.checksum(&mut bytes, 3, IpNextHeaderProtocols::Udp);
            if let Some(sum @ [0, 0]) = bytes.get_mut(6..8) {
                // Zero would mean that there is no checksum (RFC 768).
                sum.fill(0xff);
            }
            Ok((IpNextHeaderProtocols::Udp, bytes))
        }
        Transport::Sctp {
            source,
            destination,
        } => {
            let mut bytes = sctp(source, destination, id, &payload);
            shorten(&mut bytes, packet);
            if bytes.len() >= 12 {
                // The one field on the wire in little-endian order (RFC 9260 appendix A).
                let sum = crc32c(&bytes);
                bytes[8..12].copy_from_slice(&sum.to_le_bytes());
            }
            Ok((IpNextHeaderProtocols::Sctp, bytes))
        }
        Transport::Icmp(kind) => icmp::bytes(packet, kind, addresses, id, &payload),
        Transport::Other { protocol } => {
            let is_v6 = packet.source.is_ipv6();
            let has_header = matches!(protocol, 6 | 17 | 132);
            let is_icmp = protocol == if is_v6 { 58 } else { 1 };
            // What a later fragment announces is not in it.
            let is_later = packet.fragment.is_some_and(|fragment| fragment.offset > 0);
            let is_walked = is_v6 && NUMBERS.contains(&protocol) && !is_later;
            if has_header || is_icmp || is_walked {
                return Err(FrameError::Protocol(protocol));
            }
            let mut bytes = payload;
            shorten(&mut bytes, packet);
            Ok((IpNextHeaderProtocol(protocol), bytes))
        }
    }
}

impl Addresses {
    /// Fills in the Internet checksum with pseudo header (RFC 9293 §3.1, RFC
    /// 8200 §8.1) that stands at the given 16-bit word.
    pub(super) fn checksum(self, bytes: &mut [u8], word: usize, protocol: IpNextHeaderProtocol) {
        let sum = match self {
            Addresses::V4(source, destination) => {
                util::ipv4_checksum(bytes, word, &[], &source, &destination, protocol)
            }
            Addresses::V6(source, destination) => {
                util::ipv6_checksum(bytes, word, &[], &source, &destination, protocol)
            }
        };
        if let Some(field) = bytes.get_mut(2 * word..2 * word + 2) {
            field.copy_from_slice(&sum.to_be_bytes());
        }
    }
}

/// Takes off what the packet ends before.
pub(super) fn shorten(bytes: &mut Vec<u8>, packet: &IpPacket) {
    bytes.truncate(packet.shortened_to.unwrap_or(usize::MAX));
}

fn tcp(source: u16, destination: u16, flags: TcpFlags, id: ProbeId, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 20];
    let mut header = MutableTcpPacket::new(&mut bytes).expect("20 bytes hold a TCP header");
    header.set_source(source);
    header.set_destination(destination);
    header.set_sequence(id.0);
    header.set_data_offset(5);
    header.set_flags(flags.0);
    header.set_window(u16::MAX);
    bytes.extend(payload);
    bytes
}

fn udp(source: u16, destination: u16, length: usize, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 8];
    let mut header = MutableUdpPacket::new(&mut bytes).expect("8 bytes hold a UDP header");
    header.set_source(source);
    header.set_destination(destination);
    let length = u16::try_from(length).expect("the IP packet holds the datagram");
    header.set_length(length);
    bytes.extend(payload);
    bytes
}

/// An INIT chunk (RFC 9260 §3.3.2) behind the common header, then the payload.
/// A real INIT stands alone; here the payload tells the probe.
fn sctp(source: u16, destination: u16, id: ProbeId, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(32 + payload.len());
    bytes.extend(source.to_be_bytes());
    bytes.extend(destination.to_be_bytes());
    bytes.extend([0; 4]); // verification tag: none yet
    bytes.extend([0; 4]); // checksum, over what is left of it
    bytes.extend([1, 0, 0, 20]); // INIT, no flags, length
    bytes.extend((id.0 | 1).to_be_bytes()); // initiate tag, not 0
    bytes.extend(65_536_u32.to_be_bytes()); // receiver window
    bytes.extend([0, 1, 0, 1]); // one stream each way
    bytes.extend(id.0.to_be_bytes()); // first sequence number
    bytes.extend(payload);
    bytes
}

/// CRC-32C, reflected polynomial 0x82f63b78 (RFC 9260 appendix A).
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1;
            crc = (crc >> 1) ^ (0x82f6_3b78 * carry);
        }
        crc
    })
}
