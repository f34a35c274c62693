//! One frame's description, from what a probe says.

use std::net::IpAddr;

use super::Context;
use super::destination::{Destination, What};
use super::frame::{About, Options};
use crate::frame::{
    Body, Fragment, FrameSpec, IcmpKind, IpPacket, MIN_PAYLOAD, Quoted, QuotedTransport, Transport,
};
use crate::port::Protocol;
use crate::prefix::Family;

/// The first of the source ports that probes use; above every node port, so
/// that no filter can take the one for the other unnoticed.
pub(super) const FIRST_SOURCE_PORT: u16 = 40000;

/// Source ports for probes that are given none.
///
/// A flow that a prefilter let bypass the policy is remembered by the client's
/// address and port: two probes that share them would not be judged each by
/// itself.
#[derive(Debug, Default)]
pub(super) struct SourcePorts {
    given: u16,
}

impl SourcePorts {
    /// How many there are before they repeat: up to port 59999.
    const COUNT: u16 = 20_000;

    /// The next one.
    pub(super) fn next(&mut self) -> u16 {
        let port = FIRST_SOURCE_PORT + self.given;
        self.given = (self.given + 1) % SourcePorts::COUNT;
        port
    }
}

/// The frame from `source` to `destination`; `port` is its source port, or the
/// identifier of an echo, if the options give none. `None` if no such frame can
/// be.
pub(super) fn spec(
    context: &Context<'_>,
    to: &Destination,
    source: IpAddr,
    destination: IpAddr,
    port: u16,
    options: &Options,
) -> Option<FrameSpec> {
    let body = match (to, source, destination) {
        (Destination::Ethertype(ethertype), ..) => Body::Other {
            ethertype: *ethertype,
        },
        (Destination::Arp, IpAddr::V4(sender), IpAddr::V4(target)) => Body::Arp { sender, target },
        (Destination::Arp, ..) => return None,
        (Destination::NeighbourSolicitation(_), ..) => {
            let kind = Transport::Icmp(IcmpKind::NeighbourSolicitation);
            Body::Ip(packet(source, destination, kind, options))
        }
        (Destination::Ip(_, what), ..) => {
            let transport = transport(context, *what, Family::of(source), port, options)?;
            Body::Ip(packet(source, destination, transport, options))
        }
    };
    Some(FrameSpec {
        tags: options.tags.clone(),
        body,
        truncate: options.truncate.as_ref().map(|(bytes, _)| *bytes),
    })
}

fn transport(
    context: &Context<'_>,
    what: What,
    family: Family,
    port: u16,
    options: &Options,
) -> Option<Transport> {
    let identifier = (options.identifier.as_ref()).map_or(port, |(identifier, _)| *identifier);
    let code = options.icmp_code.as_ref().map_or(0, |(code, _)| *code);
    Some(match what {
        What::Port(protocol, to) => with_ports(protocol, to, port, options),
        What::Echo => Transport::Icmp(IcmpKind::EchoRequest { identifier }),
        What::EchoReply => Transport::Icmp(IcmpKind::EchoReply { identifier }),
        What::IcmpType(kind) => Transport::Icmp(match &options.about {
            Some((about, _)) => IcmpKind::Error {
                kind,
                code,
                about: quoted(context, about, family)?,
            },
            None => IcmpKind::Other { kind, code },
        }),
        What::Protocol(protocol) => Transport::Other { protocol },
    })
}

fn with_ports(protocol: Protocol, to: u16, source: u16, options: &Options) -> Transport {
    let source = (options.source_port.as_ref()).map_or(source, |(source, _)| *source);
    let mut opening = Transport::opening(protocol, source, to);
    if let (Transport::Tcp { flags, .. }, Some((given, _))) = (&mut opening, &options.tcp_flags) {
        *flags = *given;
    }
    opening
}

/// The packet that an ICMP error is about; `None` if its ends have no addresses
/// of the family.
fn quoted(context: &Context<'_>, about: &About, family: Family) -> Option<Quoted> {
    let of_family = |addresses: Vec<IpAddr>| {
        (addresses.into_iter()).find(|address| Family::of(*address) == family)
    };
    let identifier = about.source_port;
    Some(Quoted {
        source: of_family(about.from.addresses(context))?,
        destination: of_family(about.to.addresses(context))?,
        option_words: about.option_words,
        later_fragment: about.later_fragment,
        transport: match about.what {
            What::Port(protocol, destination) => QuotedTransport::Ports {
                protocol,
                source: about.source_port,
                destination,
            },
            What::Echo => QuotedTransport::EchoRequest { identifier },
            What::EchoReply => QuotedTransport::EchoReply { identifier },
            What::Protocol(protocol) => QuotedTransport::Other { protocol },
            // Refused by the reader.
            What::IcmpType(_) => return None,
        },
    })
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
        (None, Some(Fragment { more: true, .. }), Transport::Tcp { .. }) => 2 * MIN_PAYLOAD + 4,
        (None, ..) => MIN_PAYLOAD,
    };
    IpPacket {
        source,
        destination,
        options: (options.ip_options.as_ref()).map_or(Vec::new(), |(list, _)| list.clone()),
        extension_headers: (options.extension_headers.as_ref())
            .map_or(Vec::new(), |(list, _)| list.clone()),
        fragment,
        hop_limit: options.hop_limit.as_ref().map(|(hops, _)| *hops),
        lengths: (options.lengths.as_ref()).map_or_else(Default::default, |(lengths, _)| *lengths),
        transport,
        payload,
        shortened_to: None,
    }
}
