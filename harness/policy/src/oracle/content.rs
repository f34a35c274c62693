//! What a packet carries, as far as policies and memory tell packets apart.

use std::net::IpAddr;

use crate::frame::{IcmpKind, IpPacket, Quoted, QuotedTransport, Transport};
use crate::port::Protocol;

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// TCP, UDP or SCTP.
    Ports {
        protocol: Protocol,
        source: u16,
        destination: u16,
    },
    /// ICMP in IPv4, ICMPv6 in IPv6.
    Icmp {
        /// 1 or 58.
        protocol: u8,
        kind: u8,
        message: Message,
    },
    /// Anything else, ICMP in IPv6 and ICMPv6 in IPv4 included.
    Other { protocol: u8 },
}

/// What an ICMP message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    EchoRequest {
        identifier: u16,
    },
    EchoReply {
        identifier: u16,
    },
    /// About a packet: where it came from, where it went, and what it was.
    Error {
        source: IpAddr,
        destination: IpAddr,
        about: About,
    },
    Other,
}

/// The packet that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// It may be anything in an exchange between its ends: this one, if its source
    /// began, and this one turned round, if its destination did.
    Either(Exchange),
    /// A question.
    Question(Exchange),
    /// An answer to this question.
    Answer(Exchange),
}

/// What tells connections between two addresses apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exchange {
    Ports {
        protocol: Protocol,
        source: u16,
        destination: u16,
    },
    Echo {
        identifier: u16,
    },
    Other {
        protocol: u8,
    },
}

impl Exchange {
    /// The same, as the other side would begin it.
    pub(super) fn turned_round(self) -> Exchange {
        match self {
            Exchange::Ports {
                protocol,
                source,
                destination,
            } => Exchange::Ports {
                protocol,
                source: destination,
                destination: source,
            },
            Exchange::Echo { .. } | Exchange::Other { .. } => self,
        }
    }
}

impl Content {
    /// Of a packet that is no later fragment; `is_quoted` says whether so much of
    /// the packet that an error is about lies inside the error.
    pub(super) fn of(packet: &IpPacket, is_quoted: impl Fn(Quoted) -> bool) -> Content {
        let is_v4 = packet.source.is_ipv4();
        let icmp = |kind, message| Content::Icmp {
            protocol: if is_v4 { 1 } else { 58 },
            kind,
            message,
        };
        match packet.transport {
            Transport::Tcp {
                source,
                destination,
                flags: _,
            } => Content::Ports {
                protocol: Protocol::Tcp,
                source,
                destination,
            },
            Transport::Udp {
                source,
                destination,
            } => Content::Ports {
                protocol: Protocol::Udp,
                source,
                destination,
            },
            Transport::Sctp {
                source,
                destination,
            } => Content::Ports {
                protocol: Protocol::Sctp,
                source,
                destination,
            },
            Transport::Icmp(IcmpKind::EchoRequest { identifier }) => icmp(
                if is_v4 { 8 } else { 128 },
                Message::EchoRequest { identifier },
            ),
            Transport::Icmp(IcmpKind::EchoReply { identifier }) => icmp(
                if is_v4 { 0 } else { 129 },
                Message::EchoReply { identifier },
            ),
            Transport::Icmp(IcmpKind::Error {
                kind,
                code: _,
                about,
            }) => {
                let quoted = match about.transport {
                    _ if about.later_fragment || !is_quoted(about) => None,
                    QuotedTransport::Ports {
                        protocol,
                        source,
                        destination,
                    } => Some(About::Either(Exchange::Ports {
                        protocol,
                        source,
                        destination,
                    })),
                    QuotedTransport::EchoRequest { identifier } => {
                        Some(About::Question(Exchange::Echo { identifier }))
                    }
                    QuotedTransport::EchoReply { identifier } => {
                        Some(About::Answer(Exchange::Echo { identifier }))
                    }
                    QuotedTransport::Other { protocol } => {
                        Some(About::Either(Exchange::Other { protocol }))
                    }
                };
                let message = quoted.map_or(Message::Other, |quoted| Message::Error {
                    source: about.source,
                    destination: about.destination,
                    about: quoted,
                });
                icmp(kind, message)
            }
            Transport::Icmp(IcmpKind::NeighbourSolicitation) => icmp(135, Message::Other),
            Transport::Icmp(IcmpKind::Other { kind, code: _ }) => icmp(kind, Message::Other),
            Transport::Other { protocol } => Content::Other { protocol },
        }
    }

    /// What a later fragment is taken for, its first fragment being this: it quotes
    /// nothing.
    pub(super) fn of_later_fragment(self) -> Content {
        match self {
            Content::Icmp {
                protocol,
                kind,
                message: Message::Error { .. },
            } => Content::Icmp {
                protocol,
                kind,
                message: Message::Other,
            },
            other => other,
        }
    }

    /// What is remembered of a packet that passes (step 13).
    pub(super) fn exchange(self) -> Option<Exchange> {
        match self {
            Content::Ports {
                protocol,
                source,
                destination,
            } => Some(Exchange::Ports {
                protocol,
                source,
                destination,
            }),
            Content::Icmp {
                message: Message::EchoRequest { identifier },
                ..
            } => Some(Exchange::Echo { identifier }),
            Content::Icmp { .. } => None,
            Content::Other { protocol } => Some(Exchange::Other { protocol }),
        }
    }

    /// What must be remembered the other way round for this to be its reply (step
    /// 11).
    pub(super) fn answers(self) -> Option<Exchange> {
        match self {
            Content::Ports {
                protocol,
                source,
                destination,
            } => Some(Exchange::Ports {
                protocol,
                source: destination,
                destination: source,
            }),
            Content::Icmp {
                message: Message::EchoReply { identifier },
                ..
            } => Some(Exchange::Echo { identifier }),
            Content::Icmp { .. } => None,
            Content::Other { protocol } => Some(Exchange::Other { protocol }),
        }
    }
}
