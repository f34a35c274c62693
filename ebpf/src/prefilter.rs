//! The prefilter, at the uplink: steps 4 and 7 of [`Reason`], and what it lets
//! bypass the policy.

use netverdict_abi::{
    EVERY_PORT, Flow, FlowKey, Mode, Prefilter, PrefilterKey, Reason, Verdicted, numbered,
};

use crate::address::in_prefilter;
use crate::packet::Packet;
use crate::{Judgement, Run, faults, maps};

/// The deny list for every port.
#[inline(always)]
pub(crate) fn deny_list(run: &Run, packet: &Packet) -> Result<(), Judgement> {
    if !run.is(Mode::DENY_LIST) || faults::DENY_LIST_IGNORED {
        return Ok(());
    }
    let set = numbered(run.generation, EVERY_PORT);
    match in_prefilter(set, packet.family, &packet.source) {
        None => Ok(()),
        Some(entry) if entry.action == Verdicted::DENY => Err(Judgement {
            reason: Reason::PrefilterDeny,
            rule: entry.rule,
        }),
        Some(entry) if entry.action == Verdicted::NO_MATCH => Ok(()),
        Some(_) => Err(Reason::Impossible.into()),
    }
}

/// The prefilter of the port.
#[inline(always)]
pub(crate) fn judge(run: &Run, packet: &Packet) -> Judgement {
    if !packet.has_ports() {
        return Reason::OtherProtocol.into();
    }
    let key = PrefilterKey {
        port_be: packet.destination_port_be,
        protocol: packet.protocol,
        generation: run.generation as u8,
    };
    // SAFETY: entries of the generation in force do not change while it is.
    let Some(prefilter) = (unsafe { maps::PREFILTERS.get(key) }).copied() else {
        return Reason::NoPrefilter.into();
    };
    let bypasses = prefilter.flags & Prefilter::BYPASSES_POLICY != 0 && !faults::BYPASS_IGNORED;
    let default_passes =
        (prefilter.flags & Prefilter::DEFAULT_PASS != 0) != faults::DEFAULT_FLIPPED;
    let entry = in_prefilter(prefilter.id, packet.family, &packet.source).unwrap_or(Verdicted {
        action: Verdicted::NO_MATCH,
        l4_bits: 0,
        rule: 0,
    });
    let (reason, rule) = match faulty(entry.action) {
        Verdicted::DENY => (Reason::PrefilterDeny, entry.rule),
        Verdicted::ALLOW if bypasses => (Reason::PrefilterAllowBypass, entry.rule),
        Verdicted::ALLOW => (Reason::PrefilterAllow, entry.rule),
        Verdicted::NO_MATCH if !default_passes => {
            (Reason::PrefilterDefaultDrop, prefilter.default_rule)
        }
        Verdicted::NO_MATCH if bypasses => (Reason::PrefilterDefaultBypass, prefilter.default_rule),
        Verdicted::NO_MATCH => (Reason::PrefilterDefaultPass, prefilter.default_rule),
        _ => (Reason::Impossible, 0),
    };
    if matches!(
        reason,
        Reason::PrefilterAllowBypass | Reason::PrefilterDefaultBypass
    ) && !faults::BYPASS_NOT_REMEMBERED
    {
        remember(
            run,
            packet,
            Flow {
                prefilter: prefilter.id,
                rule,
            },
        );
    }
    Judgement { reason, rule }
}

#[inline(always)]
fn remember(run: &Run, packet: &Packet, flow: Flow) {
    let key = key(run, packet);
    // SAFETY: entries are written whole; one that is being replaced is replaced
    // again.
    let known = unsafe { maps::FLOWS.get(key) }.copied();
    if known.is_some_and(|known| known.prefilter == flow.prefilter && known.rule == flow.rule) {
        return;
    }
    // A full map makes room by forgetting; what is forgotten meets the policy.
    let _ = maps::FLOWS.insert(key, flow, 0);
}

/// Who let the packet's flow bypass the policy, if anybody did.
#[inline(always)]
pub(crate) fn flow(run: &Run, packet: &Packet) -> Option<Flow> {
    // SAFETY: as in `remember`.
    unsafe { maps::FLOWS.get(key(run, packet)) }.copied()
}

#[inline(always)]
fn key(run: &Run, packet: &Packet) -> FlowKey {
    FlowKey {
        client: packet.source.bytes,
        epoch: run.flows,
        client_port_be: packet.source_port_be,
        protocol: packet.protocol,
        family: packet.family.0,
    }
}

/// The action itself, unless a fault is built in.
#[inline(always)]
fn faulty(action: u16) -> u16 {
    match action {
        Verdicted::NO_MATCH if faults::EXCEPT_IGNORED => Verdicted::ALLOW,
        Verdicted::ALLOW if faults::DENY_ALLOW_SWAPPED => Verdicted::DENY,
        Verdicted::DENY if faults::DENY_ALLOW_SWAPPED => Verdicted::ALLOW,
        _ => action,
    }
}
