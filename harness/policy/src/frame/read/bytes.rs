//! Bytes of which some may be cut off.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Bytes with nothing but zeros behind their end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    /// What is behind the first `at`.
    pub(super) fn from(self, at: usize) -> Bytes<'a> {
        Bytes(self.0.get(at..).unwrap_or(&[]))
    }

    /// At most the first `end`.
    pub(super) fn until(self, end: usize) -> Bytes<'a> {
        Bytes(&self.0[..end.min(self.0.len())])
    }

    /// `N` bytes.
    pub(super) fn array<const N: usize>(self, at: usize) -> [u8; N] {
        let mut array = [0; N];
        let there = self.from(at).until(N).0;
        array[..there.len()].copy_from_slice(there);
        array
    }

    pub(super) fn u8(self, at: usize) -> u8 {
        u8::from_be_bytes(self.array(at))
    }

    pub(super) fn u16(self, at: usize) -> u16 {
        u16::from_be_bytes(self.array(at))
    }

    pub(super) fn u32(self, at: usize) -> u32 {
        u32::from_be_bytes(self.array(at))
    }

    pub(super) fn v4(self, at: usize) -> Ipv4Addr {
        Ipv4Addr::from(self.array::<4>(at))
    }

    pub(super) fn v6(self, at: usize) -> Ipv6Addr {
        Ipv6Addr::from(self.array::<16>(at))
    }
}
