//! ICMP of either family (RFC 792, RFC 4443).

use crate::address::Family;

/// Bytes: type, code, checksum, and of an echo identifier and sequence number.
pub(crate) const HEADER: usize = 8;

/// The family's own ICMP; that of the other family is a protocol like any other.
#[inline(always)]
pub(crate) const fn protocol(family: Family) -> u8 {
    match family {
        Family::V4 => 1,
        _ => 58,
    }
}

#[inline(always)]
pub(crate) const fn is_echo_request(family: Family, kind: u8) -> bool {
    match family {
        Family::V4 => kind == 8,
        _ => kind == 128,
    }
}

#[inline(always)]
pub(crate) const fn is_echo_reply(family: Family, kind: u8) -> bool {
    match family {
        Family::V4 => kind == 0,
        _ => kind == 129,
    }
}

/// Whether a message of this type is an error about another packet.
#[inline(always)]
pub(crate) const fn is_error(family: Family, kind: u8) -> bool {
    match family {
        Family::V4 => matches!(kind, 3 | 11 | 12),
        _ => matches!(kind, 1..=4),
    }
}

/// Whether a message of this type is good on the link only (RFC 4861 §4).
#[inline(always)]
pub(crate) fn is_neighbour_discovery(family: Family, kind: u8) -> bool {
    family == Family::V6 && matches!(kind, 133..=137)
}
