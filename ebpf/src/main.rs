//! The XDP programs, one for each [`Hook`]: a frame comes in, [`judge`] says what
//! becomes of it and why, and [`action`] turns that into the kernel's word for it.
//!
//! What they must do is laid down in `netverdict-abi`, in the documentation of
//! [`Reason`]. The hook is a type parameter, so that each program holds only what
//! its own hook needs.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod address;
mod bytes;
mod connection;
mod faults;
mod fragment;
mod hook;
mod icmp;
mod identity;
mod ipv4;
mod ipv6;
mod maps;
mod packet;
mod parts;
mod policy;
mod prefilter;
mod report;
mod tags;
mod workload;

use aya_ebpf::bindings::xdp_action::{XDP_ABORTED, XDP_DROP, XDP_PASS};
use aya_ebpf::macros::xdp;
use aya_ebpf::programs::XdpContext;
use netverdict_abi::{Event, Mode, Reason, Verdict};

use crate::bytes::Frame;
use crate::hook::{AtEgress, AtHook, AtIngress, AtUplink};
use crate::packet::Packet;

/// What was decided about a frame, and by which rule (0 for none).
#[derive(Clone, Copy)]
struct Judgement {
    reason: Reason,
    rule: u32,
}

/// What the proposed policy says. An `Option` would leave fields undefined where
/// nothing is proposed, which the verifier refuses to see copied.
#[derive(Clone, Copy)]
struct Proposal {
    /// As in [`Event::proposed`].
    code: u8,
    rule: u32,
}

impl Proposal {
    const NONE: Proposal = Proposal {
        code: Event::NOT_PROPOSED,
        rule: 0,
    };
}

impl From<Reason> for Judgement {
    #[inline(always)]
    fn from(reason: Reason) -> Judgement {
        Judgement { reason, rule: 0 }
    }
}

/// What holds during one run of a program.
#[derive(Clone, Copy)]
#[repr(C)]
struct Run {
    generation: u32,
    /// Bits of [`Mode`].
    mode: u32,
    epoch: u32,
    flows: u32,
    /// Index of the interface that the frame came in by.
    link: u32,
}

impl Run {
    #[inline(always)]
    fn is(&self, mode: u32) -> bool {
        self.mode & mode != 0
    }
}

/// Where frames from outside enter the node.
#[xdp(frags)]
pub fn netverdict_uplink(ctx: XdpContext) -> u32 {
    run::<AtUplink>(&ctx)
}

/// Where a workload's frames enter the node.
#[xdp(frags)]
pub fn netverdict_egress(ctx: XdpContext) -> u32 {
    run::<AtEgress>(&ctx)
}

/// Where frames enter a workload.
#[xdp(frags)]
pub fn netverdict_ingress(ctx: XdpContext) -> u32 {
    run::<AtIngress>(&ctx)
}

#[inline(always)]
fn run<H: AtHook>(ctx: &XdpContext) -> u32 {
    let frame = Frame::new(ctx);
    let mut run = Run {
        generation: 0,
        mode: Mode::EVENT_ON_DROP,
        epoch: 0,
        flows: 0,
        link: ctx.ingress_ifindex() as u32,
    };
    let generation = generation_in_force();
    let settings = generation.and_then(|generation| maps::SETTINGS.get(generation).copied());
    let (Some(generation), Some(settings)) = (generation, settings) else {
        return finish::<H>(&frame, &run, Reason::Impossible.into(), Proposal::NONE);
    };
    run.generation = generation;
    run.mode = settings.mode;
    if !faults::EPOCH_IGNORED {
        run.epoch = settings.epoch;
        run.flows = settings.flows;
    }
    let mut packet = Packet::UNREAD;
    let judgement = decide::<H>(&frame, &run, &mut packet);
    let proposal = parts::propose::<H>(&run, &packet);
    if faults::DRY_RUN_ENFORCED && proposal.code != Event::NOT_PROPOSED {
        let enforced = Judgement {
            reason: Reason::from_code(proposal.code).unwrap_or(Reason::Impossible),
            rule: proposal.rule,
        };
        return finish::<H>(&frame, &run, enforced, proposal);
    }
    finish::<H>(&frame, &run, judgement, proposal)
}

/// The generation that this run goes by. Called once, and volatile, so that the
/// compiler keeps to it: whatever user space does meanwhile, one run sees one
/// policy.
#[inline(always)]
fn generation_in_force() -> Option<u32> {
    let generation = maps::GENERATION.get_ptr(0)?;
    // SAFETY: the entry is a whole, aligned word, and there for good.
    Some(unsafe { generation.read_volatile() })
}

#[inline(always)]
fn decide<H: AtHook>(frame: &Frame<'_>, run: &Run, packet: &mut Packet) -> Judgement {
    if run.is(Mode::PASS_ALL) && !faults::PASS_ALL_IGNORED {
        return Reason::PassAll.into();
    }
    let (Ok(judgement) | Err(judgement)) = judge::<H>(frame, run, packet);
    if faults::PASSES_EVERYTHING && judgement.reason.verdict() == Verdict::Drop {
        return H::HARMLESS.into();
    }
    judgement
}

/// The steps of [`Reason`]. A frame whose shape decides leaves early, with an
/// `Err`.
#[inline(always)]
fn judge<H: AtHook>(
    frame: &Frame<'_>,
    run: &Run,
    packet: &mut Packet,
) -> Result<Judgement, Judgement> {
    parts::read_header(frame, packet)?;
    H::before_transport(run, packet)?;
    parts::read_upper(frame, packet)?;
    Ok(parts::judge::<H>(run, packet))
}

#[inline(always)]
fn finish<H: AtHook>(
    frame: &Frame<'_>,
    run: &Run,
    judgement: Judgement,
    proposal: Proposal,
) -> u32 {
    report::count(H::HOOK, judgement.reason);
    if proposal.code != Event::NOT_PROPOSED {
        report::count_proposed(H::HOOK, proposal.code);
    }
    report::event(frame, H::HOOK, run, judgement, proposal);
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
