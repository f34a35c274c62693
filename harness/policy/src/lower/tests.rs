//! As much as a map holds, and one more.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::*;
use crate::diagnostic::{Location, SourceFile};
use crate::model::{
    Cidr, DefaultAction, EndpointSelector, L4Match, L4Port, L4Protocol, Labels, ListedSource,
    Namespaces, NetworkPolicy, ObjectName, Peer, PeerKind, Peers, PolicyKind, Prefilter, Rule,
    RuleAction, Selector, Workload,
};
use crate::prefix::Prefix;

const LIMITS: Limits = Limits {
    prefixes: 100,
    entries: 64,
    pairs: 1000,
};

fn somewhere() -> Location {
    let file = SourceFile {
        path: "policy.yaml".to_owned(),
        text: String::new(),
    };
    Location::new(&Arc::new(file), 0, 0)
}

fn name(name: &str) -> ObjectName {
    ObjectName {
        namespace: "default".to_owned(),
        name: name.to_owned(),
    }
}

/// Single addresses, every other one: none covers another.
fn hosts(count: u32) -> impl Iterator<Item = Prefix> {
    (0..count).map(|index| Prefix::host(Ipv4Addr::from_bits((20 << 24) + 2 * index).into()))
}

/// One workload that lets so many addresses in at the ports from 80 on.
fn admitting(count: u32, last_port: u16) -> Policy {
    let peers = hosts(count).map(|prefix| Peer {
        kind: PeerKind::Cidr(Cidr {
            prefix,
            except: Vec::new(),
        }),
        location: somewhere(),
    });
    let everybody = EndpointSelector {
        namespaces: Namespaces::All,
        labels: Selector::default(),
    };
    let mut policy = Policy {
        workloads: vec![Workload {
            name: name("subject"),
            kind: "Pod".to_owned(),
            labels: Labels::new(),
            addresses: vec![Ipv4Addr::new(10, 0, 0, 1).into()],
            known_addresses: Vec::new(),
            named_ports: Vec::new(),
            host_network: false,
            location: somewhere(),
        }],
        network_policies: vec![NetworkPolicy {
            kind: PolicyKind::Cilium,
            name: name("rules"),
            subject: Subject::Workloads(everybody),
            isolates_ingress: true,
            isolates_egress: false,
            rules: vec![Rule {
                direction: Direction::Ingress,
                action: RuleAction::Allow,
                peers: Peers::Listed(peers.collect()),
                ports: Ports::Listed(vec![L4Match {
                    protocol: L4Protocol::Tcp,
                    port: L4Port::Range(80, last_port),
                    location: somewhere(),
                }]),
                location: somewhere(),
            }],
            location: somewhere(),
        }],
        ..Policy::default()
    };
    policy.choices.node_reaches_workloads = false;
    policy
}

fn refused(policy: &Policy) -> (&'static str, String) {
    let diagnostics = lower_within(policy, LIMITS).expect_err("it does not fit");
    let [diagnostic] = &diagnostics[..] else {
        panic!("one diagnostic: {diagnostics:?}");
    };
    (diagnostic.code, diagnostic.message.clone())
}

#[test]
fn identities() {
    // The workload's own address is one of them.
    let limits = Limits {
        entries: 1000,
        ..LIMITS
    };
    let image = lower_within(&admitting(99, 80), limits).expect("as many as the map holds");
    assert_eq!(image.sizes().identities_v4, 100);
    let (code, message) = refused(&admitting(100, 80));
    assert_eq!(code, "too-many-prefixes");
    assert_eq!(
        message,
        "the policies tell 101 IPv4 prefixes apart, more than the 100 that the map holds; the \
         CiliumNetworkPolicy default/rules names 100 of them"
    );
}

#[test]
fn entries() {
    // Two prefixes of ports for each address.
    let image = lower_within(&admitting(32, 82), LIMITS).expect("as many as the map holds");
    assert_eq!(image.sizes().policy, 64);
    let (code, message) = refused(&admitting(33, 82));
    assert_eq!(code, "too-many-policy-entries");
    assert_eq!(
        message,
        "with ingress of default/subject[Pod] the policies come to more than the 64 entries that \
         the map holds; there the CiliumNetworkPolicy default/rules alone needs at least 66"
    );
}

