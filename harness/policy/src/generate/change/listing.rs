//! The same addresses, listed otherwise.

use crate::generate::rules::in_sections;
use crate::model::{Cidr, ListedSource, Peer, PeerKind, Peers, Policy, Ports};
use crate::prefix::{Family, Prefix};

/// Everything whose order should not matter in another order; rules within their
/// section.
pub(super) fn reorder(policy: &mut Policy, seed: u64) {
    let mut dice = Dice(seed);
    dice.shuffle(&mut policy.deny_list);
    dice.shuffle(&mut policy.prefilters);
    for stage in &mut policy.prefilters {
        dice.shuffle(&mut stage.deny);
        dice.shuffle(&mut stage.allow);
    }
    dice.shuffle(&mut policy.node_ports);
    dice.shuffle(&mut policy.known_hosts);
    dice.shuffle(&mut policy.network_policies);
    dice.shuffle(&mut policy.dry_run);
    for rules in policy
        .network_policies
        .iter_mut()
        .chain(&mut policy.dry_run)
    {
        dice.shuffle(&mut rules.rules);
        in_sections(&mut rules.rules);
        for rule in &mut rules.rules {
            if let Peers::Listed(peers) = &mut rule.peers {
                dice.shuffle(peers);
                for peer in peers {
                    if let PeerKind::Cidr(cidr) = &mut peer.kind {
                        dice.shuffle(&mut cidr.except);
                    }
                }
            }
            if let Ports::Listed(ports) = &mut rule.ports {
                dice.shuffle(ports);
            }
        }
    }
}

/// SplitMix64, as [`crate::generate::Draw`] has it.
struct Dice(u64);

impl Dice {
    /// Fisher and Yates.
    fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            let among = end as u64 + 1;
            list.swap(end, usize::try_from(mixed % among).unwrap_or(0));
        }
    }
}

/// Both halves in place of a prefix.
pub(super) fn halve(policy: &mut Policy, which: Option<usize>) {
    let count = {
        let mut counted = Halving::of(usize::MAX);
        counted.all(&mut policy.clone());
        counted.seen
    };
    let which = match which {
        Some(number) if count > 0 => number % count,
        Some(_) => return,
        None => EVERY,
    };
    Halving::of(which).all(policy);
}

/// In place of a number: each of them.
const EVERY: usize = usize::MAX - 1;

/// Which prefix is halved, and how many there were that could be.
struct Halving {
    wanted: usize,
    seen: usize,
}

impl Halving {
    fn of(wanted: usize) -> Halving {
        Halving { wanted, seen: 0 }
    }

    fn all(&mut self, policy: &mut Policy) {
        self.sources(&mut policy.deny_list);
        for stage in &mut policy.prefilters {
            self.sources(&mut stage.deny);
            self.sources(&mut stage.allow);
        }
        let policies = policy
            .network_policies
            .iter_mut()
            .chain(&mut policy.dry_run);
        for rule in policies.flat_map(|policy| &mut policy.rules) {
            if let Peers::Listed(peers) = &mut rule.peers {
                *peers = peers.drain(..).flat_map(|peer| self.peer(peer)).collect();
            }
        }
    }

    /// The halves of a prefix, if it is to be halved.
    fn prefix(&mut self, prefix: Prefix) -> Option<[Prefix; 2]> {
        let halves = halves(prefix)?;
        let number = self.seen;
        self.seen += 1;
        (self.wanted == EVERY || self.wanted == number).then_some(halves)
    }

    fn sources(&mut self, list: &mut Vec<ListedSource>) {
        let halved = list.drain(..).flat_map(|listed| {
            let location = listed.location.clone();
            match self.prefix(listed.prefix) {
                None => vec![listed],
                Some(halves) => Vec::from(halves.map(|prefix| ListedSource {
                    prefix,
                    location: location.clone(),
                })),
            }
        });
        *list = halved.collect();
    }

    fn peer(&mut self, mut peer: Peer) -> Vec<Peer> {
        let PeerKind::Cidr(cidr) = &mut peer.kind else {
            return vec![peer];
        };
        let excepted = cidr
            .except
            .drain(..)
            .flat_map(|prefix| match self.prefix(prefix) {
                None => vec![prefix],
                Some(halves) => Vec::from(halves),
            });
        cidr.except = excepted.collect();
        let Some(halves) = self.prefix(cidr.prefix) else {
            return vec![peer];
        };
        let left = halves
            .into_iter()
            .filter(|half| !cidr.except.iter().any(|excepted| excepted.covers(*half)));
        let half = |half: Prefix| Peer {
            kind: PeerKind::Cidr(Cidr {
                prefix: half,
                except: inside(half, &cidr.except),
            }),
            location: peer.location.clone(),
        };
        let left: Vec<Peer> = left.map(half).collect();
        // A rule about nobody is another rule.
        match left.is_empty() {
            true => vec![peer],
            false => left,
        }
    }
}

