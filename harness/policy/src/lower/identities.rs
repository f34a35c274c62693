//! Identities: addresses are told apart as far as rules tell them apart.

use std::collections::{BTreeMap, BTreeSet};

use netverdict_abi::Identity;

use super::groups::Groups;
use super::partition::Partition;
use super::peers::Who;
use super::places::{Home, Places};
use super::set::Set;
use crate::image::IdentityId;
use crate::model::{L4Port, L4Protocol, Policy};
use crate::port::Protocol;
use crate::prefix::{Family, Prefix};

use super::ports::protocols;

/// More pairs of a peer and a place that it means than were allowed.
pub(super) struct TooManyPairs;

/// Who is who.
pub(super) struct Identities {
    /// What is longer than nothing: addresses that none of these holds are
    /// [`Identity::WORLD_V4`] or [`Identity::WORLD_V6`].
    pub(super) prefixes: BTreeMap<Prefix, IdentityId>,
    /// Identities that each peer means, by its number.
    of_peer: Vec<Set>,
    /// Those of the node.
    node: Set,
    /// Those of workloads, and an index of a workload that has it.
    workloads: BTreeMap<u32, usize>,
}

/// Name and protocol of ports.
pub(super) type PortNames<'a> = BTreeSet<(&'a str, Protocol)>;

/// Adds the names that an entry of ports uses.
pub(super) fn add_names<'a>(names: &mut PortNames<'a>, protocol: L4Protocol, port: &'a L4Port) {
    if let L4Port::Named(name) = port {
        let with_ports = protocols(protocol).iter().filter_map(|(_, known)| *known);
        names.extend(with_ports.map(|known| (name.as_str(), known)));
    }
}

impl Identities {
    /// The identities that `peers` and `names`, ports of receivers, need; at most so many
    /// pairs of a peer and a place that it means.
    pub(super) fn new(
        policy: &Policy,
        groups: &Groups<'_>,
        selected: &[Set],
        peers: &[Who<'_>],
        names: &PortNames<'_>,
        max_pairs: usize,
    ) -> Result<Identities, TooManyPairs> {
        let places = Places::new(policy, groups, peers);
        let all = places.all();
        let mut partition = Partition::whole(all.len());
        // Kinds are kept apart even where no rule does it: that is what numbers
        // mean.
        for is_kind in [
            |home, _| matches!(home, Home::Workload(_)),
            |home, _| home == Home::Node,
            |home, _| matches!(home, Home::Known(_)),
            |home, family| home == Home::World && family == Family::V4,
        ] as [fn(Home, Family) -> bool; 4]
        {
            let of_kind = (all.iter().zip(0..))
                .filter(|(place, _)| is_kind(place.home, place.prefix.family()))
                .map(|(_, number)| number);
            partition.split(of_kind);
        }
        for these in with_same_port(policy, &places, names).values() {
            partition.split(these.iter().copied());
        }
        let mut pairs = 0;
        for (who, groups) in peers.iter().zip(selected) {
            let meant = places.meant_by(*who, groups);
            pairs += meant.len();
            if pairs > max_pairs {
                return Err(TooManyPairs);
            }
            partition.split(meant.iter().copied());
        }
        let (classes, count) = partition.into_classes();
        let numbers = numbers(&places, &classes, count);
        let identity = |place: u32| numbers[classes[place as usize] as usize];

        let mut workloads = BTreeMap::new();
        let mut node = BTreeSet::new();
        for (place, number) in all.iter().zip(0..) {
            match place.home {
                Home::Workload(index) => {
                    workloads.entry(identity(number)).or_insert(index);
                }
                Home::Node => {
                    node.insert(identity(number));
                }
                Home::Known(_) | Home::World => {}
            }
        }
        let of_peer = peers.iter().zip(selected).map(|(who, groups)| {
            let meant = places.meant_by(*who, groups);
            let mut identities: Vec<u32> = meant.into_iter().map(identity).collect();
            identities.sort_unstable();
            identities.into_iter().collect()
        });
        Ok(Identities {
            of_peer: of_peer.collect(),
            prefixes: prefixes(&places, identity),
            node: node.into_iter().collect(),
            workloads,
        })
    }

    /// Those that a peer means.
    pub(super) fn of_peer(&self, number: u32) -> &Set {
        &self.of_peer[number as usize]
    }

    /// Those of the node.
    pub(super) fn of_node(&self) -> &Set {
        &self.node
    }

    /// Those of workloads, each with the index of one that has it.
    pub(super) fn of_workloads(&self) -> &BTreeMap<u32, usize> {
        &self.workloads
    }
}

/// Places of workloads whose ports of a name are one port.
fn with_same_port<'a>(
    policy: &'a Policy,
    places: &Places<'_>,
    names: &PortNames<'a>,
) -> BTreeMap<(&'a str, Protocol, u16), Vec<u32>> {
    let mut with_same: BTreeMap<_, Vec<u32>> = BTreeMap::new();
    if names.is_empty() {
        return with_same;
    }
    for (place, number) in places.all().iter().zip(0..) {
        let Home::Workload(index) = place.home else {
            continue;
        };
        let workload = &policy.workloads[index];
        for named in &workload.named_ports {
            let protocol = named.port.protocol;
            let used = names.get(&(named.name.as_str(), protocol));
            // Of two ports of one name the first counts.
            if let Some((name, _)) = used
                && workload.named_port(name, protocol) == Some(named.port.port)
            {
                let these = with_same.entry((*name, protocol, named.port.port));
                let these = these.or_default();
                if these.last() != Some(&number) {
                    these.push(number);
                }
            }
        }
    }
    with_same
}

/// The identity of each class.
fn numbers(places: &Places<'_>, classes: &[u32], count: u32) -> Vec<u32> {
    let mut numbers = vec![0; count as usize];
    let mut met = BTreeSet::new();
    for (place, prefix) in places.of_world() {
        // What no longer prefix holds.
        if met.insert(prefix.family()) {
            numbers[classes[place as usize] as usize] = match prefix.family() {
                Family::V4 => Identity::WORLD_V4,
                Family::V6 => Identity::WORLD_V6,
            };
        }
    }
    let unnumbered = numbers.iter_mut().filter(|number| **number == 0);
    for (number, free) in unnumbered.zip(Identity::FIRST_FREE..) {
        *number = free;
    }
    numbers
}

/// The identity of each prefix, without those that say what is said around them.
fn prefixes(places: &Places<'_>, identity: impl Fn(u32) -> u32) -> BTreeMap<Prefix, IdentityId> {
    let mut prefixes: BTreeMap<Prefix, IdentityId> = (places.all().iter().zip(0..))
        .filter(|(place, _)| place.home != Home::World)
        .map(|(place, number)| (place.prefix, IdentityId(identity(number))))
        .collect();
    let mut around: Vec<(Prefix, u32)> = Vec::new();
    for (place, prefix) in places.of_world() {
        let identity = identity(place);
        while around.pop_if(|(outer, _)| !outer.covers(prefix)).is_some() {}
        match around.last() {
            // The whole family.
            None => around.push((prefix, identity)),
            Some((_, same)) if *same == identity => {}
            Some(_) => {
                prefixes.insert(prefix, IdentityId(identity));
                around.push((prefix, identity));
            }
        }
    }
    prefixes
}
