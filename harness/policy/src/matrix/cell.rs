//! Where outside addresses are told apart.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address_set::Range;
use crate::image::MapImage;
use crate::model::{PeerKind, Peers, Policy};
use crate::prefix::{Family, Prefix};

/// Outside addresses that neither the policy nor the image tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// All of them, those of workloads, nodes and known hosts among them.
    pub range: Range,
    /// One that is nobody's, if there is one.
    pub representative: Option<IpAddr>,
}

/// Every address of the family, cut at each prefix of a rule, an exception, a
/// prefilter or the compiled identities. Ascending and without gaps.
pub fn cells(policy: &Policy, image: &MapImage, family: Family) -> Vec<Cell> {
    let taken = taken(policy);
    let mut firsts: BTreeSet<IpAddr> = BTreeSet::from([Prefix::all(family).first()]);
    for prefix in prefixes(policy, image, &taken) {
        if prefix.family() == family {
            firsts.insert(prefix.first());
            firsts.extend(prefix.after());
        }
    }
    let lasts = (firsts.iter().skip(1))
        .filter_map(|first| Prefix::host(*first).before())
        .chain([Prefix::all(family).last()]);
    (firsts.iter().zip(lasts))
        .map(|(first, last)| {
            let range = Range {
                first: *first,
                last,
            };
            Cell {
                range,
                representative: representative(range, &taken),
            }
        })
        .collect()
}

/// Addresses that are somebody's.
pub(super) fn taken(policy: &Policy) -> BTreeSet<IpAddr> {
    let workloads = policy.workloads.iter().map(|workload| &workload.addresses);
    let hosts = policy.known_hosts.iter().map(|host| &host.addresses);
    (workloads.chain(hosts).chain([&policy.node.addresses]))
        .flatten()
        .copied()
        .collect()
}

fn prefixes(policy: &Policy, image: &MapImage, taken: &BTreeSet<IpAddr>) -> Vec<Prefix> {
    let mut prefixes = Vec::new();
    for rule in policy.network_policies.iter().flat_map(|each| &each.rules) {
        let Peers::Listed(peers) = &rule.peers else {
            continue;
        };
        for peer in peers {
            if let PeerKind::Cidr(cidr) = &peer.kind {
                prefixes.push(cidr.prefix);
                prefixes.extend(&cidr.except);
            }
        }
    }
    prefixes.extend(policy.deny_list.iter().map(|listed| listed.prefix));
    for prefilter in &policy.prefilters {
        let listed = prefilter.deny.iter().chain(&prefilter.allow);
        prefixes.extend(listed.map(|listed| listed.prefix));
    }
    // The address of somebody known has an identity of its own, which says
    // nothing about those around it.
    let whole = |prefix: &&Prefix| {
        prefix.length() < prefix.family().bits() || !taken.contains(&prefix.first())
    };
    prefixes.extend(image.identities.keys().filter(whole));
    prefixes.extend(image.deny_list.keys());
    for prefilter in image.prefilters.values() {
        prefixes.extend(prefilter.sources.keys());
    }
    prefixes
}

/// An address of the range that nobody has: an edge, or one that a host can have,
/// where there is a choice.
fn representative(range: Range, taken: &BTreeSet<IpAddr>) -> Option<IpAddr> {
    let within = |eighths: u32| between(range, eighths);
    let candidates = [0, 8, 4, 2, 6, 1, 3, 5, 7].map(within);
    let free = |address: &IpAddr| !taken.contains(address);
    (candidates
        .into_iter()
        .filter(free)
        .find(|address| ordinary(*address)))
    .or_else(|| candidates.into_iter().find(free))
    .or_else(|| {
        // Of more addresses than are taken, one is free.
        let mut next = Some(range.first);
        for _ in 0..=taken.len() {
            let address = next.filter(|address| *address <= range.last)?;
            if free(&address) {
                return Some(address);
            }
            next = Prefix::host(address).after();
        }
        None
    })
}

fn between(range: Range, eighths: u32) -> IpAddr {
    match (range.first, range.last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            let offset = u64::from(last - first) * u64::from(eighths) / 8;
            let offset = u32::try_from(offset).unwrap_or(u32::MAX);
            Ipv4Addr::from_bits(first.saturating_add(offset)).into()
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            let offset = match eighths {
                8 => last - first,
                _ => (last - first) / 8 * u128::from(eighths),
            };
            Ipv6Addr::from_bits(first.saturating_add(offset)).into()
        }
        (first, _) => first,
    }
}

/// Whether a host elsewhere can have the address.
fn ordinary(address: IpAddr) -> bool {
    match address {
        // 0/8, 127/8 and 224/3 (RFC 6890).
        IpAddr::V4(address) => !matches!(address.octets()[0], 0 | 127 | 224..),
        // Global unicast (RFC 4291 §2.4).
        IpAddr::V6(address) => address.segments()[0] >> 13 == 1,
    }
}
