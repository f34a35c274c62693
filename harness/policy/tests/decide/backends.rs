//! Services with several backends.

use std::cell::Cell;
use std::net::IpAddr;

use netverdict_abi::Verdict;
use netverdict_policy::lower::lower;
use netverdict_policy::model::{NodePort, Policy};
use netverdict_policy::oracle::decide;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::arb;
use crate::arb::prefix::boundaries;
use crate::given::{allow, deny, for_inventory, inventory, selecting, workload};
use crate::parties::{frame, packet};

/// What the oracle says of one backend alone, without prefilters.
fn verdict(policy: &Policy, node_port: &NodePort, backend: usize, source: IpAddr) -> Verdict {
    let alone = Policy {
        node_ports: vec![NodePort {
            backends: vec![backend],
            ..node_port.clone()
        }],
        prefilters: Vec::new(),
        ..policy.clone()
    };
    decide(&alone, &frame(packet(source, node_port.node_port))).verdict()
}

fn backends_agree(policy: &Policy, node_port: &NodePort) -> bool {
    let sources = boundaries(&arb::policy::prefixes(policy));
    sources.into_iter().all(|source| {
        let mut verdicts =
            (node_port.backends.iter()).map(|backend| verdict(policy, node_port, *backend, source));
        let first = verdicts.next().expect("at least one backend");
        verdicts.all(|verdict| verdict == first)
    })
}

#[test]
fn a_service_is_refused_exactly_if_its_backends_differ() {
    let (refused, taken) = (Cell::new(0), Cell::new(0));
    TestRunner::new(arb::config(400))
        .run(&arb::policy::policy(), |policy| {
            let mut expected: Vec<&NodePort> = (policy.node_ports.iter())
                .filter(|node_port| !backends_agree(&policy, node_port))
                .collect();
            expected.sort_by_key(|node_port| node_port.node_port);
            match lower(&policy) {
                Ok(_) => {
                    if policy.node_ports.iter().any(|one| one.backends.len() > 1) {
                        taken.set(taken.get() + 1);
                    }
                    prop_assert!(expected.is_empty(), "taken, but {expected:?} differ");
                }
                Err(diagnostics) => {
                    refused.set(refused.get() + 1);
                    prop_assert_eq!(diagnostics.len(), expected.len());
                    for (diagnostic, node_port) in diagnostics.iter().zip(expected) {
                        prop_assert_eq!(diagnostic.code, "backends-differ");
                        let port = node_port.node_port.to_string();
                        prop_assert!(diagnostic.message.contains(&port), "{}", diagnostic.message);
                        prop_assert_eq!(diagnostic.labels.len(), 3);
                    }
                }
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let (refused, taken) = (refused.get(), taken.get());
    assert!(
        refused >= 20 && taken >= 20,
        "{refused} refused, {taken} taken"
    );
}

#[test]
fn the_first_address_that_tells_them_apart_is_named() {
    let of = |rules| selecting("default", "app=twin", rules);
    for (name, first, second, expected) in [
        (
            "one guarded, one not",
            vec![allow("10.0.0.0/8", "all")],
            None,
            Some("default/inventory refuses 0.0.0.0, default/twin admits it"),
        ),
        (
            "unguarded, and guarded by a rule for everyone",
            vec![allow("0.0.0.0/0, ::/0", "all")],
            None,
            None,
        ),
        (
            "one prefix, or its halves",
            vec![allow("10.0.0.0/8", "all")],
            Some(vec![allow("10.0.0.0/9, 10.128.0.0/9", "all")]),
            None,
        ),
        (
            "a denied source, or one that is not allowed",
            vec![allow("10.0.0.0/8", "all"), deny("10.0.0.0/9", "all")],
            Some(vec![allow("10.0.0.0/8 !10.0.0.0/9", "all")]),
            None,
        ),
        (
            "one hole too many",
            vec![allow("10.0.0.0/8 !10.1.0.0/16", "all")],
            Some(vec![allow("10.0.0.0/8", "all")]),
            Some("default/inventory refuses 10.1.0.0, default/twin admits it"),
        ),
        (
            "a longer reach",
            vec![allow("10.0.0.0/7", "all")],
            Some(vec![allow("10.0.0.0/8", "all")]),
            Some("default/inventory admits 11.0.0.0, default/twin refuses it"),
        ),
        (
            "the end of the address space",
            vec![allow("255.0.0.0/8 !255.255.255.255/32", "all")],
            Some(vec![allow("255.0.0.0/8", "all")]),
            Some("default/inventory refuses 255.255.255.255, default/twin admits it"),
        ),
        (
            "the other family",
            vec![allow("10.0.0.0/8, ffff::/16", "all")],
            Some(vec![allow("10.0.0.0/8", "all")]),
            Some("default/inventory admits ffff::, default/twin refuses it"),
        ),
        (
            "rules about other ports",
            vec![
                allow("10.0.0.0/8", "50051/tcp"),
                allow("11.0.0.0/8", "80/tcp"),
            ],
            Some(vec![allow("10.0.0.0/8", "50051/tcp")]),
            None,
        ),
    ] {
        let mut policy = inventory(vec![for_inventory(first)]);
        policy
            .workloads
            .push(workload("default", "twin", "app=twin"));
        policy.network_policies.extend(second.map(of));
        policy.node_ports[0].backends = vec![0, 1];
        let message = lower(&policy)
            .err()
            .map(|diagnostics| diagnostics[0].message.clone());
        let expected = expected.map(|differing| {
            format!("the backends of default/service at 30007/tcp do not agree: {differing}")
        });
        assert_eq!(message, expected, "{name}");
    }
}
