//! The XDP program: a frame comes in, [`decide`] says what becomes of it and
//! why, and [`action`] turns that into the kernel's word for it.
//!
//! What it must do is laid down in `netverdict-abi`, in the documentation of
//! [`Reason`].
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod bytes;
mod faults;
mod identity;
mod ipv4;
mod ipv6;
mod maps;
mod parse;
mod report;
mod source;
mod stages;

use aya_ebpf::bindings::xdp_action::{XDP_ABORTED, XDP_DROP, XDP_PASS};
use aya_ebpf::macros::xdp;
use aya_ebpf::programs::XdpContext;
use netverdict_abi::{Mode, Reason, Verdict};

use crate::bytes::{Bytes, Frame, Linear, Paged};

/// What was decided about a frame, and by which rule (0 for none).
#[derive(Clone, Copy)]
struct Judgement {
    reason: Reason,
    rule: u32,
}

impl From<Reason> for Judgement {
    #[inline(always)]
    fn from(reason: Reason) -> Judgement {
        Judgement { reason, rule: 0 }
    }
}

/// The entry point.
#[xdp(frags)]
pub fn netverdict(ctx: XdpContext) -> u32 {
    let frame = Frame::new(&ctx);
    // Read once, and volatile, so that the compiler keeps to it: whatever user
    // space does meanwhile, one run sees one policy.
    let generation = maps::GENERATION
        .get_ptr(0)
        // SAFETY: the entry is a whole, aligned word, and there for good.
        .map(|generation| unsafe { generation.read_volatile() });
    let mode = generation.and_then(|generation| maps::MODES.get(generation).copied());
    let (Some(generation), Some(mode)) = (generation, mode) else {
        return finish(&frame, 0, Mode::EVENT_ON_DROP, Reason::Impossible.into());
    };
    let judgement = decide(&frame, generation, mode);
    finish(&frame, generation, mode, judgement)
}

#[inline(always)]
fn decide(frame: &Frame<'_>, generation: u32, mode: u32) -> Judgement {
    if mode & Mode::PASS_ALL != 0 {
        return Reason::PassAll.into();
    }
    let (Ok(judgement) | Err(judgement)) = if frame.is_linear() {
        judge(&Linear::new(frame), generation)
    } else {
        judge(&Paged::new(frame), generation)
    };
    if faults::PASSES_EVERYTHING && judgement.reason.verdict() == Verdict::Drop {
        return Reason::UnprotectedPort.into();
    }
    judgement
}

/// A frame whose shape decides leaves early, with an `Err`. The families part
/// ways here and do not meet again: one tail for both would carry values that
/// one of them leaves undefined, which the verifier refuses to see copied.
#[inline(always)]
fn judge(bytes: &impl Bytes, generation: u32) -> Result<Judgement, Judgement> {
    match parse::behind_tags(bytes)? {
        (ETHERTYPE_IPV4, offset) => {
            let flow = parse::flow(bytes, ipv4::transport(bytes, offset)?)?;
            Ok(stages::judge(generation, flow))
        }
        (ETHERTYPE_IPV6, offset) => {
            let flow = parse::flow(bytes, ipv6::transport(bytes, offset)?)?;
            Ok(stages::judge(generation, flow))
        }
        _ => Err(Reason::NotIp.into()),
    }
}

#[inline(always)]
fn finish(frame: &Frame<'_>, generation: u32, mode: u32, judgement: Judgement) -> u32 {
    report::count(judgement.reason);
    report::event(frame, generation, mode, judgement);
    action(judgement.reason.verdict())
}

/// The one place where a verdict becomes an XDP action.
#[inline(always)]
fn action(verdict: Verdict) -> u32 {
    match verdict {
        Verdict::Pass => XDP_PASS,
        Verdict::Drop if faults::DROP_NOT_ENFORCED => XDP_PASS,
        Verdict::Drop => XDP_DROP,
        Verdict::Abort => XDP_ABORTED,
    }
}

// IEEE Std 802, registered ethertypes.
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;

/// Nothing in here panics; a panic that the compiler could not rule out would be
/// an endless loop, which the verifier refuses to load.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The helpers used here are open to any licence; the kernel still wants to know.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
