use std::collections::{BTreeMap, BTreeSet};

use netverdict_policy::image::{EndpointImage, IdentityId, PolicyEntry, RuleId};
use netverdict_policy::port::Protocol;

use super::super::{Connections, Events, Links};
use super::*;

/// As in test runs.
pub(in crate::filter) const TEST_RUN: Install = Install {
    events: Events::Drops,
    track: false,
    links: Links::Unchecked,
    connections: Connections::Keep,
};

fn prefix(text: &str) -> Prefix {
    text.parse().expect("a prefix")
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn verdict(action: u16, l4_bits: u16, rule: u32) -> Verdicted {
    Verdicted {
        action,
        l4_bits,
        rule,
    }
}

fn port(port: u16, protocol: Protocol) -> ProtoPort {
    ProtoPort { port, protocol }
}

/// Two prefilters, a deny list, a workload with two addresses and two guards.
pub(in crate::filter) fn image() -> MapImage {
    let bypass = PrefilterImage {
        default_pass: true,
        bypass_policy: true,
        default_rule: RuleId(3),
        sources: BTreeMap::from([
            (prefix("10.0.0.0/8"), Verdict::Allow(RuleId(4))),
            (prefix("10.1.0.0/16"), Verdict::NoMatch),
            (prefix("2001:db8::/32"), Verdict::Deny(RuleId(5))),
        ]),
        backends: BTreeSet::from([(7, 50051)]),
    };
    let ports = |port, bits| L4Prefix::Ports {
        protocol: 6,
        port,
        bits,
    };
    let entry = |identity: Option<u32>, l4| PolicyEntry {
        identity: identity.map(IdentityId),
        l4,
    };
    let guard = GuardImage {
        default_deny: Some(RuleId(6)),
        allows: true,
        entries: BTreeMap::from([
            (entry(None, L4Prefix::All), Verdict::Allow(RuleId(7))),
            (
                entry(Some(256), ports(0x1f80, 12)),
                Verdict::Deny(RuleId(8)),
            ),
        ]),
    };
    MapImage {
        deny_list: BTreeMap::from([(prefix("192.0.2.0/24"), RuleId(1))]),
        prefilters: BTreeMap::from([
            (port(53, Protocol::Udp), PrefilterImage::default()),
            (port(30007, Protocol::Tcp), bypass),
        ]),
        endpoints: BTreeMap::from([
            (
                address("10.244.0.7"),
                EndpointImage {
                    number: 7,
                    egress: None,
                    ingress: Some(1),
                    proposed_egress: None,
                    proposed_ingress: None,
                },
            ),
            (
                address("fd00::7"),
                EndpointImage {
                    number: 7,
                    egress: Some(0),
                    ingress: Some(1),
                    proposed_egress: None,
                    proposed_ingress: None,
                },
            ),
        ]),
        guards: vec![GuardImage::default(), guard],
        identities: BTreeMap::from([
            (prefix("10.244.0.7/32"), IdentityId(256)),
            (prefix("::/0"), IdentityId(257)),
        ]),
        ..MapImage::default()
    }
}

#[test]
fn prefilters_are_numbered_and_their_sources_carry_the_number() {
    let entries = Entries::of(&image(), &TEST_RUN, 1);
    // Ports in ascending order: 53/udp is number 0, 30007/tcp number 1.
    let [(dns, no_flags), (grpc, flags)] = entries.prefilters[..] else {
        panic!("two prefilters: {entries:?}");
    };
    assert_eq!(
        (dns.port_be, dns.protocol, dns.generation),
        (53u16.to_be(), 17, 1)
    );
    assert_eq!((no_flags.id, no_flags.flags), (0x8000_0000, 0));
    assert_eq!(grpc.port_be.to_ne_bytes(), [0x75, 0x37]);
    assert_eq!(
        flags,
        Prefilter {
            id: 0x8000_0001,
            flags: Prefilter::DEFAULT_PASS | Prefilter::BYPASSES_POLICY,
            default_rule: 3,
        }
    );
    let v4 = |set, address| Lpm4 { set, address };
    assert_eq!(
        entries.prefilter_v4,
        [
            (
                56,
                v4(0xffff_ffff, [192, 0, 2, 0]),
                verdict(Verdicted::DENY, 0, 1)
            ),
            (
                40,
                v4(0x8000_0001, [10, 0, 0, 0]),
                verdict(Verdicted::ALLOW, 0, 4)
            ),
            (
                48,
                v4(0x8000_0001, [10, 1, 0, 0]),
                verdict(Verdicted::NO_MATCH, 0, 0)
            ),
        ]
    );
    let [(length, key, value)] = entries.prefilter_v6[..] else {
        panic!("one IPv6 prefix: {entries:?}");
    };
    assert_eq!((length, key.set), (64, 0x8000_0001));
    assert_eq!(value, verdict(Verdicted::DENY, 0, 5));
    let backend = BackendKey {
        prefilter: 0x8000_0001,
        endpoint: 7,
        port_be: 50051u16.to_be(),
        protocol: 6,
        zero: 0,
    };
    assert_eq!(entries.backends, [(backend, 0)]);
}

#[test]
fn a_workload_is_guarded_at_each_of_its_addresses() {
    let entries = Entries::of(&image(), &TEST_RUN, 0);
    let [(v4, first), (v6, second)] = entries.endpoints[..] else {
        panic!("two addresses: {entries:?}");
    };
    assert_eq!((v4.family, &v4.address[..5]), (4, &[10, 244, 0, 7, 0][..]));
    assert_eq!((v6.family, v6.address[0], v6.address[15]), (6, 0xfd, 7));
    assert_eq!((first.number, second.number), (7, 7));
    assert_eq!((first.link, first.egress), (0, Guard::default()));
    let selected = |id, flags, default_rule| Guard {
        id,
        flags: Guard::SELECTED | flags,
        default_rule,
    };
    assert_eq!(second.egress, selected(0, 0, 0));
    assert_eq!(
        second.ingress,
        selected(1, Guard::DEFAULT_DENY | Guard::ALLOWS, 6)
    );
    let of_lab = Install {
        links: Links::OfLab,
        ..TEST_RUN
    };
    let checked = Entries::of(&image(), &of_lab, 0).endpoints;
    assert_eq!(checked[0].1.link, of_lab.link(7));
}

#[test]
fn identities_are_prefixes_and_entries_carry_how_long_they_are() {
    let entries = Entries::of(&image(), &TEST_RUN, 1);
    let pod = Lpm4 {
        set: 0x8000_0000,
        address: [10, 244, 0, 7],
    };
    assert_eq!(entries.identities_v4, [(64, pod, 256)]);
    let [(32, all, 257)] = entries.identities_v6[..] else {
        panic!("one IPv6 prefix: {entries:?}");
    };
    assert_eq!(all.set, 0x8000_0000);
    let key = |identity, protocol, port| PolicyKey {
        guard: 0x8000_0001,
        identity,
        protocol,
        port,
        zero: 0,
    };
    assert_eq!(
        entries.policy,
        [
            (64, key(0, 0, [0, 0]), verdict(Verdicted::ALLOW, 0, 7)),
            (
                84,
                key(256, 6, [0x1f, 0x80]),
                verdict(Verdicted::DENY, 20, 8)
            ),
        ]
    );
}

#[test]
fn no_key_of_one_generation_is_one_of_the_other() {
    let [zero, one] = [0, 1].map(|generation| Entries::of(&image(), &TEST_RUN, generation));
    fn meet<K: PartialEq + Copy, V>(zero: &[V], one: &[V], key: impl Fn(&V) -> K) -> (usize, bool) {
        let meets = (zero.iter()).any(|a| one.iter().any(|b| key(a) == key(b)));
        (zero.len(), meets)
    }
    for (name, (count, meets)) in [
        (
            "prefilters",
            meet(&zero.prefilters, &one.prefilters, |entry| entry.0),
        ),
        (
            "v4",
            meet(&zero.prefilter_v4, &one.prefilter_v4, |entry| entry.1),
        ),
        (
            "v6",
            meet(&zero.prefilter_v6, &one.prefilter_v6, |entry| entry.1),
        ),
        (
            "backends",
            meet(&zero.backends, &one.backends, |entry| entry.0),
        ),
        (
            "endpoints",
            meet(&zero.endpoints, &one.endpoints, |entry| entry.0),
        ),
        (
            "identities v4",
            meet(&zero.identities_v4, &one.identities_v4, |entry| entry.1),
        ),
        (
            "identities v6",
            meet(&zero.identities_v6, &one.identities_v6, |entry| entry.1),
        ),
        ("policy", meet(&zero.policy, &one.policy, |entry| entry.1)),
        // A guard that both named would be found by its number alone.
        (
            "guards",
            meet(&zero.endpoints, &one.endpoints, |entry| entry.1.ingress.id),
        ),
    ] {
        assert!(count > 0, "{name}");
        assert!(!meets, "{name}");
    }
}
