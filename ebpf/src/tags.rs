//! VLAN tags.

use netverdict_abi::{MAX_TAGS, Reason};

use crate::bytes::Bytes;
use crate::faults;

/// The ethertype behind the VLAN tags, and the offset of what follows it.
#[inline(always)]
pub(crate) fn behind(bytes: &impl Bytes) -> Result<(u16, usize), Reason> {
    let mut offset = ETHERNET_HEADER;
    let mut ethertype = u16::from_be_bytes(bytes.read(ETHERTYPE_OFFSET).ok_or(Reason::Truncated)?);
    for _ in 0..MAX_TAGS {
        if !is_tag(ethertype) || faults::VLAN_NOT_SKIPPED {
            return Ok((ethertype, offset));
        }
        let [_, _, high, low] = bytes.read(offset).ok_or(Reason::Truncated)?;
        ethertype = u16::from_be_bytes([high, low]);
        offset += TAG;
    }
    if is_tag(ethertype) {
        return Err(Reason::TooManyTags);
    }
    Ok((ethertype, offset))
}

/// IEEE Std 802.1Q: customer (0x8100) and service (0x88a8) VLAN tags.
#[inline(always)]
fn is_tag(ethertype: u16) -> bool {
    matches!(ethertype, 0x8100 | 0x88a8)
}

const ETHERTYPE_OFFSET: usize = 12;
const ETHERNET_HEADER: usize = 14;
const TAG: usize = 4;
