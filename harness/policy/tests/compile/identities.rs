//! Which addresses are told apart, and which are not.

use std::collections::BTreeSet;

use netverdict_abi::{Identity, Reason};
use netverdict_policy::image::{IdentityId, MapImage};
use netverdict_policy::journey::Point;
use netverdict_policy::lower::lower;
use netverdict_policy::model::{
    Direction, EndpointSelector, Entity, L4Protocol, Labels, Namespaces, Operator, PeerKind, Peers,
    Policy, Ports, Requirement, Rule, RuleAction, Selector,
};
use netverdict_policy::prefix::Prefix;

use crate::given::{
    about, address, allow, cidr, deny, entity, judged, labels, listed, named, named_port,
    node_alone, prefix, rule, to_tcp, workload, workloads,
};

/// The subject at 10.0.0.1, and others from 10.0.0.2 on.
fn cluster(others: &[&str], rules: Vec<Rule>) -> Policy {
    let mut policy = node_alone();
    policy.workloads = vec![workload("subject", "app=subject", "10.0.0.1 fd00::1")];
    for (own, number) in others.iter().zip(2..) {
        let addresses = format!("10.0.0.{number} fd00::{number}");
        policy
            .workloads
            .push(workload(&format!("w{number}"), own, &addresses));
    }
    policy.network_policies = vec![about("app=subject", rules)];
    policy
}

fn image(policy: &Policy) -> MapImage {
    lower(policy).expect("a small policy")
}

fn identity(image: &MapImage, of: &str) -> u32 {
    let IdentityId(number) = image.identities[&prefix(of)];
    number
}

/// Whether the subject lets a packet from `source` in.
fn admits(image: &MapImage, source: &str) -> bool {
    let own = if source.contains(':') {
        "fd00::1"
    } else {
        "10.0.0.1"
    };
    let (reason, _) = judged(image, Point::Ingress(0), source, own, to_tcp(80));
    reason == Reason::PolicyAllow
}

#[test]
fn workloads_share_an_identity_as_long_as_no_rule_tells_them_apart() {
    let others = ["app=a pod=1", "app=a pod=2", "app=b", "app=b tier=x"];
    let policy = cluster(
        &others,
        vec![allow(listed([workloads("app=a")]), Ports::All)],
    );
    let alike = image(&policy);
    let of = |image: &MapImage| {
        (2..=5)
            .map(|number| identity(image, &format!("10.0.0.{number}/32")))
            .collect::<Vec<_>>()
    };
    let [first, second, third, fourth] = of(&alike)[..] else {
        panic!("four workloads");
    };
    assert_eq!(first, second);
    assert_eq!(third, fourth);
    assert_ne!(first, third);
    assert_eq!(
        identity(&alike, "10.0.0.2/32"),
        identity(&alike, "fd00::2/128")
    );

    let told = vec![
        allow(listed([workloads("app=a")]), Ports::All),
        allow(listed([workloads("tier=x")]), Ports::All),
    ];
    let apart: BTreeSet<u32> = of(&image(&cluster(&others, told))).into_iter().collect();
    assert_eq!(apart.len(), 3);
}

#[test]
fn what_a_policy_says_that_selects_nobody_tells_nobody_apart() {
    let mut policy = cluster(&["app=a", "app=b"], Vec::new());
    let peers = listed([workloads("app=a"), cidr("198.51.100.0/24")]);
    policy.network_policies = vec![about("app=nobody", vec![allow(peers, Ports::All)])];
    let image = image(&policy);
    assert_eq!(
        identity(&image, "10.0.0.2/32"),
        identity(&image, "10.0.0.3/32")
    );
    assert!(!image.identities.contains_key(&prefix("198.51.100.0/24")));
}

#[test]
fn selectors_of_every_operator() {
    let require = |key: &str, operator: Operator| {
        PeerKind::Workloads(EndpointSelector {
            namespaces: Namespaces::All,
            labels: Selector(vec![Requirement {
                key: key.to_owned(),
                operator,
            }]),
        })
    };
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let others = ["app=a", "app=b", "app=c", "tier=x"];
    for (peer, admitted) in [
        (
            require("app", Operator::In(values(&["a", "c", "z"]))),
            [true, false, true, false],
        ),
        (require("app", Operator::In(values(&[]))), [false; 4]),
        (
            require("app", Operator::NotIn(values(&["a", "z"]))),
            [false, true, true, true],
        ),
        (require("app", Operator::Exists), [true, true, true, false]),
        (
            require("app", Operator::DoesNotExist),
            [false, false, false, true],
        ),
        (require("none", Operator::DoesNotExist), [true; 4]),
        (workloads("app=a tier=x"), [false; 4]),
        (workloads(""), [true; 4]),
    ] {
        let rules = vec![allow(listed([peer.clone()]), Ports::All)];
        let image = image(&cluster(&others, rules));
        let found = [2, 3, 4, 5].map(|number| admits(&image, &format!("10.0.0.{number}")));
        assert_eq!(found, admitted, "{peer:?}");
    }
}

