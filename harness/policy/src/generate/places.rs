//! Addresses, prefixes and ports at which something may change.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use super::Draw;
use crate::diagnostic::{Location, SourceFile};
use crate::model::{L4Port, PeerKind, Peers, Policy, Ports};
use crate::prefix::Prefix;

/// Outside addresses, some of them strange.
const OUTSIDE: [&str; 12] = [
    "198.51.100.7",
    "2001:db8:bad::7",
    "10.1.2.3",
    "fd00:1::3",
    "10.0.0.250",
    "fd00::fa",
    "169.254.169.254",
    "0.0.0.0",
    "255.255.255.255",
    "::",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "::ffff:10.0.0.10",
];

/// Where generated policies stand: nowhere.
pub(super) fn nowhere() -> Location {
    static NOWHERE: LazyLock<Location> = LazyLock::new(|| {
        let file = SourceFile {
            path: "generated".to_owned(),
            text: String::new(),
        };
        Location::new(&Arc::new(file), 0, 0)
    });
    NOWHERE.clone()
}

pub(super) fn address(text: &str) -> IpAddr {
    text.parse()
        .expect("addresses of this module are well formed")
}

/// Addresses of those who are there, and of some who are not.
pub(crate) fn places(policy: &Policy) -> Vec<IpAddr> {
    let mut places: Vec<IpAddr> = Vec::new();
    for workload in &policy.workloads {
        places.extend(&workload.addresses);
    }
    places.extend(&policy.node.addresses);
    for host in &policy.known_hosts {
        places.extend(&host.addresses);
    }
    places.extend(OUTSIDE.map(address));
    places
}

/// A prefix that holds a place, or misses it by a bit.
pub(super) fn prefix(draw: &mut Draw, policy: &Policy) -> Prefix {
    let near = *draw.one(&places(policy));
    let near = if draw.once_in(4) {
        with_bit_turned(near, draw.below(128))
    } else {
        near
    };
    let bits = if near.is_ipv4() { 32 } else { 128 };
    let lengths = [bits, bits - 8, 0, bits - 1, 8, 16, 24, bits - 2, 1, 31, 7];
    let length = if draw.once_in(5) {
        draw.below(bits + 1)
    } else {
        *draw.one(&lengths)
    };
    Prefix::containing(near, u8::try_from(length.min(bits)).unwrap_or(0))
}

/// A prefix inside `outer`, or all of it.
pub(super) fn prefix_inside(draw: &mut Draw, policy: &Policy, outer: Prefix) -> Prefix {
    let near = *draw.one(&places(policy));
    let near = match outer.contains(near) {
        true => near,
        false if draw.once_in(2) => outer.first(),
        false => outer.last(),
    };
    let room = usize::from(outer.family().bits() - outer.length());
    // Often nearly as wide, often a single address.
    let behind = match draw.below(3) {
        0 => room,
        1 => draw.below(room.min(4) + 1),
        _ => draw.below(room + 1),
    };
    Prefix::containing(near, outer.length() + u8::try_from(behind).unwrap_or(0))
}

/// Both ends of each prefix that a policy names, and the addresses just beyond.
pub(crate) fn edges(policy: &Policy) -> Vec<IpAddr> {
    let mut prefixes = Vec::new();
    prefixes.extend(policy.deny_list.iter().map(|listed| listed.prefix));
    for prefilter in &policy.prefilters {
        let listed = prefilter.deny.iter().chain(&prefilter.allow);
        prefixes.extend(listed.map(|listed| listed.prefix));
    }
    for rule in policy
        .all_network_policies()
        .flat_map(|policy| &policy.rules)
    {
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
    let mut edges = Vec::new();
    for prefix in prefixes {
        edges.extend([prefix.first(), prefix.last()]);
        edges.extend(prefix.before());
        edges.extend(prefix.after());
    }
    edges
}

/// Ports at which something may change.
pub(super) fn ports(policy: &Policy) -> Vec<u16> {
    let mut ports = vec![80, 53, 3868, 0, u16::MAX];
    for workload in &policy.workloads {
        ports.extend(workload.named_ports.iter().map(|named| named.port.port));
    }
    for service in &policy.node_ports {
        ports.push(service.node_port.port);
        ports.extend(service.backends.iter().map(|backend| backend.port));
    }
    ports.extend(policy.prefilters.iter().map(|stage| stage.node_port.port));
    for rule in policy
        .all_network_policies()
        .flat_map(|policy| &policy.rules)
    {
        let Ports::Listed(entries) = &rule.ports else {
            continue;
        };
        for entry in entries {
            if let L4Port::Range(first, last) = entry.port {
                ports.extend([first, last, first.saturating_sub(1), last.saturating_add(1)]);
            }
        }
    }
    ports
}

fn with_bit_turned(address: IpAddr, bit: usize) -> IpAddr {
    match address {
        IpAddr::V4(address) => IpAddr::V4((address.to_bits() ^ (1 << (bit % 32))).into()),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() ^ (1 << (bit % 128))).into()),
    }
}
