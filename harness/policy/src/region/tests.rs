//! The algebra against a naive set over a tiny universe, at both ends of a family.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

/// 32 addresses: the first and the last 8 of each family.
fn universe() -> Vec<IpAddr> {
    let v4 = |bits: u32| IpAddr::from(Ipv4Addr::from_bits(bits));
    let v6 = |bits: u128| IpAddr::from(Ipv6Addr::from_bits(bits));
    let mut all: Vec<IpAddr> = (0..8).map(v4).collect();
    all.extend((u32::MAX - 7..=u32::MAX).map(v4));
    all.extend((0..8).map(v6));
    all.extend((u128::MAX - 7..=u128::MAX).map(v6));
    all
}

/// A prefix of up to 8 addresses of the universe, or one around a half of a family
/// of it.
fn prefix() -> impl Strategy<Value = Prefix> {
    (
        0..32usize,
        prop_oneof![Just(0u8), Just(1), Just(2), Just(3), Just(200)],
    )
        .prop_map(|(index, host_bits)| {
            let address = universe()[index];
            let bits = Family::of(address).bits();
            Prefix::containing(address, bits.saturating_sub(host_bits))
        })
}

fn prefixes() -> impl Strategy<Value = Vec<Prefix>> {
    prop::collection::vec(prefix(), 0..7)
}

fn naive(prefixes: &[Prefix]) -> BTreeSet<IpAddr> {
    (universe().into_iter())
        .filter(|address| prefixes.iter().any(|prefix| prefix.contains(*address)))
        .collect()
}

fn seen(region: &Region) -> BTreeSet<IpAddr> {
    (universe().into_iter())
        .filter(|address| region.contains(*address))
        .collect()
}

/// Ranges ascend, and between two of a family lies at least one address.
fn is_settled(region: &Region) -> bool {
    let ranges: Vec<Range> = region.ranges().collect();
    ranges.iter().all(|range| range.first <= range.last)
        && ranges.windows(2).all(|pair| {
            let behind = Prefix::host(pair[0].last).after();
            Family::of(pair[0].last) != Family::of(pair[1].first)
                || behind.is_some_and(|behind| behind < pair[1].first)
        })
}

proptest! {
    #[test]
    fn operations_do_what_sets_do(one in prefixes(), other in prefixes()) {
        let (a, b) = (Region::from_prefixes(one.clone()), Region::from_prefixes(other.clone()));
        let (x, y) = (naive(&one), naive(&other));
        for (region, set) in [
            (a.clone(), x.clone()),
            (a.union(&b), &x | &y),
            (a.minus(&b), &x - &y),
            (a.intersect(&b), &x & &y),
        ] {
            prop_assert!(is_settled(&region), "{region:?}");
            prop_assert_eq!(seen(&region), set, "{:?} and {:?}", one, other);
        }
        prop_assert_eq!(a.covers(&b), b.minus(&a).is_empty());
        // Equality is that of sets, outside the universe as well.
        prop_assert_eq!(a.minus(&b).union(&a.intersect(&b)), a.clone());
        prop_assert_eq!(a.intersect(&b), b.intersect(&a));
        prop_assert_eq!(Region::union_of([&a, &b]), b.union(&a));
    }

    #[test]
    fn prefixes_make_the_region_up_and_none_can_be_spared(drawn in prefixes()) {
        let region = Region::from_prefixes(drawn.clone());
        let fewest = region.prefixes();
        prop_assert_eq!(Region::from_prefixes(fewest.clone()), region, "{:?}", fewest);
        prop_assert!(fewest.windows(2).all(|pair| pair[0] < pair[1]), "{fewest:?}");
        for prefix in &fewest {
            // Neither overlaps another, nor is it half of one that fits.
            let others = fewest.iter().filter(|other| *other != prefix);
            prop_assert!(others.clone().all(|other| !other.covers(*prefix)));
            if let Some(length) = prefix.length().checked_sub(1) {
                let twice = Region::of(Prefix::containing(prefix.first(), length));
                prop_assert!(!Region::from_prefixes(drawn.clone()).covers(&twice));
            }
        }
    }
}

#[test]
fn ranges_become_the_fewest_prefixes() {
    for (first, last, expected) in [
        ("10.0.0.0", "10.0.0.255", "10.0.0.0/24"),
        (
            "10.0.0.1",
            "10.0.0.4",
            "10.0.0.1/32 10.0.0.2/31 10.0.0.4/32",
        ),
        ("0.0.0.0", "255.255.255.255", "0.0.0.0/0"),
        ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"),
        ("::", "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/1"),
        ("::ffff:ffff", "::1:0:0", "::ffff:ffff/128 ::1:0:0/128"),
        ("255.255.255.254", "255.255.255.255", "255.255.255.254/31"),
        // Of no use as a range.
        ("10.0.0.2", "10.0.0.1", ""),
        ("10.0.0.2", "::ffff:ffff", ""),
    ] {
        let address = |text: &str| text.parse::<IpAddr>().expect(text);
        let (first, last) = (address(first), address(last));
        let region = Region::range(Range { first, last });
        let prefixes: Vec<String> = region.prefixes().iter().map(ToString::to_string).collect();
        assert_eq!(prefixes.join(" "), expected, "{first} to {last}");
    }
}

#[test]
fn addresses_are_counted_by_family() {
    let most = u128::MAX;
    for (prefixes, v4, v6) in [
        (&[][..], 0, 0),
        (&["10.0.0.0/31", "10.0.0.1/32", "10.0.0.8/29"], 10, 0),
        (&["0.0.0.0/0", "::1/128"], 1 << 32, 1),
        (&["::/0"], 0, most),
        (&["::/1"], 0, 1 << 127),
    ] {
        let parsed = prefixes.iter().map(|text| text.parse().expect(text));
        let region = Region::from_prefixes(parsed);
        let counts = Family::ALL.map(|family| region.count(family));
        assert_eq!(counts, [v4, v6], "{prefixes:?}");
    }
}
