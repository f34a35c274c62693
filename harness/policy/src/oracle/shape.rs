//! What a frame's shape decides, by adding up the lengths that its description
//! implies.

use std::net::IpAddr;

use netverdict_abi::{MAX_EXTENSION_HEADERS, MAX_TAGS, Reason};

use crate::frame::{
    Body, ExtensionHeader, FrameSpec, IcmpKind, IpOption, IpPacket, MIN_PAYLOAD, Transport,
};
use crate::port::{ProtoPort, Protocol};

/// What a policy is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) source: IpAddr,
    pub(super) node_port: ProtoPort,
}

/// The flow of a frame.
///
/// # Errors
/// The reason that decides whatever the policy says.
pub(super) fn flow(frame: &FrameSpec) -> Result<Flow, Reason> {
    let mut at = 14;
    for index in 0..frame.tags.len() {
        if index == MAX_TAGS {
            return Err(Reason::TooManyTags);
        }
        at += 4;
        if is_cut_before(frame, at) {
            return Err(Reason::Truncated);
        }
    }
    match &frame.body {
        Body::Arp { .. } | Body::Other { .. } => Err(Reason::NotIp),
        Body::Ip(packet) => match packet.source {
            IpAddr::V4(_) => v4(frame, packet, at),
            IpAddr::V6(_) => v6(frame, packet, at),
        },
    }
}

/// Whether the frame ends before byte `end`, as far as truncation goes.
fn is_cut_before(frame: &FrameSpec, end: usize) -> bool {
    frame.truncate.is_some_and(|bytes| bytes < end)
}

fn v4(frame: &FrameSpec, packet: &IpPacket, start: usize) -> Result<Flow, Reason> {
    let header = 20 + options_length(&packet.options);
    let true_total = header + transport_length(packet);
    if is_cut_before(frame, start + 20) {
        return Err(Reason::Truncated);
    }
    let version = packet.lengths.version.unwrap_or(4);
    let announced_header = packet
        .lengths
        .ihl
        .map_or(header, |words| 4 * usize::from(words));
    let total = packet.lengths.total.map_or(true_total, usize::from);
    if version != 4 || announced_header < 20 || total < announced_header {
        return Err(Reason::BadIpHeader);
    }
    if total > true_total || is_cut_before(frame, start + total) {
        return Err(Reason::Truncated);
    }
    let starts_within = packet.fragment.is_some_and(|fragment| fragment.offset > 0);
    if starts_within {
        return Err(Reason::UntrackedFragment);
    }
    ports(packet, header + 4 <= total)
}

fn v6(frame: &FrameSpec, packet: &IpPacket, start: usize) -> Result<Flow, Reason> {
    let fragment_header = if packet.fragment.is_some() { 8 } else { 0 };
    let headers: usize = (packet.extension_headers.iter())
        .map(|header| extension_length(*header))
        .sum();
    let true_total = 40 + headers + fragment_header + transport_length(packet);
    if is_cut_before(frame, start + 40) {
        return Err(Reason::Truncated);
    }
    if packet.lengths.version.unwrap_or(6) != 6 {
        return Err(Reason::BadIpHeader);
    }
    let total = packet
        .lengths
        .total
        .map_or(true_total, |payload| 40 + usize::from(payload));
    if total > true_total || is_cut_before(frame, start + total) {
        return Err(Reason::Truncated);
    }
    let mut at = 40;
    for (index, header) in packet.extension_headers.iter().enumerate() {
        if index == MAX_EXTENSION_HEADERS {
            return Err(Reason::TooManyExtensionHeaders);
        }
        at += extension_length(*header);
        if at > total {
            return Err(Reason::Truncated);
        }
    }
    if let Some(fragment) = packet.fragment {
        if packet.extension_headers.len() == MAX_EXTENSION_HEADERS {
            return Err(Reason::TooManyExtensionHeaders);
        }
        at += 8;
        if at > total {
            return Err(Reason::Truncated);
        }
        if fragment.offset > 0 {
            return Err(Reason::UntrackedFragment);
        }
    }
    ports(packet, at + 4 <= total)
}

/// The ports of a packet that is no later fragment.
fn ports(packet: &IpPacket, are_there: bool) -> Result<Flow, Reason> {
    let (protocol, port) = match packet.transport {
        Transport::Tcp { destination, .. } => (Protocol::Tcp, destination),
        Transport::Udp { destination, .. } => (Protocol::Udp, destination),
        Transport::Sctp { destination, .. } => (Protocol::Sctp, destination),
        Transport::Icmp(_) | Transport::Other { .. } => return Err(Reason::OtherProtocol),
    };
    if !are_there {
        return Err(match packet.fragment {
            Some(fragment) if fragment.more => Reason::FirstFragmentWithoutPorts,
            _ => Reason::Truncated,
        });
    }
    Ok(Flow {
        source: packet.source,
        node_port: ProtoPort { port, protocol },
    })
}

/// RFC 791: options end at a multiple of 4 bytes.
fn options_length(options: &[IpOption]) -> usize {
    let mut length = 0;
    for option in options {
        length += match option {
            IpOption::Nop => 1,
            IpOption::RouterAlert => 4,
            IpOption::RecordRoute(entries) => 3 + 4 * usize::from(*entries),
            IpOption::Timestamp(entries) => 4 + 4 * usize::from(*entries),
            IpOption::LooseSourceRoute => 3 + 4,
            IpOption::Raw(bytes) => bytes.len(),
        };
    }
    while !length.is_multiple_of(4) {
        length += 1;
    }
    length
}

fn extension_length(header: ExtensionHeader) -> usize {
    match header {
        ExtensionHeader::HopByHop
        | ExtensionHeader::Destination
        | ExtensionHeader::Routing
        | ExtensionHeader::Mobility
        | ExtensionHeader::Shim6 => 8,
        // 12 fixed bytes, and 12 of check value.
        ExtensionHeader::Authentication => 12 + 12,
        // 8 fixed bytes, and two host identity tags.
        ExtensionHeader::HostIdentity => 8 + 16 + 16,
    }
}

/// Bytes of the transport header and what follows.
fn transport_length(packet: &IpPacket) -> usize {
    let payload = packet.payload.max(MIN_PAYLOAD);
    match packet.transport {
        Transport::Tcp { .. } => 20 + payload,
        Transport::Udp { .. } => 8 + payload,
        Transport::Sctp { .. } => 12 + 20 + payload,
        Transport::Icmp(IcmpKind::NeighbourSolicitation) => {
            let mut option = 2 + payload;
            while !option.is_multiple_of(8) {
                option += 1;
            }
            24 + 8 + option
        }
        Transport::Icmp(_) => 8 + payload,
        Transport::Other { .. } => payload,
    }
}
