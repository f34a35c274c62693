//! How long a frame is, without making it.

use super::option;
use super::probe::{MIN_PAYLOAD, payload_length};
use super::{Body, FrameSpec, IcmpKind, IpPacket, Transport, icmp};

/// Bytes of an Ethernet header.
pub(super) const ETHERNET: usize = 14;

/// Bytes of a VLAN tag.
pub(super) const TAG: usize = 4;

/// Bytes of an ARP packet for IPv4 over Ethernet (RFC 826).
pub(super) const ARP: usize = 28;

/// Length in bytes of the frame that [`super::build`] makes, if it makes one:
/// Ethernet header included, FCS excluded.
pub fn length(spec: &FrameSpec) -> usize {
    let whole = whole(spec);
    spec.truncate.map_or(whole, |cut| cut.min(whole))
}

/// Length in bytes before truncation.
pub(super) fn whole(spec: &FrameSpec) -> usize {
    let body = match &spec.body {
        Body::Ip(packet) => ip_header(packet).saturating_add(ip_payload(packet)),
        Body::Arp { .. } => ARP + MIN_PAYLOAD,
        Body::Other { .. } => MIN_PAYLOAD,
    };
    (ETHERNET + TAG * spec.tags.len()).saturating_add(body)
}

/// Bytes of the IPv4 header with options, or of the fixed IPv6 header.
pub(super) fn ip_header(packet: &IpPacket) -> usize {
    if packet.source.is_ipv4() {
        20 + option::padded_length(&packet.options)
    } else {
        40
    }
}

/// Bytes of all IP headers: extension headers and the fragment header included.
pub(super) fn headers(packet: &IpPacket) -> usize {
    let extension_headers: usize = packet.extension_headers.iter().map(|h| h.length()).sum();
    let fragment_header = match packet.fragment {
        Some(_) if packet.source.is_ipv6() => 8,
        _ => 0,
    };
    ip_header(packet) + extension_headers + fragment_header
}

/// Bytes behind the header that [`ip_header`] is about.
pub(super) fn ip_payload(packet: &IpPacket) -> usize {
    let behind = transport(packet);
    let behind = packet.shortened_to.map_or(behind, |to| to.min(behind));
    behind.saturating_add(headers(packet) - ip_header(packet))
}

/// Bytes of transport header and payload before the packet is shortened.
pub(super) fn transport(packet: &IpPacket) -> usize {
    let payload = payload_length(packet.payload);
    match packet.transport {
        Transport::Tcp { .. } => payload.saturating_add(20),
        Transport::Udp { .. } => payload.saturating_add(8),
        Transport::Sctp { .. } => payload.saturating_add(12 + 20),
        Transport::Icmp(
            IcmpKind::EchoRequest { .. } | IcmpKind::EchoReply { .. } | IcmpKind::Other { .. },
        ) => payload.saturating_add(8),
        Transport::Icmp(IcmpKind::Error { about, .. }) => {
            payload.saturating_add(8 + icmp::quoted_length(about))
        }
        // The message, the link-layer option, and the payload's option, which
        // is padded to units of 8 bytes.
        Transport::Icmp(IcmpKind::NeighbourSolicitation) => {
            (payload.saturating_add(2).div_ceil(8).saturating_mul(8)).saturating_add(24 + 8)
        }
        Transport::Other { .. } => payload,
    }
}
