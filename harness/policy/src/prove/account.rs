//! Whether every entry of an image was looked up for some question.

use std::collections::BTreeSet;

use netverdict_abi::Identity;

use super::group::{Asked, Group};
use crate::image::{IdentityId, L4Prefix, MapImage, PolicyEntry};
use crate::meaning::{ImageReading, L4, looked_up};
use crate::port::ProtoPort;
use crate::prefix::Family;

/// An entry of an image that no question leads to: whatever it says, nobody hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unread {
    /// A prefilter with all its sources.
    Prefilter(ProtoPort),
    /// All of a guard: no endpoint names it.
    Guard(u32),
    /// An entry of a guard: no packet has such a key, or nobody this identity.
    Entry {
        /// Index into [`MapImage::guards`].
        guard: u32,
        /// Its key.
        entry: PolicyEntry,
    },
}

/// What the questions of the groups do not lead to, in order. Endpoints and backends
/// are compared one by one elsewhere; the list for every port is read at every question
/// of the uplink, and identities, which say nothing by themselves, at every question of
/// a workload that has a guard.
pub(super) fn unread(
    image: &MapImage,
    reading: &ImageReading<'_>,
    groups: &[Group],
) -> Vec<Unread> {
    let mut unread = Vec::new();
    let at_uplink: BTreeSet<L4> = (groups.iter())
        .filter(|group| group.asked == Asked::Uplink)
        .flat_map(|group| group.classes.iter().map(|class| class.first))
        .collect();
    let prefilters = image.prefilters.keys().copied();
    unread.extend(
        prefilters
            .filter(|port| !at_uplink.contains(&L4::Ports(*port)))
            .map(Unread::Prefilter),
    );

    // Which prefixes of protocol and port each guard is asked for. A guard may be that
    // of a workload with one family, and have entries about both: whether such a packet
    // can be sent there is not for the guard to know.
    let mut asked: Vec<Option<BTreeSet<L4Prefix>>> = vec![None; image.guards.len()];
    for group in groups {
        let Asked::Workloads { direction, members } = &group.asked else {
            continue;
        };
        let guards: BTreeSet<u32> = (Family::ALL.into_iter())
            .filter_map(|family| reading.guard(members[0], *direction, family).flatten())
            .collect();
        for guard in guards {
            let Some(asked) = asked.get_mut(guard as usize) else {
                continue;
            };
            let asked = asked.get_or_insert_default();
            for class in &group.classes {
                let keys = Family::ALL.map(|family| looked_up(class.first, family));
                asked.extend(keys.into_iter().flatten());
            }
        }
    }
    // Those of the proposed policy are asked for when that is compared.
    let elsewhere: BTreeSet<u32> = (image.endpoints.values())
        .flat_map(|endpoint| [endpoint.proposed_egress, endpoint.proposed_ingress])
        .flatten()
        .collect();
    let mut somebody: BTreeSet<IdentityId> = image.identities.values().copied().collect();
    somebody.extend([Identity::WORLD_V4, Identity::WORLD_V6].map(IdentityId));
    for ((number, guard), asked) in (0..).zip(&image.guards).zip(&asked) {
        let Some(asked) = asked else {
            if !elsewhere.contains(&number) {
                unread.push(Unread::Guard(number));
            }
            continue;
        };
        let lost = guard.entries.keys().filter(|entry| {
            let is_somebody = entry.identity.is_none_or(|who| somebody.contains(&who));
            !(is_somebody && asked.contains(&entry.l4))
        });
        unread.extend(lost.map(|entry| Unread::Entry {
            guard: number,
            entry: *entry,
        }));
    }
    unread
}
