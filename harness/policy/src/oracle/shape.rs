//! What a frame's shape decides, by adding up the lengths that its description
//! implies: steps 1 to 3, 5 and 6 of [`Reason`].

use std::net::{IpAddr, Ipv6Addr};

use netverdict_abi::{MAX_EXTENSION_HEADERS, MAX_TAGS, Reason};

use super::content::Content;
use crate::frame::{
    Body, ExtensionHeader, FrameSpec, IcmpKind, IpOption, IpPacket, MIN_PAYLOAD, Quoted,
    QuotedTransport, Transport,
};

/// An IP packet whose fixed header is there, and that is as long as it says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole<'a> {
    pub(super) packet: &'a IpPacket,
    /// Bytes that the IP header announces, itself included.
    total: usize,
}

/// What a packet carries, as far as it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// A packet in one piece.
    All(Content),
    /// The first of several fragments.
    First(Content),
    /// A later fragment.
    Later,
}

/// Steps 1 to 3.
///
/// # Errors
/// The reason that decides whatever the policy says.
pub(super) fn whole(frame: &FrameSpec) -> Result<Whole<'_>, Reason> {
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
            IpAddr::V4(_) => whole_v4(frame, packet, at),
            IpAddr::V6(_) => whole_v6(frame, packet, at),
        },
    }
}

/// Whether the frame ends before byte `end`, as far as truncation goes.
fn is_cut_before(frame: &FrameSpec, end: usize) -> bool {
    frame.truncate.is_some_and(|bytes| bytes < end)
}

fn whole_v4<'a>(
    frame: &FrameSpec,
    packet: &'a IpPacket,
    start: usize,
) -> Result<Whole<'a>, Reason> {
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
    Ok(Whole { packet, total })
}

fn whole_v6<'a>(
    frame: &FrameSpec,
    packet: &'a IpPacket,
    start: usize,
) -> Result<Whole<'a>, Reason> {
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
    Ok(Whole { packet, total })
}

impl Whole<'_> {
    /// Steps 5 and 6, without what is remembered.
    ///
    /// # Errors
    /// The reason that decides whatever the policy says.
    pub(super) fn carried(&self) -> Result<Carried, Reason> {
        let Whole { packet, total } = *self;
        let starts_within = packet.fragment.is_some_and(|fragment| fragment.offset > 0);
        let at = match packet.source {
            IpAddr::V4(_) if starts_within => return Ok(Carried::Later),
            IpAddr::V4(_) => 20 + options_length(&packet.options),
            IpAddr::V6(_) => {
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
                if packet.fragment.is_some() {
                    if packet.extension_headers.len() == MAX_EXTENSION_HEADERS {
                        return Err(Reason::TooManyExtensionHeaders);
                    }
                    at += 8;
                    if at > total {
                        return Err(Reason::Truncated);
                    }
                    if starts_within {
                        return Ok(Carried::Later);
                    }
                }
                at
            }
        };
        let has_more = packet.fragment.is_some_and(|fragment| fragment.more);
        let needed = match packet.transport {
            Transport::Tcp { .. } | Transport::Udp { .. } | Transport::Sctp { .. } => 4,
            Transport::Icmp(_) => 8,
            Transport::Other { .. } => 0,
        };
        if at + needed > total {
            return Err(if has_more {
                Reason::FirstFragmentWithoutPorts
            } else {
                Reason::Truncated
            });
        }
        // An error quotes behind its own 8 bytes.
        let is_quoted = |about: Quoted| at + 8 + quoted_length(about) <= total;
        let content = Content::of(packet, is_quoted);
        Ok(if has_more {
            Carried::First(content)
        } else {
            Carried::All(content)
        })
    }

    /// The destination in the header: a neighbour solicitation goes to the group
    /// that its target listens on (RFC 4291 §2.7.1).
    pub(super) fn destination(&self) -> IpAddr {
        match (self.packet.transport, self.packet.destination) {
            (Transport::Icmp(IcmpKind::NeighbourSolicitation), IpAddr::V6(target)) => {
                let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 0).to_bits();
                IpAddr::V6(Ipv6Addr::from_bits(
                    group | (target.to_bits() & 0x00ff_ffff),
                ))
            }
            (_, destination) => destination,
        }
    }

    /// The number of the protocol that an IPv4 packet carries.
    pub(super) fn protocol_v4(&self) -> u8 {
        match self.packet.transport {
            Transport::Tcp { .. } => 6,
            Transport::Udp { .. } => 17,
            Transport::Sctp { .. } => 132,
            Transport::Icmp(_) => 1,
            Transport::Other { protocol } => protocol,
        }
    }

    /// The hop limit in the header.
    pub(super) fn hop_limit(&self) -> u8 {
        match (self.packet.hop_limit, self.packet.transport) {
            (Some(hops), _) => hops,
            (None, Transport::Icmp(IcmpKind::NeighbourSolicitation)) => 255,
            (None, _) => 64,
        }
    }
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
        ExtensionHeader::Opaque { number: _, length } => usize::from(length),
    }
}

/// Bytes of the transport header and what follows.
fn transport_length(packet: &IpPacket) -> usize {
    let described = described_length(packet);
    match packet.shortened_to {
        Some(bytes) if bytes < described => bytes,
        _ => described,
    }
}

fn described_length(packet: &IpPacket) -> usize {
    // The probe's id stands at both ends, or once where there is room for no more.
    let payload = if packet.payload <= MIN_PAYLOAD {
        MIN_PAYLOAD
    } else {
        packet.payload.max(2 * MIN_PAYLOAD)
    };
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
        Transport::Icmp(IcmpKind::Error { about, .. }) => {
            8 + quoted_header_length(about) + 8 + payload
        }
        Transport::Icmp(
            IcmpKind::EchoRequest { .. } | IcmpKind::EchoReply { .. } | IcmpKind::Other { .. },
        ) => 8 + payload,
        Transport::Other { .. } => payload,
    }
}

/// Bytes of a quoted packet that have to be there for it to be known.
fn quoted_length(about: Quoted) -> usize {
    let behind = match about.transport {
        QuotedTransport::Ports { .. } => 4,
        QuotedTransport::EchoRequest { .. } | QuotedTransport::EchoReply { .. } => 8,
        QuotedTransport::Other { .. } => 0,
    };
    quoted_header_length(about) + behind
}

fn quoted_header_length(about: Quoted) -> usize {
    match about.source {
        IpAddr::V4(_) => 20 + 4 * usize::from(about.option_words),
        IpAddr::V6(_) => 40 + if about.later_fragment { 8 } else { 0 },
    }
}
