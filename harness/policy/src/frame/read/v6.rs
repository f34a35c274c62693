//! IPv6 (RFC 8200).

use super::bytes::Bytes;
use super::{Unreadable, fill, transport};
use crate::frame::{ExtensionHeader, Fragment, IpPacket, Transport};

/// "No next header" (RFC 8200 §4.7): stands for what is cut off.
const NONE: u8 = 59;

/// The packet at the start of `bytes`.
///
/// # Errors
/// Chains that are not described.
pub(super) fn packet(bytes: Bytes<'_>) -> Result<IpPacket, Unreadable> {
    let announced = bytes.u16(4);
    let inside = bytes.until(40 + usize::from(announced)).from(40);
    let chain = Chain::read(bytes.u8(6), inside)?;
    let transport = match chain.transport {
        Some(protocol) => transport(false, protocol, inside.from(chain.length)),
        None => Transport::Other { protocol: NONE },
    };
    let mut packet = IpPacket::plain(bytes.v6(8).into(), bytes.v6(24).into(), transport);
    packet.extension_headers = chain.headers;
    packet.fragment = chain.fragment;
    packet.hop_limit = Some(bytes.u8(7));
    let version = bytes.u8(0) >> 4;
    packet.lengths.version = (version != 6).then_some(version);
    match usize::from(announced).checked_sub(chain.length) {
        Some(room) => fill(&mut packet, room),
        None => {
            fill(&mut packet, 0);
            packet.lengths.total = Some(announced);
        }
    }
    Ok(packet)
}

/// Extension headers, and what stands behind them.
struct Chain {
    headers: Vec<ExtensionHeader>,
    fragment: Option<Fragment>,
    /// Bytes of all of them.
    length: usize,
    /// What the last announces, unless it is cut off.
    transport: Option<u8>,
}

impl Chain {
    fn read(first: u8, bytes: Bytes<'_>) -> Result<Chain, Unreadable> {
        let mut chain = Chain {
            headers: Vec::new(),
            fragment: None,
            length: 0,
            transport: Some(first),
        };
        while let Some(number @ (0 | 43 | 44 | 51 | 60 | 135 | 139 | 140)) = chain.transport {
            let header = bytes.from(chain.length);
            match chain.fragment {
                // What it announces is not in it.
                Some(Fragment { offset: 1.., .. }) => break,
                Some(_) => return Err(Unreadable::BehindFragmentHeader(number)),
                None if number == 44 => {
                    chain.fragment = Some(fragment(header));
                    chain.length += 8;
                }
                None => {
                    let known = extension_header(number, header);
                    chain.headers.push(known);
                    chain.length += known.length();
                }
            }
            chain.transport = (chain.length <= bytes.0.len()).then(|| header.u8(0));
        }
        Ok(chain)
    }
}

/// RFC 8200 §4.5: an offset in units of 8 bytes, in front of three flags, the last of
/// them "more fragments".
fn fragment(header: Bytes<'_>) -> Fragment {
    let word = header.u16(2);
    Fragment {
        offset: word & 0xfff8,
        more: word & 1 == 1,
        identification: Some(header.u32(4)),
    }
}

fn extension_header(number: u8, header: Bytes<'_>) -> ExtensionHeader {
    let field = u16::from(header.u8(1));
    let length = match number {
        // RFC 4302 §2.2.
        51 => 4 * (field + 2),
        _ => 8 * (field + 1),
    };
    match (number, length) {
        (0, 8) => ExtensionHeader::HopByHop,
        (60, 8) => ExtensionHeader::Destination,
        // No segments left (RFC 8200 §4.4).
        (43, 8) if header.u8(3) == 0 => ExtensionHeader::Routing,
        (51, 24) => ExtensionHeader::Authentication,
        (135, 8) => ExtensionHeader::Mobility,
        (139, 40) => ExtensionHeader::HostIdentity,
        (140, 8) => ExtensionHeader::Shim6,
        (number, length) => ExtensionHeader::Opaque { number, length },
    }
}
