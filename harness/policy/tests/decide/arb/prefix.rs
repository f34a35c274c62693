//! Addresses and prefixes around a few places.

use std::net::IpAddr;

use netverdict_policy::prefix::{Family, Prefix};
use proptest::prelude::*;

/// Addresses near a place: itself, or with one bit turned.
pub(crate) fn address() -> impl Strategy<Value = IpAddr> {
    let places = [
        "10.1.2.3",
        "0.0.0.0",
        "255.255.255.255",
        "198.51.100.7",
        "2001:db8:1:2::3",
        "::",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "::ffff:10.1.2.3",
    ];
    let place = prop::sample::select(places.to_vec());
    (place, prop::option::of(0..128_u8)).prop_map(|(place, bit)| {
        let place: IpAddr = place.parse().expect(place);
        bit.map_or(place, |bit| with_bit_turned(place, bit))
    })
}

/// Prefixes that hold a place, or miss it by a bit.
pub(crate) fn prefix() -> impl Strategy<Value = Prefix> {
    let length = prop_oneof![
        4 => prop::sample::select(vec![0, 1, 7, 8, 9, 16, 24, 31, 32, 33, 48, 64, 127, 128]),
        1 => 0..=128_u8,
    ];
    (address(), length).prop_map(|(address, length)| Prefix::containing(address, length))
}

/// A prefix inside `outer`, or all of it.
pub(crate) fn prefix_inside(outer: Prefix) -> impl Strategy<Value = Prefix> {
    let bits = outer.family().bits();
    (address(), outer.length()..=bits).prop_map(move |(near, length)| {
        let inside = if outer.contains(near) {
            near
        } else {
            outer.last()
        };
        Prefix::containing(inside, length)
    })
}

/// Addresses at which something may change: both ends of each prefix, and those
/// just beyond.
pub(crate) fn boundaries(prefixes: &[Prefix]) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Family::ALL.map(|family| Prefix::all(family).first()).into();
    for prefix in prefixes {
        addresses.extend([prefix.first(), prefix.last()]);
        addresses.extend(prefix.before());
        addresses.extend(prefix.after());
    }
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

fn with_bit_turned(address: IpAddr, bit: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => IpAddr::V4((address.to_bits() ^ (1 << (bit % 32))).into()),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() ^ (1 << bit)).into()),
    }
}
