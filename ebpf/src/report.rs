//! Telling user space: a count always, an event where the mode asks for it.

use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use netverdict_abi::{Event, Mode, Reason, Verdict};

use crate::bytes::{Bytes, Frame, Linear};
use crate::{Judgement, maps};

#[inline(always)]
pub(crate) fn count(reason: Reason) {
    if let Some(counter) = maps::COUNTERS.get_ptr_mut(reason as u32) {
        // SAFETY: the slot is this CPU's, and an XDP program is not interrupted
        // by itself.
        unsafe { *counter += 1 };
    }
}

#[inline(always)]
pub(crate) fn event(frame: &Frame<'_>, generation: u32, mode: u32, judgement: Judgement) {
    let wanted = match judgement.reason.verdict() {
        Verdict::Pass => Mode::EVENT_ON_PASS,
        Verdict::Drop | Verdict::Abort => Mode::EVENT_ON_DROP,
    };
    if mode & wanted == 0 {
        return;
    }
    let Some(mut entry) = maps::EVENTS.reserve_untyped::<Event>(0) else {
        lost();
        return;
    };
    entry.write(Event {
        // The first bytes of a frame are never in a further page.
        source_mac: Linear::new(frame).read(6).unwrap_or_default(),
        reason: judgement.reason as u8,
        generation: generation as u8,
        rule: judgement.rule,
        frame_length: frame.length as u32,
        ifindex: frame.ctx.ingress_ifindex() as u32,
        rx_queue: frame.ctx.rx_queue_index(),
    });
    // The reader looks at the mapped memory when it wants to: nobody sleeps on
    // the buffer, and waking nobody costs an interrupt.
    entry.submit(BPF_RB_NO_WAKEUP.into());
}

#[inline(always)]
fn lost() {
    if let Some(counter) = maps::LOST_EVENTS.get_ptr_mut(0) {
        // SAFETY: as in `count`.
        unsafe { *counter += 1 };
    }
}
