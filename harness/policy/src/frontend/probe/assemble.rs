//! One frame's description, from what a probe says.

use std::net::IpAddr;

use super::Context;
use super::destination::Destination;
use super::frame::Options;
use crate::frame::{Body, FrameSpec, IcmpKind, IpPacket, MIN_PAYLOAD, TcpFlags, Transport};
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Family;

/// The first of the source ports that probes use; above every node port, so
/// that no filter can take the one for the other unnoticed.
const SOURCE_PORTS: u16 = 40000;

/// The frame of one source.
pub(super) fn spec(
    context: &Context<'_>,
    to: &Destination,
    source: IpAddr,
    index: usize,
    options: &Options,
) -> Option<FrameSpec> {
    let node = context.network.node_address(Family::of(source));
    let body = match (to, source) {
        (Destination::Ethertype(ethertype), _) => Body::Other {
            ethertype: *ethertype,
        },
        (Destination::Arp, IpAddr::V4(sender)) => match node? {
            IpAddr::V4(target) => Body::Arp { sender, target },
            IpAddr::V6(_) => return None,
        },
        (Destination::Arp, IpAddr::V6(_)) => return None,
        (Destination::Elsewhere(address, port), _) => Body::Ip(packet(
            source,
            *address,
            transport(*port, index, options),
            options,
        )),
        (Destination::NodePort(port), _) => Body::Ip(packet(
            source,
            node?,
            transport(*port, index, options),
            options,
        )),
        (Destination::Echo, _) => Body::Ip(packet(
            source,
            node?,
            Transport::Icmp(IcmpKind::EchoRequest {
                identifier: source_port(index),
            }),
            options,
        )),
        (Destination::NeighbourSolicitation, _) => {
            let kind = IcmpKind::NeighbourSolicitation;
            Body::Ip(packet(source, node?, Transport::Icmp(kind), options))
        }
        (Destination::Protocol(protocol), _) => {
            let transport = Transport::Other {
                protocol: *protocol,
            };
            Body::Ip(packet(source, node?, transport, options))
        }
    };
    Some(FrameSpec {
        tags: options.tags.clone(),
        body,
        truncate: options.truncate.as_ref().map(|(bytes, _)| *bytes),
    })
}

/// The source port of a probe's case, or the identifier of its echo request.
fn source_port(index: usize) -> u16 {
    SOURCE_PORTS + u16::try_from(index % 20_000).unwrap_or(0)
}

fn transport(port: ProtoPort, index: usize, options: &Options) -> Transport {
    let source = match &options.source_port {
        Some((source, _)) => *source,
        None => source_port(index),
    };
    let destination = port.port;
    match port.protocol {
        Protocol::Tcp => Transport::Tcp {
            source,
            destination,
            flags: (options.tcp_flags.as_ref()).map_or(TcpFlags::SYN, |(flags, _)| *flags),
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

fn packet(
    source: IpAddr,
    destination: IpAddr,
    transport: Transport,
    options: &Options,
) -> IpPacket {
    let fragment = options.fragment.as_ref().map(|(fragment, _)| *fragment);
    let payload = match (&options.payload, fragment, transport) {
        (Some((payload, _)), ..) => *payload,
        // All but the last fragment hold a multiple of 8 bytes (RFC 791 §3.2).
        (None, Some(fragment), Transport::Tcp { .. }) if fragment.more => 2 * MIN_PAYLOAD + 4,
        (None, ..) => MIN_PAYLOAD,
    };
    IpPacket {
        source,
        destination,
        options: (options.ip_options.as_ref()).map_or(Vec::new(), |(list, _)| list.clone()),
        extension_headers: (options.extension_headers.as_ref())
            .map_or(Vec::new(), |(list, _)| list.clone()),
        fragment,
        hop_limit: None,
        lengths: (options.lengths.as_ref()).map_or_else(Default::default, |(lengths, _)| *lengths),
        transport,
        payload,
    }
}
