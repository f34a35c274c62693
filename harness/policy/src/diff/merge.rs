//! Puts together what is one change to whoever reads it.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use super::cause::Causes;
use super::passes::{Families, bit, place};
use super::rank::danger;
use super::strangers::{Strangers, closed};
use super::units::Unit;
use super::{Change, Effect, End, Mask, Pairs, Way, Witness, World};
use crate::address_set::Range;
use crate::meaning::{L4, L4Class};
use crate::mutate::killer::ordinary;
use crate::prefix::Family;
use crate::region::Region;

/// Ranges of addresses, spread over all that are treated differently, about which it
/// is asked what decides.
const ASKED: usize = 64;

/// Things that are alike, in the order in which the first of each sort came.
struct Groups<K, V> {
    places: HashMap<K, usize>,
    all: Vec<(K, Vec<V>)>,
}

impl<K: Clone + Eq + Hash, V> Groups<K, V> {
    fn of(things: impl Iterator<Item = (K, V)>) -> Vec<(K, Vec<V>)> {
        let mut groups = Groups {
            places: HashMap::new(),
            all: Vec::new(),
        };
        for (key, value) in things {
            let place = *groups.places.entry(key.clone()).or_insert_with(|| {
                groups.all.push((key, Vec::new()));
                groups.all.len() - 1
            });
            groups.all[place].1.push(value);
        }
        groups.all
    }
}

/// What units have in common that are of one way, but for their ports.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Kind {
    effect: Effect,
    masked: Option<Mask>,
    who: Region,
    families: Families,
    is_dual: bool,
}

/// Units of one way, with all their ports.
struct Run {
    way: Way,
    ports: Vec<L4Class>,
    kind: Kind,
    causes: Causes,
    witness: Witness,
}

pub(super) fn changes(
    worlds: &[Option<World<'_>>; 2],
    pairs: &Pairs,
    units: Vec<Unit>,
) -> Vec<Change> {
    let strangers = Strangers::new(worlds.iter().flatten().map(|world| world.policy));
    let runs = runs(worlds, pairs, units);
    // First everybody who may do the same to somebody, then everybody to whom those may
    // do it.
    let by_sender = Groups::of(runs.into_iter().map(|run| {
        let from = Some(run.way.from).filter(|from| !matches!(from, End::Member(_)));
        let way = (from, run.way.to, run.way.behind, run.way.policy_alone);
        let key = (way, run.ports.clone(), run.kind.clone(), run.causes.clone());
        (key, run)
    }));
    let by_receiver = Groups::of(by_sender.into_iter().map(|(key, runs)| {
        let ((_, to, _, policy_alone), ports, kind, causes) = key;
        let mut from: Vec<End> = runs.iter().map(|run| run.way.from).collect();
        from.sort_unstable();
        from.dedup();
        let to = Some(to).filter(|to| !matches!(to, End::Member(_)));
        ((from, to, policy_alone, ports, kind, causes), runs)
    }));
    let merged = by_receiver.into_iter().map(|(key, runs)| {
        let (from, _, _, ports, kind, causes) = key;
        let runs: Vec<Run> = runs.into_iter().flatten().collect();
        let mut to: Vec<End> = runs.iter().map(|run| run.way.to).collect();
        let mut behind: Vec<usize> = runs.iter().filter_map(|run| run.way.behind).collect();
        behind.sort_unstable();
        behind.dedup();
        to.sort_unstable();
        to.dedup();
        let meant = match (from[0], to[0]) {
            (End::Strangers, _) => Some(&strangers.senders),
            (_, End::Strangers) => Some(&strangers.receivers),
            _ => None,
        };
        Change {
            effect: kind.effect,
            masked: kind.masked,
            danger: danger(pairs, &from, &to, &kind.who),
            behind,
            ports,
            addresses: match meant {
                Some(meant) => closed(&kind.who, meant),
                None => kind.who,
            },
            family: match kind.families {
                1 if kind.is_dual => Some(Family::V4),
                2 if kind.is_dual => Some(Family::V6),
                _ => None,
            },
            causes,
            witness: runs[0].witness,
            from,
            to,
        }
    });
    merged.collect()
}

fn runs(worlds: &[Option<World<'_>>; 2], pairs: &Pairs, units: Vec<Unit>) -> Vec<Run> {
    let groups = Groups::of(units.into_iter().map(|unit| {
        let Unit {
            effect,
            masked,
            way,
            l4,
            who,
            families,
            is_dual,
        } = unit;
        let kind = Kind {
            effect,
            masked,
            who,
            families,
            is_dual,
        };
        ((way, kind), l4)
    }));
    let made = groups.into_iter().map(|((way, kind), ports)| {
        let ports = joined(ports);
        let peers = peers(worlds, &kind.who);
        let family = |peer: Option<&IpAddr>| match peer {
            Some(peer) => Family::of(*peer),
            None if kind.families & bit(Family::V4) != 0 => Family::V4,
            None => Family::V6,
        };
        let witness = |peer: Option<&IpAddr>| Witness {
            way,
            l4: shown(&ports),
            family: family(peer),
            peer: peer.copied(),
        };
        let mut causes = Causes::default();
        for peer in &peers {
            causes.add(worlds, pairs, &witness(Some(peer)));
        }
        if peers.is_empty() {
            causes.add(worlds, pairs, &witness(None));
        }
        causes.old.sort_unstable();
        causes.new.sort_unstable();
        Run {
            witness: witness(peers.first()),
            way,
            kind,
            causes,
            ports,
        }
    });
    made.collect()
}

/// Some of the addresses, spread over all of them, one that people know first.
fn peers(worlds: &[Option<World<'_>>; 2], who: &Region) -> Vec<IpAddr> {
    let hosts = worlds.iter().rev().flatten();
    let hosts = hosts.flat_map(|world| &world.topology.hosts);
    let addresses = hosts.flat_map(|host| host.addresses.iter().copied());
    let mut peers: Vec<IpAddr> = addresses.filter(|it| who.contains(*it)).collect();
    peers.extend(ordinary(who).into_iter().filter(|it| who.contains(*it)));
    peers.truncate(ASKED);
    let ranges: Vec<Range> = who.ranges().collect();
    let stride = ranges.len().div_ceil(ASKED).max(1);
    peers.extend(ranges.iter().step_by(stride).map(|range| range.first));
    peers.dedup();
    peers
}

/// Classes that follow each other as one.
fn joined(mut classes: Vec<L4Class>) -> Vec<L4Class> {
    classes.sort_by_key(|class| place(class.first));
    let mut joined: Vec<L4Class> = Vec::new();
    for class in classes {
        match joined.last_mut() {
            Some(before) if before.last.next() == Some(class.first) => before.last = class.last,
            Some(before) if place(before.last) >= place(class.last) => {}
            _ => joined.push(class),
        }
    }
    joined
}

/// One of the classes' packets to show: one to a port that somebody may listen at.
fn shown(classes: &[L4Class]) -> L4 {
    const FAMILIAR: [u16; 4] = [80, 443, 8080, 53];
    let class = classes[0];
    match (class.first, class.last) {
        (L4::Ports(first), L4::Ports(last)) if first != last => {
            let mut familiar = FAMILIAR.into_iter();
            let port = familiar.find(|port| (first.port..=last.port).contains(port));
            let port = port.unwrap_or(first.port.max(1));
            L4::Ports(crate::port::ProtoPort {
                port,
                protocol: first.protocol,
            })
        }
        (L4::Icmp { kind: first }, L4::Icmp { kind: last }) if (first..=last).contains(&8) => {
            L4::Icmp { kind: 8 }
        }
        (first, _) => first,
    }
}
