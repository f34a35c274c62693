//! ICMP (RFC 792) and ICMPv6 (RFC 4443).

use std::net::IpAddr;

use super::bytes::Bytes;
use crate::frame::{IcmpKind, Quoted, QuotedTransport};
use crate::port::Protocol;

/// The message at the start of `bytes`, of which there is nothing else.
pub(super) fn message(is_v4: bool, bytes: Bytes<'_>) -> IcmpKind {
    let (kind, code) = (bytes.u8(0), bytes.u8(1));
    match echo(is_v4, bytes) {
        Some(QuotedTransport::EchoRequest { identifier }) => {
            return IcmpKind::EchoRequest { identifier };
        }
        Some(QuotedTransport::EchoReply { identifier }) => {
            return IcmpKind::EchoReply { identifier };
        }
        _ => {}
    }
    let about = match (is_v4, kind) {
        (true, 3 | 11 | 12) => quoted_v4(bytes.from(8)),
        (false, 1..=4) => quoted_v6(bytes.from(8)),
        _ => None,
    };
    match about {
        Some(about) => IcmpKind::Error { kind, code, about },
        None => IcmpKind::Other { kind, code },
    }
}

/// The echo at the start of `bytes`, if it is one.
fn echo(is_v4: bool, bytes: Bytes<'_>) -> Option<QuotedTransport> {
    let identifier = bytes.u16(4);
    match (is_v4, bytes.u8(0)) {
        (true, 8) | (false, 128) => Some(QuotedTransport::EchoRequest { identifier }),
        (true, 0) | (false, 129) => Some(QuotedTransport::EchoReply { identifier }),
        _ => None,
    }
}

/// A packet whose header is all there, and so much behind it as tells what it is.
fn quoted_v4(bytes: Bytes<'_>) -> Option<Quoted> {
    let (version, words) = (bytes.u8(0) >> 4, bytes.u8(0) & 0x0f);
    let header = 4 * usize::from(words);
    if version != 4 || words < 5 || bytes.0.len() < header {
        return None;
    }
    Some(Quoted {
        source: bytes.v4(12).into(),
        destination: bytes.v4(16).into(),
        option_words: words - 5,
        later_fragment: bytes.u16(6) & 0x1fff != 0,
        transport: quoted_transport(bytes.u8(9), true, bytes.from(header))?,
    })
}

/// As [`quoted_v4`]; none with extension headers is known.
fn quoted_v6(bytes: Bytes<'_>) -> Option<Quoted> {
    let next = bytes.u8(6);
    let is_extension = matches!(next, 0 | 43 | 44 | 51 | 60 | 135 | 139 | 140);
    if bytes.u8(0) >> 4 != 6 || bytes.0.len() < 40 || is_extension {
        return None;
    }
    let (source, destination): (IpAddr, IpAddr) = (bytes.v6(8).into(), bytes.v6(24).into());
    Some(Quoted {
        source,
        destination,
        option_words: 0,
        later_fragment: false,
        transport: quoted_transport(next, false, bytes.from(40))?,
    })
}

fn quoted_transport(number: u8, is_v4: bool, behind: Bytes<'_>) -> Option<QuotedTransport> {
    let protocol = Protocol::ALL
        .into_iter()
        .find(|known| known.number() == number);
    let is_icmp = number == if is_v4 { 1 } else { 58 };
    match protocol {
        Some(_) if behind.0.len() < 4 => None,
        Some(protocol) => Some(QuotedTransport::Ports {
            protocol,
            source: behind.u16(0),
            destination: behind.u16(2),
        }),
        None if is_icmp && behind.0.len() < 8 => None,
        None if is_icmp => echo(is_v4, behind),
        None => Some(QuotedTransport::Other { protocol: number }),
    }
}
