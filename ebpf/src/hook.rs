//! What is done at one hook and not at another.

use netverdict_abi::{Hook, Reason};

use crate::packet::Packet;
use crate::{Judgement, Run, faults, prefilter, workload};

/// A hook, as a type.
pub(crate) trait AtHook {
    const HOOK: Hook;

    /// What a fault says that passes a frame it should drop.
    const HARMLESS: Reason;

    /// What can be decided before anything behind the IP header is read: step 4.
    fn before_transport(run: &Run, packet: &Packet) -> Result<(), Judgement>;

    /// Steps 7 and following. Notes in the packet by what guard else it is to be
    /// judged.
    fn judge(run: &Run, packet: &mut Packet) -> Judgement;
}

/// [`Hook::Uplink`].
pub(crate) struct AtUplink;

impl AtHook for AtUplink {
    const HOOK: Hook = Hook::Uplink;
    const HARMLESS: Reason = Reason::NoPrefilter;

    #[inline(always)]
    fn before_transport(run: &Run, packet: &Packet) -> Result<(), Judgement> {
        prefilter::deny_list(run, packet)
    }

    #[inline(always)]
    fn judge(run: &Run, packet: &mut Packet) -> Judgement {
        prefilter::judge(run, packet)
    }
}

/// [`Hook::Egress`].
pub(crate) struct AtEgress;

impl AtHook for AtEgress {
    const HOOK: Hook = Hook::Egress;
    const HARMLESS: Reason = Reason::PolicyNotSelected;

    #[inline(always)]
    fn before_transport(_run: &Run, _packet: &Packet) -> Result<(), Judgement> {
        Ok(())
    }

    #[inline(always)]
    fn judge(run: &Run, packet: &mut Packet) -> Judgement {
        if faults::EGRESS_NOT_JUDGED {
            return Self::HARMLESS.into();
        }
        workload::judge::<Self>(run, packet)
    }
}

/// [`Hook::Ingress`].
pub(crate) struct AtIngress;

impl AtHook for AtIngress {
    const HOOK: Hook = Hook::Ingress;
    const HARMLESS: Reason = Reason::PolicyNotSelected;

    #[inline(always)]
    fn before_transport(_run: &Run, _packet: &Packet) -> Result<(), Judgement> {
        Ok(())
    }

    #[inline(always)]
    fn judge(run: &Run, packet: &mut Packet) -> Judgement {
        if faults::INGRESS_NOT_JUDGED {
            return Self::HARMLESS.into();
        }
        workload::judge::<Self>(run, packet)
    }
}
