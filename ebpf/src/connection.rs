//! Connections, remembered by their first packet: steps 11 and 13 of [`Reason`].

use netverdict_abi::{ConnectionKey, Hook, Reason};

use crate::address::Family;
use crate::packet::{Endpoints, Packet, Role};
use crate::{Run, faults, icmp, maps};

/// Why the packet needs no policy: it belongs to a connection that was let begin.
#[inline(always)]
pub(crate) fn recognise(run: &Run, hook: Hook, packet: &Packet) -> Option<Reason> {
    match packet.icmp() {
        Some(kind) if icmp::is_error(packet.family, kind) => {
            is_related(run, hook, packet).then_some(Reason::Related)
        }
        _ => is_reply(run, hook, packet).then_some(Reason::Reply),
    }
}

#[inline(always)]
fn is_reply(run: &Run, hook: Hook, packet: &Packet) -> bool {
    let Some(first) = answered(packet) else {
        return false;
    };
    faults::REPLY_WITHOUT_CONNECTION && packet.acknowledges
        || is_known(run, other(hook), packet.family, &first)
}

/// Whether it is an error about a packet that the workload sent or received within
/// a connection, whoever began it.
#[inline(always)]
fn is_related(run: &Run, hook: Hook, packet: &Packet) -> bool {
    if faults::RELATED_WITHOUT_CONNECTION {
        return true;
    }
    let about = &packet.about;
    let is_for_its_sender = about.source.equals(&packet.destination);
    let is_by_its_receiver = match hook {
        Hook::Egress => about.destination.equals(&packet.source),
        // Any router on the way may have found fault with it.
        Hook::Uplink | Hook::Ingress => true,
    };
    is_for_its_sender
        && is_by_its_receiver
        && (about.role.can_be(Role::FORTH) && is_known(run, other(hook), packet.family, about)
            || about.role.can_be(Role::BACK)
                && is_known(run, hook, packet.family, &reversed(about)))
}

/// Remembers the packet as the first of a connection, if it may be one.
#[inline(always)]
pub(crate) fn remember(run: &Run, hook: Hook, packet: &Packet) {
    let destination_port_be = match packet.icmp() {
        Some(kind) if icmp::is_echo_request(packet.family, kind) => 0,
        Some(_) => return,
        None => packet.destination_port_be,
    };
    let first = Endpoints {
        source: packet.source,
        destination: packet.destination,
        source_port_be: packet.source_port_be,
        destination_port_be,
        protocol: packet.protocol,
        role: Role::FORTH,
    };
    let key = key(run, hook, packet.family, &first);
    // SAFETY: the value is not looked at.
    if unsafe { maps::CONNECTIONS.get(key) }.is_none() {
        // A full map makes room by forgetting; what is forgotten meets the policy.
        let _ = maps::CONNECTIONS.insert(key, 0, 0);
    }
}

/// The first packet of the connection that this one would be a reply in.
#[inline(always)]
fn answered(packet: &Packet) -> Option<Endpoints> {
    let (source_port_be, destination_port_be) = match packet.icmp() {
        Some(kind) if icmp::is_echo_reply(packet.family, kind) => (packet.source_port_be, 0),
        Some(_) => return None,
        None => (packet.destination_port_be, packet.source_port_be),
    };
    Some(Endpoints {
        source: packet.destination,
        destination: packet.source,
        source_port_be,
        destination_port_be,
        protocol: packet.protocol,
        role: Role::FORTH,
    })
}

#[inline(always)]
fn reversed(reply: &Endpoints) -> Endpoints {
    Endpoints {
        source: reply.destination,
        destination: reply.source,
        source_port_be: reply.destination_port_be,
        destination_port_be: reply.source_port_be,
        protocol: reply.protocol,
        role: Role::FORTH,
    }
}

/// Whether the hook let a connection begin whose first packet is `first`.
#[inline(always)]
fn is_known(run: &Run, hook: Hook, family: Family, first: &Endpoints) -> bool {
    let key = key(run, hook, family, first);
    // SAFETY: the value is not looked at.
    unsafe { maps::CONNECTIONS.get(key) }.is_some()
}

/// The other hook of the same workload.
#[inline(always)]
const fn other(hook: Hook) -> Hook {
    match hook {
        Hook::Ingress => Hook::Egress,
        Hook::Uplink | Hook::Egress => Hook::Ingress,
    }
}

/// Under which a connection stands whose first packet is `first`.
#[inline(always)]
fn key(run: &Run, hook: Hook, family: Family, first: &Endpoints) -> ConnectionKey {
    let (source_port_be, destination_port_be) = match faults::CONNECTION_EITHER_WAY {
        true => (0, 0),
        false => (first.source_port_be, first.destination_port_be),
    };
    ConnectionKey {
        source: first.source.bytes,
        destination: first.destination.bytes,
        epoch: run.epoch,
        source_port_be,
        destination_port_be,
        protocol: first.protocol,
        family: family.0,
        hook: match faults::CONNECTION_OF_ANY_HOOK {
            true => 0,
            false => hook as u8,
        },
        zero: 0,
    }
}
