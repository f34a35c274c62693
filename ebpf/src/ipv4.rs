//! IPv4 (RFC 791).

use netverdict_abi::Reason;

use crate::bytes::Bytes;
use crate::faults;
use crate::parse::Transport;

/// Reads the header at `offset`.
#[inline(always)]
pub(crate) fn transport(bytes: &impl Bytes, offset: usize) -> Result<Transport<[u8; 4]>, Reason> {
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
    let fragment = u16::from_be_bytes([header[6], header[7]]);
    if fragment & FRAGMENT_OFFSET != 0 && !faults::LATER_FRAGMENT_PORTS {
        return Err(Reason::LaterFragment);
    }
    let [.., a, b, c, d, _, _, _, _] = header;
    let address = if faults::ADDRESS_BYTE_ORDER {
        [d, c, b, a]
    } else {
        [a, b, c, d]
    };
    Ok(Transport {
        protocol: header[9],
        offset: offset + header_length,
        end,
        first_fragment: fragment & MORE_FRAGMENTS != 0,
        source: address,
    })
}

/// Bytes, without options.
const FIXED_HEADER: usize = 20;
const MORE_FRAGMENTS: u16 = 0x2000;
/// In units of 8 bytes; all that matters is whether it is 0.
const FRAGMENT_OFFSET: u16 = 0x1fff;
