//! Reading a frame, wherever the kernel keeps its bytes.
//!
//! A frame is usually in one piece, which the program reads in place. A jumbo
//! frame may continue in further pages that only a helper can reach; such a
//! frame is read through the helper altogether, so that no header is out of
//! sight because it lies far behind.

use core::arch::asm;

use aya_ebpf::helpers::{bpf_xdp_get_buff_len, bpf_xdp_load_bytes};
use aya_ebpf::programs::XdpContext;
use netverdict_abi::{MAX_EXTENSION_HEADERS, Reason};

/// A frame as received.
pub(crate) struct Frame<'a> {
    pub(crate) ctx: &'a XdpContext,
    /// Bytes in all, Ethernet header included.
    pub(crate) length: usize,
}

impl<'a> Frame<'a> {
    #[inline(always)]
    pub(crate) fn new(ctx: &'a XdpContext) -> Frame<'a> {
        // SAFETY: the context is the one that the kernel handed in.
        let length = unsafe { bpf_xdp_get_buff_len(ctx.ctx) } as usize;
        Frame { ctx, length }
    }

    /// Whether all of it is in one piece.
    #[inline(always)]
    pub(crate) fn is_linear(&self) -> bool {
        self.ctx.data_end() - self.ctx.data() >= self.length
    }
}

/// The bytes of a frame by offset, Ethernet header first.
pub(crate) trait Bytes {
    /// Bytes in all.
    fn length(&self) -> usize;

    /// The `N` bytes at `offset`, if the frame has them.
    fn read<const N: usize>(&self, offset: usize) -> Option<[u8; N]>;
}

/// A frame in one piece.
pub(crate) struct Linear {
    start: usize,
    end: usize,
    length: usize,
}

impl Linear {
    #[inline(always)]
    pub(crate) fn new(frame: &Frame<'_>) -> Linear {
        Linear {
            start: frame.ctx.data(),
            end: frame.ctx.data_end(),
            length: frame.length,
        }
    }
}

impl Bytes for Linear {
    #[inline(always)]
    fn length(&self) -> usize {
        self.length
    }

    #[inline(always)]
    fn read<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let at = advance(self.start, offset);
        if at + N > self.end {
            return None;
        }
        // SAFETY: `at` lies in the packet and so do the N bytes from there, as
        // just compared; the verifier insists on it. An array of bytes needs no
        // alignment.
        Some(unsafe { *(at as *const [u8; N]) })
    }
}

/// `start + offset`, in one register and within a bound that the verifier sees:
/// it has forgotten by now how the parser bounded the offset, and it believes a
/// comparison only of the very register that was compared, while the compiler
/// likes to split sums. No offset of a header is beyond the bound: 14 bytes of
/// Ethernet, 8 of tags, 40 of IPv6 and extension headers of 2,048 bytes at most,
/// and behind 8 bytes of ICMP another IP header and what follows it.
#[inline(always)]
fn advance(start: usize, offset: usize) -> usize {
    const INSIDE_ICMP: usize = 8 + 60 + 8;
    const _: () = assert!(14 + 8 + 40 + MAX_EXTENSION_HEADERS * 2048 + INSIDE_ICMP <= 0x7fff);
    let mut at = start;
    // SAFETY: arithmetic on the two operands, nothing else.
    unsafe {
        asm!(
            "{offset} &= 0x7fff",
            "{at} += {offset}",
            offset = inout(reg) offset => _,
            at = inout(reg) at,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    at
}

/// A frame in several pieces.
pub(crate) struct Paged<'a> {
    frame: &'a Frame<'a>,
}

impl<'a> Paged<'a> {
    #[inline(always)]
    pub(crate) fn new(frame: &'a Frame<'a>) -> Paged<'a> {
        Paged { frame }
    }
}

impl Bytes for Paged<'_> {
    #[inline(always)]
    fn length(&self) -> usize {
        self.frame.length
    }

    #[inline(always)]
    fn read<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        // SAFETY: the helper writes N bytes at most, and there are N.
        let result = unsafe {
            bpf_xdp_load_bytes(
                self.frame.ctx.ctx,
                offset as u32,
                bytes.as_mut_ptr().cast(),
                N as u32,
            )
        };
        (result == 0).then_some(bytes)
    }
}

/// The `N` bytes at `offset` of a packet that ends at `end`.
#[inline(always)]
pub(crate) fn read_within<const N: usize>(
    bytes: &impl Bytes,
    offset: usize,
    end: usize,
    first_fragment: bool,
) -> Result<[u8; N], Reason> {
    if offset + N > end {
        return Err(beyond(first_fragment));
    }
    bytes.read(offset).ok_or(Reason::Truncated)
}

/// The same, where nothing follows from its absence.
#[inline(always)]
pub(crate) fn read_inside<const N: usize>(
    bytes: &impl Bytes,
    offset: usize,
    end: usize,
) -> Option<[u8; N]> {
    if offset + N > end {
        return None;
    }
    bytes.read(offset)
}

/// Why a header that lies beyond the packet's end is not there.
#[inline(always)]
pub(crate) fn beyond(first_fragment: bool) -> Reason {
    if first_fragment {
        Reason::FirstFragmentWithoutPorts
    } else {
        Reason::Truncated
    }
}
