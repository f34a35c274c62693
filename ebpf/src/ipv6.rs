//! IPv6 (RFC 8200) and its chain of extension headers.

use netverdict_abi::{MAX_EXTENSION_HEADERS, Reason};

use crate::address::{Address, Family};
use crate::bytes::{Bytes, beyond, read_inside, read_within};
use crate::faults;
use crate::fragment::Place;
use crate::packet::{Endpoints, Packet, Role, Upper, inner_ports};

/// Reads the fixed header at `offset`.
#[inline(always)]
pub(crate) fn header(bytes: &impl Bytes, offset: usize, packet: &mut Packet) -> Result<(), Reason> {
    let header: [u8; FIXED_HEADER] = bytes.read(offset).ok_or(Reason::Truncated)?;
    if header[0] >> 4 != 6 {
        return Err(Reason::BadIpHeader);
    }
    let payload_length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let behind = offset + FIXED_HEADER;
    let end = behind + payload_length;
    if end > bytes.length() {
        return Err(Reason::Truncated);
    }
    packet.family = Family::V6;
    addresses(&header, &mut packet.source, &mut packet.destination);
    packet.protocol = header[6];
    packet.hop_limit = header[7];
    packet.upper = Upper {
        offset: behind,
        end,
    };
    Ok(())
}

/// Walks the extension headers, to the first protocol that is none or to where a
/// later fragment begins.
#[inline(always)]
pub(crate) fn walk(bytes: &impl Bytes, packet: &mut Packet) -> Result<(), Reason> {
    if faults::EXTENSIONS_NOT_WALKED {
        return Ok(());
    }
    // In locals: the verifier walks the loop with fewer states to tell apart.
    let Upper { mut offset, end } = packet.upper;
    let mut next = packet.protocol;
    let mut first_fragment = false;
    for _ in 0..MAX_EXTENSION_HEADERS {
        if !is_extension(next) {
            break;
        }
        let extension: [u8; 8] = read_within(bytes, offset, end, first_fragment)?;
        let length = match next {
            FRAGMENT => {
                let field = u16::from_be_bytes([extension[2], extension[3]]);
                let [.., a, b, c, d] = extension;
                if field & FRAGMENT_OFFSET != 0 && !faults::LATER_FRAGMENT_PORTS {
                    packet.place = Place::later([a, b, c, d]);
                    return Ok(());
                }
                // Neither offset nor more to come: an atomic fragment, which is
                // a whole packet (RFC 6946).
                if field & MORE_FRAGMENTS != 0 && !first_fragment {
                    packet.place = Place::first([a, b, c, d]);
                    first_fragment = true;
                }
                8
            }
            // RFC 4302 §2.2: in units of 4 bytes, minus 2.
            AUTHENTICATION => (usize::from(extension[1]) + 2) * 4,
            // RFC 8200 §4.3: in units of 8 bytes, not counting the first.
            _ => (usize::from(extension[1]) + 1) * 8,
        };
        offset += length;
        if offset > end {
            return Err(beyond(first_fragment));
        }
        next = extension[0];
    }
    if is_extension(next) {
        return Err(Reason::TooManyExtensionHeaders);
    }
    packet.upper.offset = offset;
    packet.protocol = next;
    Ok(())
}

/// Reads the beginning of a packet inside an ICMP error. Behind an extension
/// header nothing is looked for: no connection has the number of one as its
/// protocol.
#[inline(always)]
pub(crate) fn inner(bytes: &impl Bytes, at: Upper, about: &mut Endpoints) -> Option<Role> {
    let header: [u8; FIXED_HEADER] = read_inside(bytes, at.offset, at.end)?;
    if header[0] >> 4 != 6 {
        return None;
    }
    addresses(&header, &mut about.source, &mut about.destination);
    about.protocol = header[6];
    let upper = Upper {
        offset: at.offset + FIXED_HEADER,
        end: at.end,
    };
    inner_ports(bytes, upper, Family::V6, about)
}

#[inline(always)]
fn addresses(header: &[u8; FIXED_HEADER], source: &mut Address, destination: &mut Address) {
    source.bytes.copy_from_slice(&header[8..24]);
    destination.bytes.copy_from_slice(&header[24..]);
}

/// IANA, IPv6 extension header types, without ESP (50: nothing behind it can be
/// read) and those for experiments (253, 254).
#[inline(always)]
fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        0 | 43 | FRAGMENT | AUTHENTICATION | 60 | 135 | 139 | 140
    )
}

const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
/// Bytes.
const FIXED_HEADER: usize = 40;
/// RFC 8200 §4.5: the offset fills the upper 13 bits, the lowest is "more".
const FRAGMENT_OFFSET: u16 = 0xfff8;
const MORE_FRAGMENTS: u16 = 1;