fn halves(prefix: Prefix) -> Option<[Prefix; 2]> {
    let length = prefix.length() + 1;
    (length <= prefix.family().bits())
        .then(|| [prefix.first(), prefix.last()].map(|end| Prefix::containing(end, length)))
}

/// Of exceptions, those in a prefix.
fn inside(prefix: Prefix, except: &[Prefix]) -> Vec<Prefix> {
    let inside = except.iter().filter(|excepted| prefix.covers(**excepted));
    inside.copied().collect()
}

/// The fewest prefixes of the same addresses.
pub(super) fn aggregate(policy: &mut Policy) {
    sources(&mut policy.deny_list);
    for stage in &mut policy.prefilters {
        sources(&mut stage.deny);
        sources(&mut stage.allow);
    }
    let policies = policy
        .network_policies
        .iter_mut()
        .chain(&mut policy.dry_run);
    for rule in policies.flat_map(|policy| &mut policy.rules) {
        if let Peers::Listed(peers) = &mut rule.peers {
            let fewest = aggregated(peers);
            // A rule about nobody is another rule.
            if !fewest.is_empty() {
                *peers = fewest;
            }
        }
    }
}

fn sources(list: &mut Vec<ListedSource>) {
    let Some(first) = list.first().cloned() else {
        return;
    };
    let fewest = fewest(list.iter().map(|listed| listed.prefix).collect());
    *list = (fewest.into_iter())
        .map(|prefix| ListedSource {
            prefix,
            location: first.location.clone(),
        })
        .collect();
}

/// CIDR peers as the fewest prefixes, behind the others.
fn aggregated(peers: &[Peer]) -> Vec<Peer> {
    let (cidrs, mut others): (Vec<Peer>, Vec<Peer>) =
        (peers.iter().cloned()).partition(|peer| matches!(peer.kind, PeerKind::Cidr(_)));
    let Some(location) = cidrs.first().map(|peer| peer.location.clone()) else {
        return others;
    };
    let mut prefixes = Vec::new();
    for peer in cidrs {
        if let PeerKind::Cidr(cidr) = peer.kind {
            without(cidr.prefix, &cidr.except, &mut prefixes);
        }
    }
    others.extend(fewest(prefixes).into_iter().map(|prefix| Peer {
        kind: PeerKind::Cidr(Cidr {
            prefix,
            except: Vec::new(),
        }),
        location: location.clone(),
    }));
    others
}

/// What of a prefix lies in no exception: one prefix a bit, at most.
fn without(prefix: Prefix, except: &[Prefix], into: &mut Vec<Prefix>) {
    if except.iter().any(|excepted| excepted.covers(prefix)) {
        return;
    }
    if !except.iter().any(|excepted| prefix.covers(*excepted)) {
        into.push(prefix);
        return;
    }
    for half in halves(prefix).into_iter().flatten() {
        without(half, except, into);
    }
}

/// Without what lies in others, and with halves put together.
fn fewest(mut prefixes: Vec<Prefix>) -> Vec<Prefix> {
    loop {
        prefixes.sort_unstable();
        let mut fewer: Vec<Prefix> = Vec::new();
        for prefix in &prefixes {
            match fewer.last() {
                Some(last) if last.covers(*prefix) => {}
                Some(last) if is_sibling(*last, *prefix) => {
                    let whole = Prefix::containing(last.first(), prefix.length() - 1);
                    fewer.pop();
                    fewer.push(whole);
                }
                _ => fewer.push(*prefix),
            }
        }
        if fewer.len() == prefixes.len() {
            return fewer;
        }
        prefixes = fewer;
    }
}

/// Whether the two are the halves of one prefix.
fn is_sibling(low: Prefix, high: Prefix) -> bool {
    low.length() == high.length()
        && low.length() > 0
        && Family::of(low.first()) == Family::of(high.first())
        && low != high
        && Prefix::containing(low.first(), low.length() - 1).covers(high)
}
