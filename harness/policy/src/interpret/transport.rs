//! What a packet carries, as far as it is judged by it.

use std::net::IpAddr;

use crate::port::Protocol;
use crate::prefix::Family;

/// A transport header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// A protocol with ports.
    Ports {
        protocol: Protocol,
        source: u16,
        destination: u16,
    },
    /// ICMP in IPv4, ICMPv6 in IPv6.
    Icmp {
        family: Family,
        /// The message's type.
        kind: u8,
        /// What stands where echoes have their identifier.
        identifier: u16,
    },
    /// Any other protocol.
    Other {
        /// IANA protocol number.
        protocol: u8,
    },
}

/// The packet that an ICMP error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inner {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) transport: Transport,
}

/// The part of a connection's key that the transport header gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ports {
    pub(super) protocol: u8,
    pub(super) source: u16,
    pub(super) destination: u16,
}

impl Transport {
    /// The IANA protocol number.
    pub(super) fn protocol(self) -> u8 {
        match self {
            Transport::Ports { protocol, .. } => protocol.number(),
            Transport::Icmp { family, .. } => match family {
                Family::V4 => 1,
                Family::V6 => 58,
            },
            Transport::Other { protocol } => protocol,
        }
    }

    /// What entries of policies are looked up by: the destination port, the type of
    /// an ICMP message, or 0.
    pub(super) fn policy_port(self) -> u16 {
        match self {
            Transport::Ports { destination, .. } => destination,
            Transport::Icmp { kind, .. } => kind.into(),
            Transport::Other { .. } => 0,
        }
    }

    /// Router or neighbour discovery (RFC 4861 §4).
    pub(super) fn is_discovery(self) -> bool {
        match self {
            Transport::Icmp { family, kind, .. } => {
                family == Family::V6 && (133..=137).contains(&kind)
            }
            Transport::Ports { .. } | Transport::Other { .. } => false,
        }
    }

    /// An ICMP error (RFC 792, RFC 4443 §2.1).
    pub(super) fn is_error(self) -> bool {
        match self {
            Transport::Icmp { family, kind, .. } => match family {
                Family::V4 => matches!(kind, 3 | 11 | 12),
                Family::V6 => matches!(kind, 1..=4),
            },
            Transport::Ports { .. } | Transport::Other { .. } => false,
        }
    }

    /// The connection that its packet would be the first of; of ICMP, echo requests
    /// alone begin any.
    pub(super) fn begins(self) -> Option<Ports> {
        let (source, destination) = match self {
            Transport::Ports {
                source,
                destination,
                ..
            } => (source, destination),
            Transport::Icmp {
                family,
                kind,
                identifier,
            } => match (family, kind) {
                (Family::V4, 8) | (Family::V6, 128) => (identifier, 0),
                _ => return None,
            },
            Transport::Other { .. } => (0, 0),
        };
        Some(Ports {
            protocol: self.protocol(),
            source,
            destination,
        })
    }

    /// The connection that its packet would be a reply in, by its first packet; of
    /// ICMP, echo replies alone are any.
    pub(super) fn answers(self) -> Option<Ports> {
        let (source, destination) = match self {
            Transport::Ports {
                source,
                destination,
                ..
            } => (destination, source),
            Transport::Icmp {
                family,
                kind,
                identifier,
            } => match (family, kind) {
                (Family::V4, 0) | (Family::V6, 129) => (identifier, 0),
                _ => return None,
            },
            Transport::Other { .. } => (0, 0),
        };
        Some(Ports {
            protocol: self.protocol(),
            source,
            destination,
        })
    }
}
