//! The policy of one direction of a workload: step 12 of [`Reason`].

use aya_ebpf::btf_maps::lpm_trie::Key;
use netverdict_abi::{Guard, Identity, PolicyKey, Reason, Verdicted, numbered};

use crate::address::{self, Address};
use crate::packet::Packet;
use crate::{Judgement, Run, faults, generation_in_force, maps};

#[inline(always)]
pub(crate) fn judge(run: &Run, guard: &Guard, peer: &Address, packet: &Packet) -> Judgement {
    if guard.flags & Guard::SELECTED == 0 {
        return Reason::PolicyNotSelected.into();
    }
    let identity = address::identity(numbered(run.generation, 0), packet.family, peer);
    let guard_id = faulty(guard.id);
    let own = entry(guard_id, identity, packet);
    let any = match faults::IDENTITY_WILDCARD_IGNORED {
        true => ABSENT,
        false => entry(guard_id, Identity::ANY, packet),
    };
    if !is_in_order(own) || !is_in_order(any) {
        return Reason::Impossible.into();
    }
    let deny = longer(only(own, Verdicted::DENY), only(any, Verdicted::DENY));
    let allow = longer(only(own, Verdicted::ALLOW), only(any, Verdicted::ALLOW));
    let shadowed = faults::DENY_SHADOWED_BY_LONGER_PORT
        && allow.action == Verdicted::ALLOW
        && allow.l4_bits > deny.l4_bits;
    if deny.action == Verdicted::DENY && !shadowed {
        return Judgement {
            reason: match faults::DENY_ALLOW_SWAPPED {
                true => Reason::PolicyAllow,
                false => Reason::PolicyDeny,
            },
            rule: deny.rule,
        };
    }
    if allow.action == Verdicted::ALLOW {
        return Judgement {
            reason: match faults::DENY_ALLOW_SWAPPED {
                true => Reason::PolicyDeny,
                false => Reason::PolicyAllow,
            },
            rule: allow.rule,
        };
    }
    let reason = if guard.flags & Guard::DEFAULT_DENY == 0 {
        return Reason::PolicyNotSelected.into();
    } else if guard.flags & Guard::ALLOWS != 0 {
        Reason::PolicyNoMatch
    } else {
        Reason::PolicyDefaultDeny
    };
    Judgement {
        reason,
        rule: guard.default_rule,
    }
}

/// Stands for an entry that is not there. An `Option` would leave the entry's
/// fields undefined, which the verifier refuses to see copied.
const ABSENT: Verdicted = Verdicted {
    action: u16::MAX,
    l4_bits: 0,
    rule: 0,
};

/// The entry with the longest prefix of protocol and port.
#[inline(always)]
fn entry(guard: u32, identity: u32, packet: &Packet) -> Verdicted {
    let key = PolicyKey {
        guard,
        identity,
        protocol: packet.protocol,
        // Of a protocol without ports and types it is 0.
        port: packet.destination_port_be.to_ne_bytes(),
        zero: 0,
    };
    match maps::POLICY.get(&Key::new(PolicyKey::ALL_BITS, key)) {
        Some(entry) => *entry,
        None => ABSENT,
    }
}

#[inline(always)]
fn is_in_order(entry: Verdicted) -> bool {
    const ABSENT_ACTION: u16 = ABSENT.action;
    matches!(
        entry.action,
        Verdicted::ALLOW | Verdicted::DENY | ABSENT_ACTION
    )
}

#[inline(always)]
fn only(entry: Verdicted, action: u16) -> Verdicted {
    if entry.action == action {
        entry
    } else {
        ABSENT
    }
}

/// The entry with the longer prefix, or else that of the identity itself.
#[inline(always)]
fn longer(own: Verdicted, any: Verdicted) -> Verdicted {
    if own.action == ABSENT.action || any.action != ABSENT.action && any.l4_bits > own.l4_bits {
        any
    } else {
        own
    }
}

/// The guard itself, unless a fault is built in: then that of the generation that
/// is in force by now.
#[inline(always)]
fn faulty(guard: u32) -> u32 {
    const INDEX: u32 = 0x7fff_ffff;
    if !faults::GENERATION_READ_TWICE {
        return guard;
    }
    match generation_in_force() {
        Some(generation) => numbered(generation & 1, guard & INDEX),
        None => guard,
    }
}
