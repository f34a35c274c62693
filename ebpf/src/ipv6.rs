//! IPv6 (RFC 8200) and its chain of extension headers.

use netverdict_abi::{MAX_EXTENSION_HEADERS, Reason};

use crate::bytes::Bytes;
use crate::faults;
use crate::parse::{Transport, beyond, read_within};

/// Reads the header at `offset` and walks the extension headers behind it.
#[inline(always)]
pub(crate) fn transport(bytes: &impl Bytes, offset: usize) -> Result<Transport<[u8; 16]>, Reason> {
    let header: [u8; FIXED_HEADER] = bytes.read(offset).ok_or(Reason::Truncated)?;
    if header[0] >> 4 != 6 {
        return Err(Reason::BadIpHeader);
    }
    let payload_length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let end = offset + FIXED_HEADER + payload_length;
    if end > bytes.length() {
        return Err(Reason::Truncated);
    }
    let (protocol, offset, first_fragment) =
        behind_extensions(bytes, header[6], offset + FIXED_HEADER, end)?;
    let mut address = [0; 16];
    address.copy_from_slice(&header[8..24]);
    if faults::ADDRESS_BYTE_ORDER {
        address.reverse();
    }
    Ok(Transport {
        protocol,
        offset,
        end,
        first_fragment,
        source: address,
    })
}

/// The first protocol that is no extension header, where its header begins, and
/// whether a fragment with more to come was seen on the way.
#[inline(always)]
fn behind_extensions(
    bytes: &impl Bytes,
    mut next: u8,
    mut offset: usize,
    end: usize,
) -> Result<(u8, usize, bool), Reason> {
    let mut first_fragment = false;
    for _ in 0..MAX_EXTENSION_HEADERS {
        if !is_extension(next) {
            return Ok((next, offset, first_fragment));
        }
        let header: [u8; 8] = read_within(bytes, offset, end, first_fragment)?;
        let length = match next {
            FRAGMENT => {
                let field = u16::from_be_bytes([header[2], header[3]]);
                if field & FRAGMENT_OFFSET != 0 && !faults::LATER_FRAGMENT_PORTS {
                    return Err(Reason::LaterFragment);
                }
                // Neither offset nor more to come: an atomic fragment, which is
                // a whole packet (RFC 6946).
                first_fragment |= field & MORE_FRAGMENTS != 0;
                8
            }
            // RFC 4302 §2.2: in units of 4 bytes, minus 2.
            AUTHENTICATION => (usize::from(header[1]) + 2) * 4,
            // RFC 8200 §4.3: in units of 8 bytes, not counting the first.
            _ => (usize::from(header[1]) + 1) * 8,
        };
        offset += length;
        if offset > end {
            return Err(beyond(first_fragment));
        }
        next = header[0];
    }
    if is_extension(next) {
        return Err(Reason::TooManyExtensionHeaders);
    }
    Ok((next, offset, first_fragment))
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
