//! The hooks of a workload: steps 8 and following of [`Reason`].

use netverdict_abi::{BackendKey, Endpoint, Flow, Guard, Hook, Mode, Reason};

use crate::address::Address;
use crate::hook::AtHook;
use crate::packet::Packet;
use crate::{Judgement, Run, connection, faults, icmp, maps, policy, prefilter};

#[inline(always)]
pub(crate) fn judge<H: AtHook>(run: &Run, packet: &mut Packet) -> Judgement {
    let is_discovery =
        (packet.icmp()).is_some_and(|kind| icmp::is_neighbour_discovery(packet.family, kind));
    if is_discovery && packet.hop_limit == 255 {
        return Reason::NeighbourDiscovery.into();
    }
    let own = match H::HOOK {
        Hook::Egress => &packet.source,
        Hook::Uplink | Hook::Ingress => &packet.destination,
    };
    // SAFETY: entries of the generation in force do not change while it is.
    let endpoint = unsafe { maps::ENDPOINTS.get(own.endpoint_key(packet.family, run)) };
    let endpoint = match endpoint.copied() {
        Some(endpoint) if is_here::<H>(run, &endpoint) => endpoint,
        _ => {
            return match H::HOOK {
                Hook::Egress => Reason::ForeignSource,
                Hook::Uplink | Hook::Ingress => Reason::ForeignDestination,
            }
            .into();
        }
    };
    let judgement = match bypass::<H>(run, &endpoint, packet) {
        Some(flow) => Judgement {
            reason: Reason::Bypassed,
            rule: flow.rule,
        },
        None => {
            if run.is(Mode::TRACK)
                && let Some(reason) = connection::recognise(run, H::HOOK, packet)
            {
                return reason.into();
            }
            let guard = match H::HOOK {
                Hook::Egress => &endpoint.egress,
                Hook::Uplink | Hook::Ingress => &endpoint.ingress,
            };
            packet.proposed = proposed::<H>(&endpoint);
            policy::judge(run, guard, peer::<H>(packet), packet)
        }
    };
    if run.is(Mode::TRACK)
        && matches!(
            judgement.reason,
            Reason::Bypassed | Reason::PolicyAllow | Reason::PolicyNotSelected
        )
    {
        connection::remember(run, H::HOOK, packet);
    }
    judgement
}

/// What the proposed policy says: the last of step 12. Only of what the policy
/// decided about, of which [`judge`] notes the guard.
#[inline(always)]
pub(crate) fn propose<H: AtHook>(run: &Run, packet: &Packet) -> Judgement {
    policy::judge(run, &packet.proposed, peer::<H>(packet), packet)
}

/// Who is on the other side.
#[inline(always)]
fn peer<H: AtHook>(packet: &Packet) -> &Address {
    match H::HOOK {
        Hook::Egress => &packet.destination,
        Hook::Uplink | Hook::Ingress => &packet.source,
    }
}

#[inline(always)]
fn proposed<H: AtHook>(endpoint: &Endpoint) -> Guard {
    let sends = matches!(H::HOOK, Hook::Egress) != faults::DRY_RUN_OF_OTHER_DIRECTION;
    if faults::DRY_RUN_NOT_JUDGED {
        Guard::default()
    } else if sends {
        endpoint.proposed_egress
    } else {
        endpoint.proposed_ingress
    }
}

/// Whether the workload sends by the link that the frame came in by. What is sent
/// to it needs no such check: it is its own link that the program guards.
#[inline(always)]
fn is_here<H: AtHook>(run: &Run, endpoint: &Endpoint) -> bool {
    match H::HOOK {
        Hook::Egress => {
            endpoint.link == 0 || endpoint.link == run.link || faults::FOREIGN_SOURCE_PASSES
        }
        Hook::Uplink | Hook::Ingress => true,
    }
}

/// The flow that a prefilter let bypass this workload's policy: step 10.
#[inline(always)]
fn bypass<H: AtHook>(run: &Run, endpoint: &Endpoint, packet: &Packet) -> Option<Flow> {
    if !matches!(H::HOOK, Hook::Ingress) || !run.is(Mode::BYPASS) || !packet.has_ports() {
        return None;
    }
    let flow = prefilter::flow(run, packet)?;
    let key = BackendKey {
        prefilter: flow.prefilter,
        endpoint: endpoint.number,
        port_be: packet.destination_port_be,
        protocol: packet.protocol,
        zero: 0,
    };
    // SAFETY: the value is not looked at.
    let is_backend = unsafe { maps::BACKENDS.get(key) }.is_some();
    (is_backend || faults::BYPASS_AT_ANY_BACKEND).then_some(flow)
}
