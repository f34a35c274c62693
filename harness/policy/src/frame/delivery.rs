//! Frames that a host does not deliver, whatever a filter in front of it says.
//!
//! The rules are those of a Linux node without source validation
//! (`rp_filter` 0), tried on kernel 6.18 by the lab; each names its place in the
//! kernel's source.

mod options;

use std::net::{IpAddr, Ipv4Addr};

use super::{Body, ExtensionHeader, Fragment, FrameSpec, IpPacket, length, option};
use crate::scenario::Undeliverable;
use options::Options;

/// What the node does with a packet that is meant to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Hands it to its own sockets.
    Local,
    /// Rewrites its destination, without connection tracking, and forwards it to
    /// a workload. A header that the rewriting does not see through leaves the
    /// packet with the node.
    Forwarded,
    /// Forwards it as it is, to a workload or out of the uplink: the addresses
    /// are looked at, and nothing behind them.
    Routed,
}

/// Why a node with the given addresses does not deliver the frame, or `None` if
/// it does. Destination and service are not looked at.
///
/// The frame is one that has bytes ([`super::build`] takes it).
pub fn undeliverable(spec: &FrameSpec, node: &[IpAddr], path: Path) -> Option<Undeliverable> {
    let Body::Ip(packet) = &spec.body else {
        return Some(Undeliverable::NotIp);
    };
    // A tag with id 0 is a priority alone, and is taken off at any depth
    // (net/8021q/vlan_core.c, vlan_do_receive).
    let of_no_interface = spec.tags.iter().any(|tag| tag.id != 0);
    let options = match packet.destination {
        IpAddr::V4(destination) => option::bytes(&packet.options, destination)
            .map_or(Options::Malformed, |bytes| Options::of(&bytes)),
        IpAddr::V6(_) => Options::Harmless,
    };
    if of_no_interface {
        Some(Undeliverable::UnknownVlan)
    } else if has_lies(spec, packet) || options == Options::Malformed {
        Some(Undeliverable::Malformed)
    } else if is_martian(packet.source, path) {
        Some(Undeliverable::MartianSource)
    } else if is_own(packet.source, node) {
        Some(Undeliverable::OwnSource)
    } else if options == Options::SourceRoute {
        Some(Undeliverable::SourceRoute)
    } else if lacks_fragments(packet, path) {
        Some(Undeliverable::LoneFragment)
    } else if path != Path::Local && packet.hop_limit.is_some_and(|hops| hops <= 1) {
        // ip_forward, ip6_forward.
        Some(Undeliverable::NoHopsLeft)
    } else if ends_early(&packet.extension_headers, path) {
        Some(Undeliverable::ExtensionHeader)
    } else {
        None
    }
}

/// A header field that is not true, or a frame that ends too early
/// (`ip_rcv_core`, `ip6_rcv_core`). A length that is too short for the packet
/// takes the end of the payload away, and the probe's id with it.
fn has_lies(spec: &FrameSpec, packet: &IpPacket) -> bool {
    let behind_header = length::ip_payload(packet);
    let (version, total) = match packet.source {
        IpAddr::V4(_) => (4, length::ip_header(packet) + behind_header),
        IpAddr::V6(_) => (6, behind_header),
    };
    let is_cut = spec
        .truncate
        .is_some_and(|bytes| bytes < length::whole(spec));
    let lengths = packet.lengths;
    // Any header length that can be told is a lie: it is below 5.
    is_cut
        || lengths.ihl.is_some()
        || lengths.version.is_some_and(|told| told != version)
        || lengths.total.is_some_and(|told| usize::from(told) != total)
}

/// Sources that can have sent nothing.
fn is_martian(source: IpAddr, path: Path) -> bool {
    match source {
        // ip_route_input_slow. Linux takes the rest of 0.0.0.0/8 and 240.0.0.0/4
        // for ordinary addresses.
        IpAddr::V4(source) => {
            source.is_unspecified()
                || source.is_loopback()
                || source.is_multicast()
                || source == Ipv4Addr::BROADCAST
        }
        // ip6_rcv_core; ip6_forward also refuses what has no meaning beyond the
        // link.
        IpAddr::V6(source) => {
            let beyond_link = path != Path::Local;
            source.is_loopback()
                || source.is_multicast()
                || (beyond_link && (source.is_unspecified() || source.is_unicast_link_local()))
        }
    }
}

/// A node's own IPv4 address comes from no neighbour (`fib_validate_source`);
/// IPv6 has no such check.
fn is_own(source: IpAddr, node: &[IpAddr]) -> bool {
    source.is_ipv4() && node.contains(&source)
}

/// A later fragment has no ports to be rewritten by, and waits at the node for
/// the others, as does any fragment that is meant for the node itself. A first
/// one is forwarded like a packet.
fn lacks_fragments(packet: &IpPacket, path: Path) -> bool {
    match packet.fragment {
        // Nothing is put together on the way.
        _ if path == Path::Routed => false,
        None
        | Some(Fragment {
            offset: 0,
            more: false,
            identification: _,
        }) => false,
        Some(Fragment {
            offset: 0,
            more: true,
            identification: _,
        }) => path == Path::Local,
        Some(_) => true,
    }
}

/// Whether the chain has a header that the packet does not get behind.
fn ends_early(headers: &[ExtensionHeader], path: Path) -> bool {
    if path == Path::Routed {
        return false;
    }
    (headers.iter().enumerate()).any(|(index, header)| match header {
        ExtensionHeader::Destination => false,
        // No segments left: of no further effect, whatever the type (RFC 8200
        // §4.4).
        ExtensionHeader::Routing => false,
        // Only the IPv6 header itself may announce it (RFC 8200 §4.1); the
        // rewriting looks behind it wherever it stands.
        ExtensionHeader::HopByHop => path == Path::Local && index > 0,
        // Nobody agreed on a key, and the rewriting does not look behind it (`nft_set_pktinfo_ipv6`).
        ExtensionHeader::Authentication => true,
        // Known neither to the stack nor to the rewriting (`ipv6_ext_hdr`).
        ExtensionHeader::Mobility | ExtensionHeader::HostIdentity | ExtensionHeader::Shim6 => true,
        ExtensionHeader::Opaque { number, length: _ } => match number {
            60 => false,
            0 => path == Path::Local && index > 0,
            // A routing header may have segments left: nobody looked.
            _ => true,
        },
    })
}

#[cfg(test)]
mod tests;
