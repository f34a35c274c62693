//! Charts against what is said of one address after the other.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

/// The first and the last 8 addresses of each family.
fn universe() -> Vec<IpAddr> {
    let v4 = |bits: u32| IpAddr::from(Ipv4Addr::from_bits(bits));
    let v6 = |bits: u128| IpAddr::from(Ipv6Addr::from_bits(bits));
    let mut all: Vec<IpAddr> = (0..8).map(v4).collect();
    all.extend((u32::MAX - 7..=u32::MAX).map(v4));
    all.extend((0..8).map(v6));
    all.extend((u128::MAX - 7..=u128::MAX).map(v6));
    all
}

fn prefix() -> impl Strategy<Value = Prefix> {
    let host_bits = prop_oneof![Just(0u8), Just(1), Just(2), Just(3), Just(200)];
    (0..32usize, host_bits).prop_map(|(index, host_bits)| {
        let address = universe()[index];
        let bits = Family::of(address).bits();
        Prefix::containing(address, bits.saturating_sub(host_bits))
    })
}

fn families() -> impl Strategy<Value = Vec<Family>> {
    prop_oneof![
        Just(Family::ALL.to_vec()),
        Just(vec![Family::V4]),
        Just(vec![Family::V6]),
    ]
}

/// What is painted one after the other.
fn strokes() -> impl Strategy<Value = Vec<(Vec<Prefix>, u8)>> {
    prop::collection::vec((prop::collection::vec(prefix(), 0..4), 0..3u8), 0..5)
}

fn painted(families: &[Family], strokes: &[(Vec<Prefix>, u8)]) -> Chart<u8> {
    (strokes.iter()).fold(Chart::constant(families, 9), |chart, (prefixes, value)| {
        chart.paint(&Region::from_prefixes(prefixes.clone()), *value)
    })
}

fn naive(families: &[Family], strokes: &[(Vec<Prefix>, u8)], address: IpAddr) -> Option<u8> {
    let last = (strokes.iter().rev())
        .find(|(prefixes, _)| prefixes.iter().any(|prefix| prefix.contains(address)));
    (families.contains(&Family::of(address))).then(|| last.map_or(9, |(_, value)| *value))
}

/// Pieces follow each other without gaps from the first address of a family to its
/// last, and neighbours differ.
fn is_settled(chart: &Chart<u8>) -> bool {
    chart.families().all(|family| {
        let of_family = |(range, _): &(Range, &u8)| Family::of(range.first) == family;
        let pieces: Vec<(Range, &u8)> = chart.pieces().filter(of_family).collect();
        let (Some((first, _)), Some((last, _))) = (pieces.first(), pieces.last()) else {
            return false;
        };
        first.first == Prefix::all(family).first()
            && last.last == Prefix::all(family).last()
            && pieces.windows(2).all(|pair| {
                let behind = Prefix::host(pair[0].0.last).after();
                behind == Some(pair[1].0.first) && pair[0].1 != pair[1].1
            })
    })
}

proptest! {
    #[test]
    fn what_was_painted_last_holds(families in families(), strokes in strokes()) {
        let chart = painted(&families, &strokes);
        prop_assert!(is_settled(&chart), "{chart:?}");
        for address in universe() {
            let expected = naive(&families, &strokes, address);
            prop_assert_eq!(chart.at(address), expected.as_ref(), "{}", address);
            prop_assert_eq!(chart.region(|value| *value == 1).contains(address), expected == Some(1));
            for (value, region) in chart.regions() {
                prop_assert_eq!(region.contains(address), expected == Some(value));
            }
        }
    }

    #[test]
    fn charts_are_zipped_mapped_and_put_together(
        one in (families(), strokes()),
        other in (families(), strokes()),
    ) {
        let (a, b) = (painted(&one.0, &one.1), painted(&other.0, &other.1));
        let (zipped, mapped) = (a.zip(&b), a.map(|value| value / 2));
        prop_assert!(is_settled(&mapped), "{mapped:?}");
        prop_assert!(is_settled(&zipped.map(|(a, b)| a * 16 + b)), "{zipped:?}");
        let both = a.clone().or(b.clone());
        for address in universe() {
            let (x, y) = (naive(&one.0, &one.1, address), naive(&other.0, &other.1, address));
            prop_assert_eq!(zipped.at(address).copied(), x.zip(y), "{}", address);
            prop_assert_eq!(mapped.at(address).copied(), x.map(|value| value / 2));
            prop_assert_eq!(both.at(address).copied(), x.or(y));
        }
    }

    #[test]
    fn the_longest_prefix_speaks(drawn in prop::collection::vec((prefix(), 0..3u8), 0..8)) {
        let prefixes: BTreeMap<Prefix, u8> = drawn.into_iter().collect();
        let chart = Chart::by_longest_prefix(prefixes.clone(), |family| family.bits());
        prop_assert!(is_settled(&chart), "{chart:?}");
        for address in universe() {
            let holding = prefixes.iter().filter(|(prefix, _)| prefix.contains(address));
            let longest = holding.max_by_key(|(prefix, _)| prefix.length());
            let expected = longest.map_or(Family::of(address).bits(), |(_, value)| *value);
            prop_assert_eq!(chart.at(address), Some(&expected), "{} in {:?}", address, &prefixes);
        }
    }
}
