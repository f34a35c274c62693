//! Telling user space: a count always, an event where the mode asks for it.

use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use netverdict_abi::{Event, Hook, Mode, REASON_COUNT, Reason, Verdict};

use crate::bytes::{Bytes, Frame, Linear, Paged};
use crate::{Judgement, Proposal, Run, maps};

#[inline(always)]
pub(crate) fn count(hook: Hook, reason: Reason) {
    if let Some(counter) = maps::COUNTERS.get_ptr_mut(index(hook, reason as u8)) {
        // SAFETY: the slot is this CPU's, and an XDP program is not interrupted
        // by itself.
        unsafe { *counter += 1 };
    }
}

/// `code` is a [`Reason`]'s.
#[inline(always)]
pub(crate) fn count_proposed(hook: Hook, code: u8) {
    if let Some(counter) = maps::PROPOSED.get_ptr_mut(index(hook, code)) {
        // SAFETY: as in `count`.
        unsafe { *counter += 1 };
    }
}

#[inline(always)]
fn index(hook: Hook, code: u8) -> u32 {
    hook as u32 * REASON_COUNT as u32 + u32::from(code)
}

#[inline(always)]
pub(crate) fn event(
    frame: &Frame<'_>,
    hook: Hook,
    run: &Run,
    judgement: Judgement,
    proposal: Proposal,
) {
    let wanted = match judgement.reason.verdict() {
        Verdict::Pass => Mode::EVENT_ON_PASS,
        Verdict::Drop | Verdict::Abort => Mode::EVENT_ON_DROP,
    };
    if !run.is(wanted) {
        return;
    }
    let tail = tail(frame);
    let Some(mut entry) = maps::EVENTS.reserve_untyped::<Event>(0) else {
        lost();
        return;
    };
    entry.write(Event {
        // The first bytes of a frame are never in a further page.
        source_mac: Linear::new(frame).read(6).unwrap_or_default(),
        reason: judgement.reason as u8,
        generation: run.generation as u8,
        tail,
        hook: hook as u8,
        proposed: proposal.code,
        zero: [0; 2],
        rule: judgement.rule,
        proposed_rule: proposal.rule,
        frame_length: frame.length as u32,
        ifindex: run.link,
        rx_queue: frame.ctx.rx_queue_index(),
    });
    // The reader looks at the mapped memory when it wants to: nobody sleeps on
    // the buffer, and waking nobody costs an interrupt.
    entry.submit(BPF_RB_NO_WAKEUP.into());
}

/// The last bytes of the frame, through the helper: the verifier does not let a
/// program count back from the end of a frame.
#[inline(always)]
fn tail(frame: &Frame<'_>) -> [u8; TAIL] {
    match frame.length.checked_sub(TAIL) {
        Some(offset) => Paged::new(frame).read(offset).unwrap_or_default(),
        None => [0; TAIL],
    }
}

const TAIL: usize = 8;

#[inline(always)]
fn lost() {
    if let Some(counter) = maps::LOST_EVENTS.get_ptr_mut(0) {
        // SAFETY: as in `count`.
        unsafe { *counter += 1 };
    }
}
