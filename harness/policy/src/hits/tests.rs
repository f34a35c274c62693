use std::sync::Arc;

use netverdict_abi::Reason;

use super::*;
use crate::diagnostic::{Location, SourceFile};
use crate::journey::Point;
use crate::model::{
    DefaultAction, EndpointSelector, ListedSource, Namespaces, NetworkPolicy, ObjectName, Peers,
    Policy, PolicyKind, Ports, Prefilter, Rule, RuleAction, Selector, Subject,
};

const FIRST: RuleRef = RuleRef::DenyList { entry: 0 };
const SECOND: RuleRef = RuleRef::DenyList { entry: 1 };
const OTHER: RuleRef = RuleRef::PrefilterDefault { prefilter: 0 };

fn decision(rules: &[RuleRef]) -> Decision {
    Decision {
        point: Point::Uplink,
        reason: Reason::PrefilterDeny,
        rules: rules.to_vec(),
        proposed: None,
        stage: None,
    }
}

/// What the oracle lists and what is named, hook by hook; then how often each of three
/// rules is counted as named, and as beside.
#[test]
fn a_frame_counts_once_for_what_is_named_and_for_what_decides_alike() {
    type Hooks<'h> = &'h [(&'h [RuleRef], Option<RuleRef>)];
    type Counts = [(u64, u64); 3];
    let rows: [(Hooks<'_>, Counts); 7] = [
        (&[], [(0, 0), (0, 0), (0, 0)]),
        (&[(&[FIRST], Some(FIRST))], [(1, 0), (0, 0), (0, 0)]),
        (
            &[(&[FIRST, SECOND], Some(SECOND))],
            [(0, 1), (1, 0), (0, 0)],
        ),
        // Nothing is named, though the oracle has rules: nothing is known.
        (&[(&[FIRST], None)], [(0, 0), (0, 0), (0, 0)]),
        // Whoever names a wrong rule says nothing about the right ones.
        (&[(&[FIRST, SECOND], Some(OTHER))], [(0, 0), (0, 0), (1, 0)]),
        // The same rule at two hooks is one frame.
        (
            &[(&[FIRST], Some(FIRST)), (&[FIRST], Some(FIRST))],
            [(1, 0), (0, 0), (0, 0)],
        ),
        // Named at one hook, and alike at the other: named.
        (
            &[(&[FIRST, SECOND], Some(FIRST)), (&[SECOND], Some(SECOND))],
            [(1, 0), (1, 0), (0, 0)],
        ),
    ];
    for (hooks, expected) in rows {
        let mut hits = Hits::default();
        let decisions: Vec<Decision> = hooks.iter().map(|(rules, _)| decision(rules)).collect();
        let named = hooks.iter().map(|(_, named)| *named);
        hits.take(7, decisions.iter().zip(named));
        let counted = [FIRST, SECOND, OTHER].map(|rule| {
            let hit = hits.rule(rule).cloned().unwrap_or_default();
            let any = hit.named + hit.beside > 0;
            assert_eq!(hit.probes.contains(&7), any, "{hooks:?}");
            (hit.named, hit.beside)
        });
        assert_eq!(counted, expected, "{hooks:?}");
    }
}

#[test]
fn an_entry_that_is_found_twice_for_a_frame_counts_once() {
    let mut hits = Hits::default();
    hits.find([Key::Default(0), Key::Default(0), Key::Default(1)]);
    hits.find([Key::Default(1)]);
    let found = [0, 1, 2].map(|guard| hits.found(Key::Default(guard)));
    assert_eq!(found, [1, 2, 0]);
}

/// So many prefixes of a file.
fn listed(file: &str, count: u8) -> Vec<ListedSource> {
    let file = Arc::new(SourceFile {
        path: file.to_owned(),
        text: "\n".repeat(300),
    });
    (0..count)
        .map(|at| ListedSource {
            prefix: format!("10.{at}.0.0/16").parse().expect("a prefix"),
            location: Location::new(&file, usize::from(at), 0),
        })
        .collect()
}

fn prefilter(deny: Vec<ListedSource>, allow: Vec<ListedSource>) -> Prefilter {
    let place = || listed("scenario.yaml", 1).remove(0).location;
    Prefilter {
        node_port: "30007/tcp".parse().expect("a port"),
        deny,
        allow,
        default: DefaultAction::Drop,
        bypass_policy: false,
        location: place(),
        allow_location: place(),
        default_location: place(),
        bypass_location: place(),
    }
}

/// Of each list by files: how many units of how many rules.
#[test]
fn long_lists_count_as_one_rule_by_file() {
    type Files<'f> = &'f [(&'f str, u8)];
    let rows: [(Files<'_>, &[usize]); 5] = [
        (&[], &[]),
        (&[("a", 3)], &[1, 1, 1]),
        (&[("a", 20)], &[1; 20]),
        (&[("a", 21)], &[21]),
        // A short part of a long list stays line by line, where it stood.
        (&[("b", 2), ("a", 200)], &[1, 1, 200]),
    ];
    for (files, expected) in rows {
        let list = || -> Vec<ListedSource> {
            let files = files.iter();
            files
                .flat_map(|(file, count)| listed(file, *count))
                .collect()
        };
        let policy = Policy {
            deny_list: list(),
            prefilters: vec![prefilter(list(), list())],
            ..Policy::default()
        };
        let sizes: Vec<usize> = (units(&policy).iter())
            .map(|unit| match unit {
                Unit::Line(_) => 1,
                Unit::List(rules) => rules.len(),
            })
            .collect();
        let default = [1];
        let expected: Vec<usize> = [expected, expected, expected, &default].concat();
        assert_eq!(sizes, expected, "{files:?}");
    }
}

#[test]
fn a_policy_has_its_peers_and_the_default_denies_that_it_asks_for() {
    let place = || listed("policy.yaml", 1).remove(0).location;
    let rule = |peers: Peers| Rule {
        direction: crate::model::Direction::Ingress,
        action: RuleAction::Allow,
        peers,
        ports: Ports::All,
        location: place(),
    };
    for (isolates_ingress, isolates_egress, defaults) in [
        (false, false, 0),
        (true, false, 1),
        (false, true, 1),
        (true, true, 1),
    ] {
        let network_policy = NetworkPolicy {
            kind: PolicyKind::Cilium,
            name: ObjectName {
                namespace: "default".to_owned(),
                name: "policy".to_owned(),
            },
            subject: Subject::Workloads(EndpointSelector {
                namespaces: Namespaces::All,
                labels: Selector::default(),
            }),
            isolates_ingress,
            isolates_egress,
            // A rule about nobody is none.
            rules: vec![rule(Peers::Any), rule(Peers::Listed(Vec::new()))],
            location: place(),
        };
        let policy = Policy {
            network_policies: vec![network_policy],
            ..Policy::default()
        };
        let any = RuleRef::Policy {
            policy: 0,
            rule: 0,
            peer: 0,
        };
        let default = RuleRef::DefaultDeny { policy: 0 };
        let expected: Vec<Unit> = [any, default].into_iter().map(Unit::Line).collect();
        assert_eq!(units(&policy), expected[..=defaults]);
    }
}