#[test]
fn namespaces_by_name_and_by_label() {
    let in_namespaces = |namespaces| {
        PeerKind::Workloads(EndpointSelector {
            namespaces,
            labels: Selector::default(),
        })
    };
    let labelled = |text: &str| Namespaces::Labelled(crate::given::selector(text));
    for (peer, admitted) in [
        (in_namespaces(Namespaces::All), [true, true, true]),
        (
            in_namespaces(Namespaces::Named("default".to_owned())),
            [true, false, false],
        ),
        (
            in_namespaces(Namespaces::Named("none".to_owned())),
            [false; 3],
        ),
        (in_namespaces(labelled("team=x")), [false, true, true]),
        (
            in_namespaces(labelled("team=x env=prod")),
            [false, false, true],
        ),
        (in_namespaces(labelled("")), [true, true, true]),
    ] {
        let rules = vec![allow(listed([peer.clone()]), Ports::All)];
        let mut policy = cluster(&["app=a", "app=a", "app=a"], rules);
        policy.workloads[2].name.namespace = "two".to_owned();
        policy.workloads[3].name.namespace = "three".to_owned();
        policy.namespaces = [
            ("default".to_owned(), Labels::new()),
            ("two".to_owned(), labels("team=x env=dev")),
            ("three".to_owned(), labels("team=x env=prod")),
            // Nobody is in it.
            ("four".to_owned(), labels("team=x")),
        ]
        .into();
        let image = image(&policy);
        let found = [2, 3, 4].map(|number| admits(&image, &format!("10.0.0.{number}")));
        assert_eq!(found, admitted, "{peer:?}");
    }
}

#[test]
fn a_prefix_is_of_every_prefix_around_it() {
    let around = || allow(listed([cidr("10.0.0.0/8")]), crate::given::tcp(80, 80));
    let inside = || allow(listed([cidr("10.1.0.0/16")]), crate::given::tcp(81, 81));
    let image = image(&cluster(&[], vec![around(), inside()]));
    let reason =
        |source: &str, port| judged(&image, Point::Ingress(0), source, "10.0.0.1", to_tcp(port)).0;
    assert_eq!(reason("10.1.2.3", 80), Reason::PolicyAllow);
    assert_eq!(reason("10.1.2.3", 81), Reason::PolicyAllow);
    assert_eq!(reason("10.2.2.3", 80), Reason::PolicyAllow);
    assert_eq!(reason("10.2.2.3", 81), Reason::PolicyNoMatch);
    assert_eq!(reason("11.1.2.3", 80), Reason::PolicyNoMatch);
}

#[test]
fn exceptions_are_what_they_were_without_the_rule() {
    let peers = listed([cidr("198.51.100.0/24 198.51.100.64/26 198.51.100.70/32")]);
    let image = image(&cluster(&[], vec![allow(peers, Ports::All)]));
    assert_eq!(identity(&image, "198.51.100.64/26"), Identity::WORLD_V4);
    assert!(
        !image.identities.contains_key(&prefix("198.51.100.70/32")),
        "an exception inside another says nothing new"
    );
    for (source, admitted) in [
        ("198.51.100.63", true),
        ("198.51.100.64", false),
        ("198.51.100.70", false),
        ("198.51.100.127", false),
        ("198.51.100.128", true),
        ("198.51.101.0", false),
    ] {
        assert_eq!(admits(&image, source), admitted, "{source}");
    }
    // An exception of the whole leaves nothing.
    let nothing = listed([cidr("198.51.100.0/24 198.51.0.0/16")]);
    let image = self::image(&cluster(&[], vec![allow(nothing, Ports::All)]));
    assert!(!admits(&image, "198.51.100.1"));
}

#[test]
fn an_exception_of_one_rule_is_no_exception_of_another() {
    let rules = vec![
        allow(
            listed([cidr("198.51.100.0/24 198.51.100.64/26")]),
            Ports::All,
        ),
        allow(listed([cidr("198.51.100.0/25")]), Ports::All),
    ];
    let image = image(&cluster(&[], rules));
    for (source, admitted) in [
        ("198.51.100.1", true),
        ("198.51.100.65", true),
        ("198.51.100.129", true),
        ("198.51.99.255", false),
    ] {
        assert_eq!(admits(&image, source), admitted, "{source}");
    }
}

