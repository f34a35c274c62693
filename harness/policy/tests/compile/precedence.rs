//! Which of several rules wins, and which is named.

use netverdict_abi::Reason;
use netverdict_policy::image::{GuardImage, IdentityId, L4Prefix, MapImage, PolicyEntry, Verdict};
use netverdict_policy::journey::Point;
use netverdict_policy::lower::lower;
use netverdict_policy::model::{
    Direction, Entity, L4Port, L4Protocol, Peers, Policy, Ports, Rule, RuleAction, RuleRef,
};

use crate::given::{
    about, allow, cidr, deny, entity, judged, l4, listed, node_alone, rule, tcp, to_tcp, workload,
    workloads,
};

fn policy(rules: Vec<Rule>) -> Policy {
    let mut policy = node_alone();
    policy.workloads = vec![
        workload("subject", "app=subject", "10.0.0.1"),
        workload("other", "app=other", "10.0.0.2"),
    ];
    policy.choices.node_reaches_workloads = false;
    policy.network_policies = vec![about("app=subject", rules)];
    policy
}

/// The one guard of the subject, and its image.
fn compiled(rules: Vec<Rule>) -> (GuardImage, MapImage) {
    let image = lower(&policy(rules)).expect("a small policy");
    let [guard] = &image.guards[..] else {
        panic!("one guard");
    };
    (guard.clone(), image)
}

/// Entries as `who ports: verdict by rule`.
fn entries(rules: Vec<Rule>) -> Vec<String> {
    let (guard, image) = compiled(rules);
    let line = |(key, verdict): (&PolicyEntry, &Verdict)| {
        let who = match key.identity {
            None => "anybody".to_owned(),
            Some(IdentityId(number)) => format!("{number}"),
        };
        let ports = match key.l4 {
            L4Prefix::All => "all".to_owned(),
            L4Prefix::Ports {
                protocol,
                port,
                bits,
            } => format!("{protocol}:{port}/{bits}"),
        };
        let (word, rule) = match verdict {
            Verdict::Allow(rule) => ("allow", rule),
            Verdict::Deny(rule) => ("deny", rule),
            Verdict::NoMatch => panic!("policies say something or nothing"),
        };
        let Some(RuleRef::Policy { rule, peer, .. }) = image.rule(*rule) else {
            panic!("a rule of the policy");
        };
        format!("{who} {ports}: {word} by {rule}.{peer}")
    };
    guard.entries.iter().map(line).collect()
}

#[test]
fn nothing_is_left_below_a_deny() {
    let any = || Peers::Any;
    for (rules, expected) in [
        // Above, below, beside and equal.
        (
            vec![allow(any(), tcp(80, 80)), deny(any(), Ports::All)],
            &["anybody all: deny by 1.0"][..],
        ),
        (
            vec![allow(any(), Ports::All), deny(any(), tcp(80, 80))],
            &["anybody all: allow by 0.0", "anybody 6:80/16: deny by 1.0"],
        ),
        (
            vec![allow(any(), tcp(80, 80)), deny(any(), tcp(80, 80))],
            &["anybody 6:80/16: deny by 1.0"],
        ),
        (
            vec![allow(any(), tcp(80, 81)), deny(any(), tcp(81, 81))],
            &[
                "anybody 6:80/15: allow by 0.0",
                "anybody 6:81/16: deny by 1.0",
            ],
        ),
        (
            vec![allow(any(), tcp(81, 81)), deny(any(), tcp(80, 83))],
            &["anybody 6:80/14: deny by 1.0"],
        ),
        // A deny inside a deny says nothing new; an allow inside an allow names.
        (
            vec![deny(any(), tcp(80, 80)), deny(any(), tcp(80, 81))],
            &["anybody 6:80/15: deny by 1.0"],
        ),
        (
            vec![allow(any(), tcp(80, 81)), allow(any(), tcp(80, 80))],
            &[
                "anybody 6:80/15: allow by 0.0",
                "anybody 6:80/16: allow by 1.0",
            ],
        ),
        // Of equals the first is named.
        (
            vec![allow(any(), tcp(80, 80)), allow(any(), tcp(80, 80))],
            &["anybody 6:80/16: allow by 0.0"],
        ),
    ] {
        assert_eq!(entries(rules), expected);
    }
}

#[test]
fn anybody_has_one_entry_and_not_one_for_each_identity() {
    let everybody = listed([entity(Entity::All)]);
    for peers in [Peers::Any, everybody] {
        let rules = vec![
            allow(peers, tcp(80, 80)),
            allow(
                listed([workloads("app=other"), cidr("198.51.100.0/24")]),
                tcp(81, 81),
            ),
        ];
        let (guard, _) = compiled(rules);
        let of_anybody = guard
            .entries
            .keys()
            .filter(|key| key.identity.is_none())
            .count();
        assert_eq!((of_anybody, guard.entries.len()), (1, 3));
    }
}

