//! Addresses of either family, and the prefixes that hold them.

use aya_ebpf::btf_maps::lpm_trie::Key;
use netverdict_abi::{EndpointKey, Identity, Lpm4, Lpm6, Verdicted};

use crate::{Run, faults, maps};

/// An address, in network byte order.
#[derive(Clone, Copy)]
pub(crate) struct Address {
    /// An IPv4 address fills the first four bytes; the others are zero.
    pub(crate) bytes: [u8; 16],
}

/// 4 or 6.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Family(pub(crate) u8);

impl Family {
    pub(crate) const V4: Family = Family(4);
    pub(crate) const V6: Family = Family(6);
}

impl Address {
    pub(crate) const ZERO: Address = Address { bytes: [0; 16] };

    #[inline(always)]
    pub(crate) fn endpoint_key(&self, family: Family, run: &Run) -> EndpointKey {
        EndpointKey {
            address: self.bytes,
            family: family.0,
            generation: run.generation as u8,
            zero: [0; 2],
        }
    }

    /// By halves: comparing arrays as such calls a loop over the bytes.
    #[inline(always)]
    pub(crate) fn equals(&self, other: &Address) -> bool {
        let halves = |address: &Address| {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = address.bytes;
            (
                u64::from_ne_bytes([a, b, c, d, e, f, g, h]),
                u64::from_ne_bytes([i, j, k, l, m, n, o, p]),
            )
        };
        let ((a, b), (c, d)) = (halves(self), halves(other));
        (a ^ c) | (b ^ d) == 0
    }

    #[inline(always)]
    fn v4(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.bytes;
        faulty([a, b, c, d])
    }

    #[inline(always)]
    fn v6(&self) -> [u8; 16] {
        faulty(self.bytes)
    }
}

macro_rules! longest_prefix {
    ($set:expr, $family:expr, $address:expr, $v4:ident, $v6:ident) => {{
        let set = $set;
        if $family == Family::V4 {
            let address = $address.v4();
            let key = Key::new(Lpm4::SET_BITS + 32, Lpm4 { set, address });
            maps::$v4.get(&key).copied()
        } else {
            let address = $address.v6();
            let key = Key::new(Lpm6::SET_BITS + 128, Lpm6 { set, address });
            maps::$v6.get(&key).copied()
        }
    }};
}

/// What the longest prefix of a prefilter's set says that holds the address.
#[inline(always)]
pub(crate) fn in_prefilter(set: u32, family: Family, address: &Address) -> Option<Verdicted> {
    if faults::PREFIX_LOOKUP_SKIPPED {
        return None;
    }
    longest_prefix!(set, family, address, PREFILTER_V4, PREFILTER_V6)
}

/// Who an address is.
#[inline(always)]
pub(crate) fn identity(set: u32, family: Family, address: &Address) -> u32 {
    let known = match faults::IDENTITY_LOOKUP_SKIPPED {
        true => None,
        false => longest_prefix!(set, family, address, IDENTITIES_V4, IDENTITIES_V6),
    };
    known.unwrap_or(match family {
        Family::V4 => Identity::WORLD_V4,
        _ => Identity::WORLD_V6,
    })
}

/// The address itself, unless a fault is built in.
#[inline(always)]
fn faulty<const N: usize>(mut address: [u8; N]) -> [u8; N] {
    if faults::ADDRESS_BYTE_ORDER {
        address.reverse();
    }
    address
}