#[test]
fn the_world_is_what_is_left_and_every_prefix_outside() {
    let rules = vec![
        allow(listed([entity(Entity::World)]), Ports::All),
        deny(listed([cidr("203.0.113.0/24")]), crate::given::tcp(22, 22)),
        deny(
            listed([cidr("0.0.0.0/0 198.51.100.0/24")]),
            crate::given::tcp(23, 23),
        ),
    ];
    let image = image(&cluster(&["app=a"], rules));
    for (source, admitted) in [
        ("203.0.113.1", true),
        ("198.51.100.1", true),
        ("8.8.8.8", true),
        ("2001:db8::8", true),
        ("10.0.0.2", false),
        ("fd00::2", false),
    ] {
        assert_eq!(admits(&image, source), admitted, "{source}");
    }
    assert!(
        !image.identities.contains_key(&prefix("0.0.0.0/0")),
        "what no longer prefix holds needs none"
    );
    let reason = |source, port| judged(&image, Point::Ingress(0), source, "10.0.0.1", to_tcp(port));
    assert_eq!(reason("8.8.8.8", 23).0, Reason::PolicyDeny);
    assert_eq!(reason("198.51.100.1", 23).0, Reason::PolicyAllow);
    assert_eq!(reason("203.0.113.1", 22).0, Reason::PolicyDeny);
}

#[test]
fn each_family_of_the_world_by_itself() {
    for (peer, v4, v6) in [
        (Entity::World, true, true),
        (Entity::WorldIpv4, true, false),
        (Entity::WorldIpv6, false, true),
        (Entity::Cluster, false, false),
    ] {
        let image = image(&cluster(
            &[],
            vec![allow(listed([entity(peer)]), Ports::All)],
        ));
        assert_eq!(admits(&image, "8.8.8.8"), v4, "{peer:?}");
        assert_eq!(admits(&image, "2001:db8::8"), v6, "{peer:?}");
    }
}

#[test]
fn workloads_in_a_prefix_are_what_choices_say() {
    let rules = || vec![allow(listed([cidr("10.0.0.0/24 10.0.0.3/32")]), Ports::All)];
    let mut policy = cluster(&["app=a", "app=a", "app=a"], rules());
    // Known by an address of its status, not by its own.
    policy.workloads[3].known_addresses = vec![address("192.168.0.1")];
    for (matched, admitted) in [(false, [false; 3]), (true, [true, false, false])] {
        policy.choices.cidrs_match_workloads = matched;
        let image = image(&policy);
        let found = [2, 3, 4].map(|number| admits(&image, &format!("10.0.0.{number}")));
        assert_eq!(found, admitted, "{matched}");
        assert!(
            admits(&image, "10.0.0.99"),
            "outside they count in any case"
        );
    }
    // By what it is known, and not by what it has.
    let by_status = listed([cidr("192.168.0.0/24")]);
    policy.network_policies = vec![about("app=subject", vec![allow(by_status, Ports::All)])];
    let image = image(&policy);
    assert!(admits(&image, "10.0.0.4"));
    assert!(!admits(&image, "10.0.0.2"));
}

#[test]
fn an_address_that_is_a_workloads_is_nothing_of_the_world() {
    let rules = vec![allow(
        listed([cidr("10.0.0.2/32"), entity(Entity::World)]),
        Ports::All,
    )];
    let image = image(&cluster(&["app=a"], rules));
    assert!(!admits(&image, "10.0.0.2"));
    assert!(admits(&image, "10.0.0.3"));
}

#[test]
fn names_of_ports_tell_receivers_apart() {
    let to = |peers: Peers| {
        let web = named(L4Protocol::Tcp, "web");
        rule(Direction::Egress, RuleAction::Allow, peers, web)
    };
    for peers in [Peers::Any, listed([workloads("app=a")])] {
        let mut policy = cluster(&["app=a", "app=a", "app=a"], vec![to(peers.clone())]);
        policy.workloads[1].named_ports = vec![named_port("web", "80/tcp")];
        policy.workloads[2].named_ports = vec![named_port("web", "81/tcp")];
        policy.workloads[3].named_ports = vec![named_port("web", "80/udp")];
        let image = image(&policy);
        let passes = |number: u32, port| {
            let receiver = format!("10.0.0.{number}");
            let tcp = to_tcp(port);
            judged(&image, Point::Egress(0), "10.0.0.1", &receiver, tcp).0 == Reason::PolicyAllow
        };
        for (number, to_80, to_81) in [(2, true, false), (3, false, true), (4, false, false)] {
            assert_eq!(passes(number, 80), to_80, "{number} under {peers:?}");
            assert_eq!(passes(number, 81), to_81, "{number} under {peers:?}");
        }
    }
}

#[test]
fn every_address_of_the_cluster_has_an_entry_of_its_own() {
    let image = image(&cluster(&["app=a"], vec![allow(Peers::Any, Ports::All)]));
    let all = [
        "10.0.0.1",
        "10.0.0.2",
        "192.0.2.1",
        "fd00::1",
        "fd00::2",
        "2001:db8:1::1",
    ];
    let expected: BTreeSet<Prefix> = all.map(|text| Prefix::host(address(text))).into();
    assert_eq!(
        image.identities.keys().copied().collect::<BTreeSet<_>>(),
        expected
    );
    assert!((image.identities.values()).all(|identity| identity.0 >= Identity::FIRST_FREE));
}
