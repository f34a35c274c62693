//! Changes do to a policy what they say.

use super::*;
use crate::model::{Cidr, Peer, PeerKind, Peers, Ports};

fn prefixes(texts: &[&str]) -> Vec<Prefix> {
    let parsed = texts.iter().map(|text| text.parse().expect("a prefix"));
    parsed.collect()
}

/// A policy with one rule, about a prefix with exceptions, and a deny list.
fn with(prefix: &str, except: &[&str], deny_list: &[&str]) -> Policy {
    let rule = Rule {
        direction: Direction::Ingress,
        action: RuleAction::Allow,
        peers: Peers::Listed(vec![Peer {
            kind: PeerKind::Cidr(Cidr {
                prefix: prefix.parse().expect("a prefix"),
                except: prefixes(except),
            }),
            location: nowhere(),
        }]),
        ports: Ports::All,
        location: nowhere(),
    };
    let mut draw = Draw::replayed(Vec::new());
    let empty = Policy::default();
    Policy {
        deny_list: prefixes(deny_list).into_iter().map(listed).collect(),
        network_policies: vec![NetworkPolicy {
            rules: vec![rule],
            ..rules::network_policy(&mut draw, &empty, 0)
        }],
        ..empty
    }
}

/// The deny list, and the peers of the only rule with their exceptions.
fn said(policy: &Policy) -> (Vec<Prefix>, Vec<(Prefix, Vec<Prefix>)>) {
    let listed = policy.deny_list.iter().map(|listed| listed.prefix);
    let Peers::Listed(peers) = &policy.network_policies[0].rules[0].peers else {
        panic!("the rule lists its peers");
    };
    let cidrs = peers.iter().map(|peer| match &peer.kind {
        PeerKind::Cidr(cidr) => (cidr.prefix, cidr.except.clone()),
        other => panic!("no CIDR: {other:?}"),
    });
    (listed.collect(), cidrs.collect())
}

#[test]
fn halves_keep_their_exceptions() {
    let policy = with("10.0.0.0/8", &["10.0.0.0/9", "10.128.0.0/32"], &[]);
    let changed = Change::Halve(Some(1)).of(&policy).expect("it changes");
    let (_, peers) = said(&changed);
    let high = prefixes(&["10.128.0.0/9"])[0];
    assert_eq!(peers, [(high, prefixes(&["10.128.0.0/32"]))]);
}

#[test]
fn one_prefix_is_halved_or_all_are() {
    let policy = with("::/0", &[], &["192.0.2.1/32", "192.0.2.0/31"]);
    for (which, listed, peers) in [
        (
            Some(0),
            &["192.0.2.1/32", "192.0.2.0/32", "192.0.2.1/32"][..],
            &["::/0"][..],
        ),
        (
            Some(1),
            &["192.0.2.1/32", "192.0.2.0/31"],
            &["::/1", "8000::/1"],
        ),
        (
            None,
            &["192.0.2.1/32", "192.0.2.0/32", "192.0.2.1/32"],
            &["::/1", "8000::/1"],
        ),
    ] {
        let changed = Change::Halve(which).of(&policy).expect("it changes");
        let (denied, cidrs) = said(&changed);
        let cidrs: Vec<Prefix> = cidrs.into_iter().map(|(prefix, _)| prefix).collect();
        assert_eq!((denied, cidrs), (prefixes(listed), prefixes(peers)));
    }
    let hosts = with("192.0.2.1/32", &[], &["::1/128"]);
    assert_eq!(Change::Halve(None).of(&hosts), None);
}

#[test]
fn aggregation_leaves_the_fewest() {
    let policy = with(
        "192.0.2.0/30",
        &["192.0.2.1/32", "192.0.2.1/32"],
        &[
            "10.0.0.1/32",
            "10.0.0.0/32",
            "10.0.0.2/31",
            "10.0.0.3/32",
            "::/1",
            "8000::/1",
        ],
    );
    let changed = Change::Aggregate.of(&policy).expect("it changes");
    let (denied, cidrs) = said(&changed);
    assert_eq!(denied, prefixes(&["10.0.0.0/30", "::/0"]));
    let expected = prefixes(&["192.0.2.0/32", "192.0.2.2/31"]).into_iter();
    assert_eq!(
        cidrs,
        expected.map(|prefix| (prefix, vec![])).collect::<Vec<_>>()
    );
    assert_eq!(Change::Aggregate.of(&changed), None);
}

#[test]
fn nothing_gets_lost_in_another_order() {
    let list = ["10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/32", "10.0.0.4/32"];
    let policy = with("::/0", &[], &list);
    let changed = Change::Reorder { seed: 1 }.of(&policy).expect("it changes");
    let (mut denied, _) = said(&changed);
    denied.sort_unstable();
    assert_eq!(denied, prefixes(&list));
}

/// Rules of Kubernetes only allow, and in directions in which they isolate.
#[test]
fn what_a_kind_cannot_say_is_not_added() {
    for seed in 0..400 {
        let mut draw = Draw::seeded(seed);
        let policy = super::super::policy(&mut draw);
        let changes = [
            Change::deny(&mut draw, &policy),
            Change::allow(&mut draw, &policy),
        ];
        for change in changes {
            let changed = change.of(&policy).expect("something is added");
            for rules in &changed.network_policies {
                assert!(
                    rules.rules.iter().all(|rule| may_say(rules, rule)),
                    "{change:?}"
                );
            }
        }
    }
}
