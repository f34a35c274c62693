//! First fragments, remembered so that later ones share their fate.

use netverdict_abi::{Fragment, FragmentKey, Hook, Mode, Reason};

use crate::address::Family;
use crate::packet::Packet;
use crate::{Run, faults, maps};

/// Which part of a packet a frame holds.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    kind: u8,
    /// As [`FragmentKey::identification`]; 0 of a whole packet.
    identification: [u8; 4],
}

impl Place {
    pub(crate) const WHOLE: Place = Place {
        kind: WHOLE,
        identification: [0; 4],
    };

    /// Offset 0, and more to come.
    #[inline(always)]
    pub(crate) fn first(identification: [u8; 4]) -> Place {
        Place {
            kind: FIRST,
            identification,
        }
    }

    /// An offset other than 0.
    #[inline(always)]
    pub(crate) fn later(identification: [u8; 4]) -> Place {
        Place {
            kind: LATER,
            identification,
        }
    }

    #[inline(always)]
    pub(crate) fn is_first(&self) -> bool {
        self.kind == FIRST
    }

    #[inline(always)]
    pub(crate) fn is_later(&self) -> bool {
        self.kind == LATER
    }
}

const WHOLE: u8 = 0;
const FIRST: u8 = 1;
const LATER: u8 = 2;

/// Lets a first fragment be remembered and a later one say what its first did.
#[inline(always)]
pub(crate) fn join(run: &Run, hook: Hook, packet: &mut Packet) -> Result<(), Reason> {
    if packet.place.is_later() {
        let first = recall(run, hook, packet).ok_or(Reason::UntrackedFragment)?;
        packet.protocol = first.protocol;
        packet.source_port_be = first.source_port_be;
        packet.destination_port_be = first.destination_port_be;
    } else if packet.place.is_first() && run.is(Mode::TRACK) {
        let said = Fragment {
            source_port_be: packet.source_port_be,
            destination_port_be: packet.destination_port_be,
            protocol: packet.protocol,
            zero: [0; 3],
        };
        // A full map makes room by forgetting; what is forgotten is dropped.
        let _ = maps::FRAGMENTS.insert(key(run, hook, packet), said, 0);
    }
    Ok(())
}

#[inline(always)]
fn recall(run: &Run, hook: Hook, later: &Packet) -> Option<Fragment> {
    if !run.is(Mode::TRACK) {
        return None;
    }
    // SAFETY: entries are written whole, and read here at once.
    unsafe { maps::FRAGMENTS.get(key(run, hook, later)) }.copied()
}

#[inline(always)]
fn key(run: &Run, hook: Hook, packet: &Packet) -> FragmentKey {
    FragmentKey {
        source: packet.source.bytes,
        destination: packet.destination.bytes,
        epoch: run.epoch,
        identification: match faults::FRAGMENT_IDENTIFICATION_IGNORED {
            true => [0; 4],
            false => packet.place.identification,
        },
        // RFC 791 §2.3 has the protocol tell packets apart, RFC 8200 §4.5 has not.
        protocol: match packet.family {
            Family::V4 => packet.protocol,
            _ => 0,
        },
        family: packet.family.0,
        hook: hook as u8,
        zero: 0,
    }
}