#[test]
fn every_protocol_of_any() {
    let any_port = || Ports::Listed(vec![l4(L4Protocol::AnyWithPorts, L4Port::Range(53, 53))]);
    assert_eq!(
        entries(vec![allow(Peers::Any, any_port())]),
        [
            "anybody 6:53/16: allow by 0.0",
            "anybody 17:53/16: allow by 0.0",
            "anybody 132:53/16: allow by 0.0",
        ]
    );
    let icmp = Ports::Listed(vec![
        l4(L4Protocol::Icmp, L4Port::Range(8, 8)),
        l4(L4Protocol::Icmpv6, L4Port::All),
    ]);
    assert_eq!(
        entries(vec![allow(Peers::Any, icmp)]),
        [
            "anybody 1:8/16: allow by 0.0",
            "anybody 58:0/0: allow by 0.0"
        ]
    );
}

#[test]
fn a_deny_of_anybody_beats_an_allow_of_somebody_and_the_other_way_round() {
    let other = || listed([workloads("app=other")]);
    for (rules, named) in [
        (
            vec![allow(other(), tcp(80, 80)), deny(Peers::Any, Ports::All)],
            1,
        ),
        (
            vec![deny(other(), Ports::All), allow(Peers::Any, tcp(80, 80))],
            0,
        ),
    ] {
        let (_, image) = compiled(rules);
        let judged = judged(
            &image,
            Point::Ingress(0),
            "10.0.0.2",
            "10.0.0.1",
            to_tcp(80),
        );
        let by = RuleRef::Policy {
            policy: 0,
            rule: named,
            peer: 0,
        };
        assert_eq!(judged, (Reason::PolicyDeny, Some(by)));
    }
}

#[test]
fn the_node_reaches_workloads_unless_denied() {
    let from_node = |choice, rules| {
        let mut policy = policy(rules);
        policy.choices.node_reaches_workloads = choice;
        let image = lower(&policy).expect("a small policy");
        judged(
            &image,
            Point::Ingress(0),
            "192.0.2.1",
            "10.0.0.1",
            to_tcp(80),
        )
    };
    let nobody = || vec![allow(Peers::Listed(Vec::new()), Ports::All)];
    let default_deny = Some(RuleRef::DefaultDeny { policy: 0 });
    let no_line = Some(RuleRef::NodeReachesWorkloads);
    assert_eq!(from_node(true, nobody()), (Reason::PolicyAllow, no_line));
    assert_eq!(
        from_node(false, nobody()),
        (Reason::PolicyDefaultDeny, default_deny)
    );
    let host = || listed([entity(Entity::Host)]);
    let denied = from_node(true, vec![deny(host(), tcp(80, 80))]);
    assert_eq!(denied.0, Reason::PolicyDeny);
    let beside = from_node(true, vec![deny(host(), tcp(81, 81))]);
    assert_eq!(beside, (Reason::PolicyAllow, no_line));
    // Nobody else comes in by it, and nothing goes out.
    let mut policy = policy(vec![rule(
        Direction::Egress,
        RuleAction::Allow,
        Peers::Listed(Vec::new()),
        Ports::All,
    )]);
    policy.choices.node_reaches_workloads = true;
    let image = lower(&policy).expect("a small policy");
    let out = judged(
        &image,
        Point::Egress(0),
        "10.0.0.1",
        "192.0.2.1",
        to_tcp(80),
    );
    assert_eq!(out, (Reason::PolicyDefaultDeny, default_deny));
}

#[test]
fn whether_anything_is_allowed_goes_by_what_rules_say() {
    let nobody = || Peers::Listed(Vec::new());
    let nothing = || Ports::Listed(Vec::new());
    let somebody_gone = || listed([workloads("app=gone")]);
    for (rules, allows) in [
        (vec![allow(nobody(), Ports::All)], false),
        (vec![allow(Peers::Any, nothing())], false),
        (vec![deny(Peers::Any, tcp(80, 80))], false),
        (vec![allow(somebody_gone(), Ports::All)], true),
        (
            vec![allow(Peers::Any, tcp(80, 80)), deny(Peers::Any, Ports::All)],
            true,
        ),
        (
            vec![allow(listed([entity(Entity::None)]), Ports::All)],
            true,
        ),
    ] {
        let what = format!("{rules:?}");
        assert_eq!(compiled(rules).0.allows, allows, "{what}");
    }
}

#[test]
fn default_deny_is_the_first_policys_that_asks_for_it() {
    let mut policy = policy(vec![allow(Peers::Any, tcp(80, 80))]);
    policy.network_policies[0].isolates_ingress = false;
    let unguarded = lower(&policy).expect("a small policy");
    assert_eq!(unguarded.guards[0].default_deny, None);
    let isolating = about("app=subject", vec![allow(Peers::Any, tcp(81, 81))]);
    policy
        .network_policies
        .extend([isolating.clone(), isolating]);
    let image = lower(&policy).expect("a small policy");
    let rule = image.guards[0]
        .default_deny
        .and_then(|rule| image.rule(rule));
    assert_eq!(rule, Some(RuleRef::DefaultDeny { policy: 1 }));
}

#[test]
fn the_image_is_the_same_every_time() {
    let rules = || {
        let prefixes = (0..50).map(|n| cidr(&format!("198.51.{n}.0/24 198.51.{n}.128/25")));
        vec![
            allow(listed(prefixes), tcp(1, 65535)),
            deny(
                listed([workloads("app=other"), entity(Entity::World)]),
                tcp(80, 90),
            ),
        ]
    };
    let (_, first) = compiled(rules());
    for _ in 0..5 {
        assert_eq!(compiled(rules()).1, first);
    }
}
