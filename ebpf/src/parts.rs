//! The parts of a run that the kernel verifies on their own.
//!
//! Whatever is inlined is verified anew for each way that leads to it, and the ways
//! through the headers of a frame are many: all in one would be beyond what the
//! verifier looks at, and beyond the 512 bytes of stack. A function that is global
//! is verified once, for any arguments of its types
//! (Documentation/bpf/verifier.rst), and what it writes to the packet is nothing
//! that the verifier has to keep apart.

use aya_ebpf::bindings::xdp_md;
use aya_ebpf::programs::XdpContext;
use netverdict_abi::{Guard, Hook, Reason};

use crate::address::Family;
use crate::bytes::{Bytes, Frame, Linear, Paged};
use crate::hook::{AtEgress, AtHook, AtIngress, AtUplink};
use crate::packet::{self, Packet};
use crate::{Judgement, Proposal, Run, faults, fragment, ipv4, ipv6, tags, workload};

/// Steps 1 to 3 of [`Reason`]: up to the IP header.
#[inline(always)]
pub(crate) fn read_header(frame: &Frame<'_>, packet: &mut Packet) -> Result<(), Reason> {
    read(netverdict_read_header(frame.ctx.ctx, packet))
}

/// Steps 5 and 6, but for what is remembered: from the IP header on.
#[inline(always)]
pub(crate) fn read_upper(frame: &Frame<'_>, packet: &mut Packet) -> Result<(), Reason> {
    read(netverdict_read_upper(frame.ctx.ctx, packet))
}

/// Everything that follows, which needs no more of the frame.
#[inline(always)]
pub(crate) fn judge<H: AtHook>(run: &Run, packet: &mut Packet) -> Judgement {
    let packed = match H::HOOK {
        Hook::Uplink => netverdict_judge_uplink(run, packet),
        Hook::Egress => netverdict_judge_egress(run, packet),
        Hook::Ingress => netverdict_judge_ingress(run, packet),
    };
    Judgement {
        reason: reason(packed as u8),
        rule: (packed >> 32) as u32,
    }
}

/// What the proposed policy says, if [`judge`] noted one. Apart from `judge`, so that
/// the ways through the enforced policy do not multiply with those through this one.
#[inline(always)]
pub(crate) fn propose<H: AtHook>(run: &Run, packet: &Packet) -> Proposal {
    if packet.proposed.flags & Guard::SELECTED == 0 {
        return Proposal::NONE;
    }
    let packed = match H::HOOK {
        // No workload's policy stands here.
        Hook::Uplink => return Proposal::NONE,
        Hook::Egress => netverdict_propose_egress(run, packet),
        Hook::Ingress => netverdict_propose_ingress(run, packet),
    };
    Proposal {
        code: packed as u8,
        rule: (packed >> 32) as u32,
    }
}

macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident = $how:ident;)*) => { $(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name(ctx: *mut xdp_md, packet: *mut Packet) -> u64 {
            let ctx = XdpContext::new(ctx);
            let frame = Frame::new(&ctx);
            // SAFETY: it points to a local of the caller, or to nothing as far as
            // the verifier knows.
            let Some(packet) = (unsafe { packet.as_mut() }) else {
                return Reason::Impossible as u64;
            };
            let read = if frame.is_linear() {
                $how(&Linear::new(&frame), packet)
            } else {
                $how(&Paged::new(&frame), packet)
            };
            match read {
                Ok(()) => READ,
                Err(reason) => reason as u64,
            }
        }
    )* };
}

reads! {
    netverdict_read_header = header;
    netverdict_read_upper = upper;
}

macro_rules! judges {
    ($($name:ident = $hook:ident;)*) => { $(
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name(run: *const Run, packet: *mut Packet) -> u64 {
            // SAFETY: both point to locals of the caller, or to nothing as far as
            // the verifier knows.
            let (run, packet) = unsafe { (run.as_ref(), packet.as_mut()) };
            let judgement = match (run, packet) {
                (Some(run), Some(packet)) => judged::<$hook>(run, packet),
                _ => Reason::Impossible.into(),
            };
            packed(judgement)
        }
    )* };
}

macro_rules! proposes {
    ($($name:ident = $hook:ident;)*) => { $(
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name(run: *const Run, packet: *const Packet) -> u64 {
            // SAFETY: as of `judges`.
            let (run, packet) = unsafe { (run.as_ref(), packet.as_ref()) };
            packed(match (run, packet) {
                (Some(run), Some(packet)) => workload::propose::<$hook>(run, packet),
                _ => Reason::Impossible.into(),
            })
        }
    )* };
}

judges! {
    netverdict_judge_uplink = AtUplink;
    netverdict_judge_egress = AtEgress;
    netverdict_judge_ingress = AtIngress;
}

proposes! {
    netverdict_propose_egress = AtEgress;
    netverdict_propose_ingress = AtIngress;
}

/// The rule in the upper half, the reason's code in the lower.
#[inline(always)]
fn packed(judgement: Judgement) -> u64 {
    u64::from(judgement.rule) << 32 | judgement.reason as u64
}

#[inline(always)]
fn header(bytes: &impl Bytes, packet: &mut Packet) -> Result<(), Reason> {
    match tags::behind(bytes)? {
        (ETHERTYPE_IPV4, offset) => ipv4::header(bytes, offset, packet),
        (ETHERTYPE_IPV6, offset) => ipv6::header(bytes, offset, packet),
        _ => Err(Reason::NotIp),
    }
}

#[inline(always)]
fn upper(bytes: &impl Bytes, packet: &mut Packet) -> Result<(), Reason> {
    if packet.family == Family::V6 {
        ipv6::walk(bytes, packet)?;
        packet::transport(bytes, Family::V6, packet)
    } else {
        packet::transport(bytes, Family::V4, packet)
    }
}

#[inline(always)]
fn judged<H: AtHook>(run: &Run, packet: &mut Packet) -> Judgement {
    match fragment::join(run, H::HOOK, packet) {
        Ok(()) => H::judge(run, packet),
        Err(_) if faults::UNTRACKED_FRAGMENT_PASSES => H::HARMLESS.into(),
        Err(untracked) => untracked.into(),
    }
}

/// Says that nothing was wrong; no reason's code.
const READ: u64 = 0xff;

#[inline(always)]
fn read(code: u64) -> Result<(), Reason> {
    if code == READ {
        Ok(())
    } else {
        Err(reason(code as u8))
    }
}

#[inline(always)]
fn reason(code: u8) -> Reason {
    Reason::from_code(code).unwrap_or(Reason::Impossible)
}

// IEEE Std 802, registered ethertypes.
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
