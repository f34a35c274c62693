//! IPv4 (RFC 791).

use netverdict_abi::Reason;

use crate::address::{Address, Family};
use crate::bytes::{Bytes, read_inside};
use crate::faults;
use crate::fragment::Place;
use crate::packet::{Endpoints, Packet, Role, Upper, inner_ports};

/// Reads the header at `offset`.
#[inline(always)]
pub(crate) fn header(bytes: &impl Bytes, offset: usize, packet: &mut Packet) -> Result<(), Reason> {
    let header: [u8; FIXED_HEADER] = bytes.read(offset).ok_or(Reason::Truncated)?;
    let version = header[0] >> 4;
    let header_length = usize::from(header[0] & 0x0f) * 4;
    let total_length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if version != 4 || header_length < FIXED_HEADER || total_length < header_length {
        return Err(Reason::BadIpHeader);
    }
    let end = offset + total_length;
    if end > bytes.length() {
        return Err(Reason::Truncated);
    }
    packet.family = Family::V4;
    addresses(&header, &mut packet.source, &mut packet.destination);
    packet.protocol = header[9];
    packet.upper = Upper {
        offset: match faults::OPTIONS_NOT_SKIPPED {
            true => offset + FIXED_HEADER,
            false => offset + header_length,
        },
        end,
    };
    let identification = [header[4], header[5], 0, 0];
    let fragment = u16::from_be_bytes([header[6], header[7]]);
    if fragment & FRAGMENT_OFFSET != 0 && !faults::LATER_FRAGMENT_PORTS {
        packet.place = Place::later(identification);
    } else if fragment & MORE_FRAGMENTS != 0 {
        packet.place = Place::first(identification);
    }
    Ok(())
}

/// Reads the beginning of a packet inside an ICMP error. Its length is not looked
/// at, for the rest of it is cut off.
#[inline(always)]
pub(crate) fn inner(bytes: &impl Bytes, at: Upper, about: &mut Endpoints) -> Option<Role> {
    let header: [u8; FIXED_HEADER] = read_inside(bytes, at.offset, at.end)?;
    let header_length = usize::from(header[0] & 0x0f) * 4;
    let fragment = u16::from_be_bytes([header[6], header[7]]);
    if header[0] >> 4 != 4 || header_length < FIXED_HEADER || fragment & FRAGMENT_OFFSET != 0 {
        return None;
    }
    let upper = Upper {
        offset: at.offset + header_length,
        end: at.end,
    };
    if upper.offset > upper.end {
        return None;
    }
    addresses(&header, &mut about.source, &mut about.destination);
    about.protocol = header[9];
    inner_ports(bytes, upper, Family::V4, about)
}

#[inline(always)]
fn addresses(header: &[u8; FIXED_HEADER], source: &mut Address, destination: &mut Address) {
    let [.., a, b, c, d, e, f, g, h] = *header;
    source.bytes[..4].copy_from_slice(&[a, b, c, d]);
    destination.bytes[..4].copy_from_slice(&[e, f, g, h]);
}

/// Bytes, without options.
const FIXED_HEADER: usize = 20;
const MORE_FRAGMENTS: u16 = 0x2000;
/// In units of 8 bytes; all that matters is whether it is 0.
const FRAGMENT_OFFSET: u16 = 0x1fff;
