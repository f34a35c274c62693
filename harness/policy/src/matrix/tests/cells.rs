use std::collections::BTreeMap;

use super::super::{World, cells};
use super::given::{about, addresses, allow, policy};
use crate::image::{IdentityId, MapImage};
use crate::model::{Direction, Policy, Ports};
use crate::prefix::{Family, Prefix};

fn ranges(policy: &Policy, image: &MapImage, family: Family) -> Vec<String> {
    (cells(policy, image, family).iter())
        .map(|cell| {
            let who = cell.representative.map(|address| address.to_string());
            let who = who.unwrap_or("nobody".to_owned());
            format!("{}-{} {who}", cell.range.first, cell.range.last)
        })
        .collect()
}

fn receiving_from(text: &str) -> Policy {
    let rule = allow(Direction::Ingress, addresses(text), Ports::All);
    policy(&["a 10.0.0.1", "b 10.0.0.2"], vec![about("a", vec![rule])])
}

#[test]
fn outside_is_one_cell_where_nothing_tells_addresses_apart() {
    let image = MapImage::default();
    let policy = policy(&["a 10.0.0.1"], Vec::new());
    assert_eq!(
        ranges(&policy, &image, Family::V4),
        ["0.0.0.0-255.255.255.255 63.255.255.255"]
    );
    assert_eq!(
        ranges(&policy, &image, Family::V6),
        ["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 3fff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"]
    );
}

#[test]
fn cells_end_at_prefixes_and_exceptions() {
    let policy = receiving_from("10.0.0.0/8 except 10.1.0.0/16");
    assert_eq!(
        ranges(&policy, &MapImage::default(), Family::V4),
        [
            "0.0.0.0-9.255.255.255 9.255.255.255",
            "10.0.0.0-10.0.255.255 10.0.0.0",
            "10.1.0.0-10.1.255.255 10.1.0.0",
            "10.2.0.0-10.255.255.255 10.2.0.0",
            "11.0.0.0-255.255.255.255 11.0.0.0",
        ]
    );
}

#[test]
fn compiled_identities_cut_unless_they_are_somebodys_address() {
    let policy = policy(&["a 10.0.0.1"], Vec::new());
    let prefix = |text: &str| -> Prefix { text.parse().expect("a prefix") };
    let identities = [
        (prefix("10.0.0.1/32"), IdentityId(256)),
        (prefix("172.16.0.0/12"), IdentityId(257)),
    ];
    let image = MapImage {
        identities: BTreeMap::from(identities),
        ..MapImage::default()
    };
    assert_eq!(
        ranges(&policy, &image, Family::V4),
        [
            "0.0.0.0-172.15.255.255 172.15.255.255",
            "172.16.0.0-172.31.255.255 172.16.0.0",
            "172.32.0.0-255.255.255.255 172.32.0.0",
        ]
    );
}

#[test]
fn the_representative_is_nobodys_and_a_hosts_where_there_is_a_choice() {
    let image = MapImage::default();
    let policy = receiving_from("10.0.0.0/30");
    assert_eq!(
        ranges(&policy, &image, Family::V4)[1],
        "10.0.0.0-10.0.0.3 10.0.0.0"
    );
    let policy = receiving_from("127.0.0.0/8");
    assert_eq!(
        ranges(&policy, &image, Family::V4)[1],
        "127.0.0.0-127.255.255.255 127.0.0.0"
    );
    let policy = receiving_from("10.0.0.2/32");
    assert_eq!(
        ranges(&policy, &image, Family::V4)[1],
        "10.0.0.2-10.0.0.2 nobody"
    );
}

#[test]
fn a_cell_with_no_stranger_gets_one_where_those_in_it_move() {
    let image = MapImage::default();
    let policy = receiving_from("10.0.0.2/32");
    let world = World::new(&policy, &image);
    assert!(world.is_crowded());
    let moved = world.moved().expect("there is room elsewhere");
    assert_eq!(moved.workloads[0], policy.workloads[0]);
    let [new] = moved.workloads[1].addresses[..] else {
        panic!("it still has one address");
    };
    assert_ne!(new, policy.workloads[1].addresses[0]);
    assert!(!policy.workloads[0].addresses.contains(&new));

    let strangers = world.of_moved(&moved, &image);
    let tried: Vec<_> = (strangers.cells.iter())
        .filter_map(|cell| cell.representative)
        .collect();
    assert_eq!(tried, policy.workloads[1].addresses);
}

#[test]
fn nobody_moves_where_there_is_room_for_strangers() {
    let image = MapImage::default();
    let policy = receiving_from("10.0.0.0/8");
    let world = World::new(&policy, &image);
    assert!(!world.is_crowded());
    assert_eq!(world.moved(), None);
}