#[test]
fn entries_of_all_guards_together() {
    let mut policy = admitting(32, 80);
    let mut other = policy.workloads[0].clone();
    other.labels = [("app".to_owned(), "other".to_owned())].into();
    other.addresses = vec![Ipv4Addr::new(10, 0, 0, 2).into()];
    policy.workloads.push(other);
    // The other is selected by one policy more, so it has a guard of its own.
    let mut more = policy.network_policies[0].clone();
    if let Subject::Workloads(selector) = &mut more.subject {
        selector.labels = Selector(vec![crate::model::Requirement {
            key: "app".to_owned(),
            operator: crate::model::Operator::Exists,
        }]);
    }
    policy.network_policies.push(more.clone());
    let image = lower_within(&policy, LIMITS).expect("as many as the map holds");
    assert_eq!((image.guards.len(), image.sizes().policy), (2, 64));
    more.rules[0].peers = Peers::Any;
    policy.network_policies.push(more);
    assert_eq!(refused(&policy).0, "too-many-policy-entries");
}

#[test]
fn of_policies_that_need_as_much_the_first_is_named() {
    let mut policy = admitting(33, 80);
    let mut other = policy.network_policies[0].clone();
    other.name = name("others");
    // Two prefixes of ports each, none of which is the other's.
    for (rules, first, last) in [
        (&mut policy.network_policies[0], 80, 81),
        (&mut other, 90, 91),
    ] {
        rules.rules[0].ports = Ports::Listed(vec![L4Match {
            protocol: L4Protocol::Tcp,
            port: L4Port::Range(first, last),
            location: somewhere(),
        }]);
    }
    policy.network_policies.push(other);
    let (code, message) = refused(&policy);
    assert_eq!(code, "too-many-policy-entries");
    assert!(
        message.ends_with("the CiliumNetworkPolicy default/rules alone needs at least 33"),
        "{message}"
    );
}

#[test]
fn what_a_later_rule_denies_needs_no_room() {
    // Two prefixes of ports for each address, and then one deny in place of both.
    let mut policy = admitting(33, 82);
    let mut denied = policy.network_policies[0].rules[0].clone();
    denied.action = RuleAction::Deny;
    denied.ports = Ports::All;
    policy.network_policies[0].rules.push(denied);
    let image = lower_within(&policy, LIMITS).expect("33 entries");
    assert_eq!(image.sizes().policy, 33);
}

#[test]
fn rules_that_repeat_each_other_are_counted_once() {
    // Said often enough to be settled on the way.
    let mut policy = admitting(32, 82);
    let said = policy.network_policies[0].clone();
    policy.network_policies = vec![said; 9];
    let image = lower_within(&policy, LIMITS).expect("they all say the same");
    assert_eq!(image.sizes().policy, 64);
}

/// Prefixes inside each other: each means all that are inside it.
#[test]
fn overlaps() {
    let limits = Limits {
        pairs: 10,
        ..LIMITS
    };
    let mut policy = admitting(4, 80);
    let Peers::Listed(peers) = &mut policy.network_policies[0].rules[0].peers else {
        panic!("peers are listed");
    };
    for (peer, length) in peers.iter_mut().zip([8, 16, 24, 32]) {
        let prefix = Prefix::new(Ipv4Addr::new(20, 0, 0, 0).into(), length);
        peer.kind = PeerKind::Cidr(Cidr {
            prefix: prefix.expect("no host bits"),
            except: Vec::new(),
        });
    }
    lower_within(&policy, limits).expect("4 and 3 and 2 and 1");
    let fewer = Limits { pairs: 9, ..limits };
    let diagnostics = lower_within(&policy, fewer).expect_err("it is too much");
    let [diagnostic] = &diagnostics[..] else {
        panic!("one diagnostic: {diagnostics:?}");
    };
    assert_eq!(diagnostic.code, "too-many-policy-entries");
    let why = "the peers of all rules overlap so much that the policies come to more than the 64 \
               entries that the map holds; the CiliumNetworkPolicy default/rules has 4 peers";
    assert_eq!(diagnostic.message, why);
}

#[test]
fn lists_of_prefilters() {
    let list = |count| -> Vec<ListedSource> {
        let source = |prefix| ListedSource {
            prefix,
            location: somewhere(),
        };
        hosts(count).map(source).collect()
    };
    let mut policy = Policy {
        prefilters: vec![Prefilter {
            node_port: "30007/tcp".parse().expect("a port"),
            deny: Vec::new(),
            allow: list(99),
            default: DefaultAction::Drop,
            bypass_policy: false,
            location: somewhere(),
            allow_location: somewhere(),
            default_location: somewhere(),
            bypass_location: somewhere(),
        }],
        deny_list: list(1),
        ..Policy::default()
    };
    let image = lower_within(&policy, LIMITS).expect("as many as the map holds");
    assert_eq!(image.sizes().prefilter_v4, 100);
    policy.deny_list = list(2);
    let (code, message) = refused(&policy);
    assert_eq!(code, "too-many-prefixes");
    assert_eq!(
        message,
        "the prefilters have 101 IPv4 prefixes, more than the 100 that their map holds; 99 of \
         them are on this allow list"
    );
}
