//! IPv4 and IPv6 packets as bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pnet_packet::ethernet::{EtherType, EtherTypes};
use pnet_packet::ip::IpNextHeaderProtocol;
use pnet_packet::ipv4::MutableIpv4Packet;
use pnet_packet::ipv6::MutableIpv6Packet;
use pnet_packet::util;

use super::transport::Addresses;
use super::{FrameError, IcmpKind, IpPacket, ProbeId, Transport};
use super::{extension, length, option, transport};

/// Hops that a packet may take (the default of Linux).
const HOPS: u8 = 64;

/// The packet's ethertype and bytes.
///
/// # Errors
/// Where the description cannot be put into bytes.
pub(super) fn packet(packet: &IpPacket, id: ProbeId) -> Result<(EtherType, Vec<u8>), FrameError> {
    if let Some(version @ 16..) = packet.lengths.version {
        return Err(FrameError::Version(version));
    }
    if let Some(fragment) = packet.fragment
        && fragment.offset % 8 != 0
    {
        return Err(FrameError::FragmentOffset(fragment.offset));
    }
    match (packet.source, packet.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            Ok((EtherTypes::Ipv4, v4(packet, source, destination, id)?))
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            Ok((EtherTypes::Ipv6, v6(packet, source, destination, id)?))
        }
        (source_address, destination) => Err(FrameError::MixedFamilies {
            source_address,
            destination,
        }),
    }
}

fn v4(
    packet: &IpPacket,
    source: Ipv4Addr,
    destination: Ipv4Addr,
    id: ProbeId,
) -> Result<Vec<u8>, FrameError> {
    if !packet.extension_headers.is_empty() {
        return Err(FrameError::ExtensionHeadersInIpv4);
    }
    if let Some(ihl @ 5..) = packet.lengths.ihl {
        return Err(FrameError::HeaderLength(ihl));
    }
    let options = option::bytes(&packet.options, destination)?;
    let header_length = 20 + options.len();
    let total = length_field(header_length.saturating_add(length::ip_payload(packet)))?;
    let (protocol, behind) = transport::bytes(packet, Addresses::V4(source, destination), id)?;

    let mut bytes = vec![0; 20];
    bytes.extend(options);
    let mut header = MutableIpv4Packet::new(&mut bytes).expect("20 bytes hold an IPv4 header");
    header.set_version(packet.lengths.version.unwrap_or(4));
    let words = u8::try_from(header_length / 4).expect("at most 60 bytes of header");
    header.set_header_length(packet.lengths.ihl.unwrap_or(words));
    header.set_total_length(packet.lengths.total.unwrap_or(total));
    // The low half of the probe's id: fragments of probes sent close together
    // never meet.
    let told = packet.fragment.and_then(|fragment| fragment.identification);
    let [_, _, high, low] = told.unwrap_or(id.0).to_be_bytes();
    header.set_identification(u16::from_be_bytes([high, low]));
    if let Some(fragment) = packet.fragment {
        header.set_flags(u8::from(fragment.more));
        header.set_fragment_offset(fragment.offset / 8);
    }
    header.set_ttl(packet.hop_limit.unwrap_or(HOPS));
    header.set_next_level_protocol(protocol);
    header.set_source(source);
    header.set_destination(destination);
    // Over the header as it is, also where its length field lies.
    let sum = util::checksum(&bytes, 5);
    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    bytes.extend(behind);
    Ok(bytes)
}

fn v6(
    packet: &IpPacket,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    id: ProbeId,
) -> Result<Vec<u8>, FrameError> {
    if !packet.options.is_empty() {
        return Err(FrameError::OptionsInIpv6);
    }
    if packet.lengths.ihl.is_some() {
        return Err(FrameError::HeaderLengthInIpv6);
    }
    if let Some(header) = (packet.extension_headers.iter()).find(|header| !header.is_possible()) {
        return Err(FrameError::ExtensionHeader(*header));
    }
    let payload_length = length_field(length::ip_payload(packet))?;
    let (destination, hops) = match packet.transport {
        // RFC 4861 §7.1.1: a hop limit other than 255 is ignored.
        Transport::Icmp(IcmpKind::NeighbourSolicitation) => (solicited_node(destination), 255),
        _ => (destination, HOPS),
    };
    let (protocol, behind) = transport::bytes(packet, Addresses::V6(source, destination), id)?;

    // From the last header to the first, each announcing the one behind it.
    let mut next = protocol.0;
    let mut headers = Vec::new();
    if let Some(fragment) = packet.fragment {
        headers.push(extension::fragment_header(fragment, next, id).to_vec());
        next = extension::FRAGMENT;
    }
    for header in packet.extension_headers.iter().rev() {
        headers.push(header.bytes(next, source, destination));
        next = header.number();
    }

    let mut bytes = vec![0; 40];
    let mut header = MutableIpv6Packet::new(&mut bytes).expect("40 bytes hold an IPv6 header");
    header.set_version(packet.lengths.version.unwrap_or(6));
    header.set_payload_length(packet.lengths.total.unwrap_or(payload_length));
    header.set_next_header(IpNextHeaderProtocol(next));
    header.set_hop_limit(packet.hop_limit.unwrap_or(hops));
    header.set_source(source);
    header.set_destination(destination);
    for header in headers.into_iter().rev() {
        bytes.extend(header);
    }
    bytes.extend(behind);
    Ok(bytes)
}

fn length_field(length: usize) -> Result<u16, FrameError> {
    u16::try_from(length).map_err(|_| FrameError::TooLong(length))
}

/// The multicast address that `address` listens on for neighbour solicitations
/// (RFC 4291 §2.7.1).
fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., high, low] = address.segments();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | (high & 0x00ff), low)
}
