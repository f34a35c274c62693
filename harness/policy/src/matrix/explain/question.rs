//! What is asked.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

use super::Place;
use crate::frame::{Body, FrameSpec, IcmpKind, Transport};
use crate::matrix::template::spec;
use crate::model::Policy;
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Family;

/// May the source begin this with the destination?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who begins.
    pub source: Place,
    /// With whom.
    pub destination: Place,
    /// What.
    pub what: What,
    /// By which family; `None` is the first that both have.
    pub family: Option<Family>,
}

/// What is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A connection to a port.
    Port(ProtoPort),
    /// An echo request.
    Echo,
}

/// A text that is neither a port nor `icmp`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{0}' is neither a port with its protocol, such as 8080/tcp, nor icmp")]
pub struct WhatError(String);

/// Why nobody can answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuestionError {
    /// The ends have no family in common.
    #[error("{source_name} and {destination_name} have no addresses of the same family")]
    NoCommonFamily {
        /// Who begins.
        source_name: String,
        /// With whom.
        destination_name: String,
    },
    /// They are the same.
    #[error("{0} reaches itself: no packet leaves it for that")]
    Itself(String),
}

impl Question {
    /// The first packet, and its addresses.
    pub(super) fn first_packet(
        &self,
        policy: &Policy,
    ) -> Result<(FrameSpec, (IpAddr, IpAddr)), QuestionError> {
        if self.source == self.destination {
            return Err(QuestionError::Itself(self.source.name(policy)));
        }
        let destinations = self.destination.addresses(policy);
        let pair = (self.source.addresses(policy).into_iter())
            .filter(|source| {
                self.family
                    .is_none_or(|family| Family::of(*source) == family)
            })
            .find_map(|source| {
                let alike = |at: &&IpAddr| Family::of(**at) == Family::of(source);
                Some((source, *destinations.iter().find(alike)?))
            });
        let Some((source, destination)) = pair else {
            return Err(QuestionError::NoCommonFamily {
                source_name: self.source.name(policy),
                destination_name: self.destination.name(policy),
            });
        };
        let (protocol, port) = match self.what {
            What::Port(port) => (port.protocol, port.port),
            What::Echo => (Protocol::Tcp, 0),
        };
        let mut frame = spec(source, destination, protocol, (CLIENT_PORT, port));
        if let (What::Echo, Body::Ip(packet)) = (self.what, &mut frame.body) {
            packet.transport = Transport::Icmp(IcmpKind::EchoRequest { identifier: 1 });
        }
        Ok((frame, (source, destination)))
    }
}

/// An ephemeral port (RFC 6335 §6): rules are not about it.
const CLIENT_PORT: u16 = 50_000;

impl FromStr for What {
    type Err = WhatError;

    fn from_str(text: &str) -> Result<What, WhatError> {
        if text == "icmp" {
            return Ok(What::Echo);
        }
        let port = text.parse().map_err(|_| WhatError(text.to_owned()))?;
        Ok(What::Port(port))
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Port(port) => port.fmt(f),
            What::Echo => f.write_str("icmp"),
        }
    }
}
