//! Protocols with ports, and ports.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A transport protocol whose ports the filter reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
    /// RFC 9260.
    Sctp,
}

impl Protocol {
    /// Every protocol, in the order reports list them.
    pub const ALL: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

    /// The IANA protocol number.
    pub const fn number(self) -> u8 {
        match self {
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
            Protocol::Sctp => 132,
        }
    }

    /// The lower-case name, as in `30007/tcp`.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A port of a protocol, written `30007/tcp`. The port is 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtoPort {
    /// The port, not 0.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
}

impl fmt::Display for ProtoPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.port, self.protocol)
    }
}

/// Why a text is not a [`ProtoPort`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProtoPortError {
    /// No `/`.
    #[error("no protocol")]
    NoProtocol,
    /// Not an integer from 1 to 65535.
    #[error("'{0}' is not a port from 1 to 65535")]
    Port(String),
    /// Not tcp, udp or sctp, in lower case.
    #[error("'{0}' is not one of tcp, udp, sctp")]
    Protocol(String),
}

impl FromStr for ProtoPort {
    type Err = ProtoPortError;

    fn from_str(text: &str) -> Result<Self, ProtoPortError> {
        let (port, protocol) = text.split_once('/').ok_or(ProtoPortError::NoProtocol)?;
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let port = (digits.then(|| port.parse::<u16>().ok()).flatten())
            .filter(|port| *port != 0)
            .ok_or_else(|| ProtoPortError::Port(port.to_owned()))?;
        let protocol = Protocol::ALL
            .into_iter()
            .find(|known| known.name() == protocol)
            .ok_or_else(|| ProtoPortError::Protocol(protocol.to_owned()))?;
        Ok(ProtoPort { port, protocol })
    }
}
