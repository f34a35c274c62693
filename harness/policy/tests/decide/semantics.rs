//! One row for each point of the policy's meaning.

use netverdict_abi::Reason;
use netverdict_policy::lower::lower;
use netverdict_policy::model::{DefaultAction, Policy, RuleRef};
use netverdict_policy::oracle::{PolicyStage, PrefilterStage};

use crate::given::{
    allow, deny, for_inventory, inventory, node_port, port, prefilter, selecting, workload,
};
use crate::parties::{agreed, agreed_reason, frame, packet};

const ALLOW: Reason = Reason::PolicyAllow;
const DENY: Reason = Reason::PolicyDeny;
const DEFAULT: Reason = Reason::PolicyDefaultDeny;
const FREE: Reason = Reason::PolicyNotSelected;

/// Whether each source gets the reason at 30007/tcp.
fn check(name: &str, policy: &Policy, probes: &[(&str, Reason)]) {
    check_at(name, policy, "30007/tcp", probes);
}

fn check_at(name: &str, policy: &Policy, to: &str, probes: &[(&str, Reason)]) {
    let image = lower(policy).expect(name);
    for (source, expected) in probes {
        let probe = frame(packet(source.parse().expect(source), port(to)));
        let reason = agreed_reason(policy, &image, &probe);
        assert_eq!(reason, *expected, "{name}: {source} to {to}");
    }
}

#[test]
fn sources() {
    for (name, rules, probes) in [
        (
            "a prefix ends where it ends",
            vec![allow("10.0.0.0/8", "all")],
            &[
                ("9.255.255.255", DEFAULT),
                ("10.0.0.0", ALLOW),
                ("10.255.255.255", ALLOW),
                ("11.0.0.0", DEFAULT),
                ("2001:db8::7", DEFAULT),
            ][..],
        ),
        (
            "so does one of IPv6",
            vec![allow("2001:db8::/33", "all")],
            &[
                ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", DEFAULT),
                ("2001:db8::", ALLOW),
                ("2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", ALLOW),
                ("2001:db8:8000::", DEFAULT),
                ("32.1.13.184", DEFAULT),
            ],
        ),
        (
            "every address of one family",
            vec![allow("0.0.0.0/0", "all")],
            &[
                ("0.0.0.0", ALLOW),
                ("255.255.255.255", ALLOW),
                ("::", DEFAULT),
                ("::ffff:10.0.0.1", DEFAULT),
            ],
        ),
        (
            "a single address",
            vec![allow("10.1.2.3/32", "all")],
            &[
                ("10.1.2.2", DEFAULT),
                ("10.1.2.3", ALLOW),
                ("10.1.2.4", DEFAULT),
            ],
        ),
        (
            "ports only: everyone",
            vec![allow("any", "50051/tcp")],
            &[("10.1.2.3", ALLOW), ("2001:db8::7", ALLOW)],
        ),
        (
            "an empty rule allows nobody, and still selects",
            vec![allow("nobody", "all")],
            &[("10.1.2.3", DEFAULT), ("2001:db8::7", DEFAULT)],
        ),
        (
            "an empty list of sources too",
            vec![allow("", "all")],
            &[("10.1.2.3", DEFAULT)],
        ),
        (
            "an exception narrows its entry",
            vec![allow("10.0.0.0/8 !10.1.0.0/16", "all")],
            &[
                ("10.0.255.255", ALLOW),
                ("10.1.0.0", DEFAULT),
                ("10.1.255.255", DEFAULT),
                ("10.2.0.0", ALLOW),
            ],
        ),
        (
            "and not another entry",
            vec![allow("10.0.0.0/8 !10.1.0.0/16, 10.1.2.0/24", "all")],
            &[("10.1.1.0", DEFAULT), ("10.1.2.0", ALLOW)],
        ),
        (
            "nor a wider entry of another rule",
            vec![
                allow("10.0.0.0/8 !10.1.0.0/16", "all"),
                allow("10.0.0.0/7", "all"),
            ],
            &[("10.1.0.0", ALLOW)],
        ),
        (
            "an exception of everything",
            vec![allow("10.0.0.0/8 !10.0.0.0/8", "all")],
            &[("10.1.2.3", DEFAULT)],
        ),
        (
            "an exception inside an exception takes nothing back",
            vec![allow("10.0.0.0/8 !10.1.0.0/16 !10.1.2.0/24", "all")],
            &[
                ("10.1.2.3", DEFAULT),
                ("10.1.3.0", DEFAULT),
                ("10.2.0.0", ALLOW),
            ],
        ),
        (
            "deny beats allow",
            vec![allow("10.0.0.0/8", "all"), deny("10.1.0.0/16", "all")],
            &[("10.0.0.0", ALLOW), ("10.1.2.3", DENY)],
        ),
        (
            "also an allow that is more specific",
            vec![allow("10.1.2.0/24", "all"), deny("10.0.0.0/8", "all")],
            &[
                ("10.1.2.3", DENY),
                ("10.9.9.9", DENY),
                ("11.0.0.0", DEFAULT),
            ],
        ),
        (
            "the same prefix allowed and denied",
            vec![deny("10.0.0.0/8", "all"), allow("10.0.0.0/8", "all")],
            &[("10.1.2.3", DENY)],
        ),
        (
            "an exception of a deny leaves the allow",
            vec![
                allow("10.0.0.0/8", "all"),
                deny("10.0.0.0/8 !10.1.0.0/16", "all"),
            ],
            &[("10.0.0.1", DENY), ("10.1.2.3", ALLOW)],
        ),
        (
            "a deny alone selects",
            vec![deny("10.0.0.0/8", "all")],
            &[("10.1.2.3", DENY), ("11.0.0.0", DEFAULT)],
        ),
        (
            "a deny of nobody selects too",
            vec![deny("nobody", "all")],
            &[("10.1.2.3", DEFAULT)],
        ),
    ] {
        check(name, &inventory(vec![for_inventory(rules)]), probes);
    }
}

#[test]
fn ports_are_the_backends() {
    for (ports, expected) in [
        ("all", ALLOW),
        ("50051/tcp", ALLOW),
        ("50051/any", ALLOW),
        ("0/tcp", ALLOW),
        ("0/any", ALLOW),
        ("80/tcp, 50051/tcp", ALLOW),
        ("30007/tcp", DEFAULT),
        ("50051/udp", DEFAULT),
        ("50052/tcp", DEFAULT),
        ("0/sctp", DEFAULT),
        ("", DEFAULT),
    ] {
        let policy = inventory(vec![for_inventory(vec![allow("10.0.0.0/8", ports)])]);
        check(ports, &policy, &[("10.1.2.3", expected)]);
    }
}

#[test]
fn a_rule_about_other_ports_still_selects_and_denies_nothing() {
    let rules = vec![
        allow("10.0.0.0/8", "50051/tcp"),
        deny("10.0.0.0/8", "80/tcp"),
    ];
    check(
        "deny elsewhere",
        &inventory(vec![for_inventory(rules)]),
        &[("10.1.2.3", ALLOW)],
    );
    let rules = vec![deny("0.0.0.0/0", "80/tcp")];
    check(
        "only elsewhere",
        &inventory(vec![for_inventory(rules)]),
        &[("10.1.2.3", DEFAULT)],
    );
}

#[test]
fn policies_add_up() {
    let policy = inventory(vec![
        for_inventory(vec![allow("10.0.0.0/8", "all")]),
        for_inventory(vec![allow("11.0.0.0/8", "all"), deny("10.1.0.0/16", "all")]),
        selecting("default", "", vec![allow("12.0.0.0/8", "all")]),
    ]);
    check(
        "union, and deny across policies",
        &policy,
        &[
            ("10.0.0.1", ALLOW),
            ("11.0.0.1", ALLOW),
            ("12.0.0.1", ALLOW),
            ("10.1.0.1", DENY),
            ("13.0.0.1", DEFAULT),
        ],
    );
}

#[test]
fn selectors() {
    for (namespace, selector, expected) in [
        ("default", "app=inventory", DEFAULT),
        ("default", "", DEFAULT),
        ("default", "app=inventory tier=back", FREE),
        ("default", "app=billing", FREE),
        ("other", "app=inventory", FREE),
        ("other", "", FREE),
    ] {
        let policy = inventory(vec![selecting(
            namespace,
            selector,
            vec![allow("10.0.0.0/8", "all")],
        )]);
        check(
            &format!("{namespace} {selector}"),
            &policy,
            &[("11.0.0.0", expected)],
        );
    }
}

#[test]
fn services_and_their_neighbours() {
    let mut policy = inventory(vec![for_inventory(vec![allow("10.0.0.0/8", "all")])]);
    policy
        .workloads
        .push(workload("default", "other", "app=other"));
    policy.node_ports.push(node_port("30008/udp", 53, &[1]));
    policy.node_ports.push(node_port("30007/udp", 50051, &[0]));
    for (to, expected) in [
        ("30007/tcp", DEFAULT),
        ("30007/udp", DEFAULT),
        ("30007/sctp", Reason::UnprotectedPort),
        ("30008/udp", FREE),
        ("30008/tcp", Reason::UnprotectedPort),
        ("50051/tcp", Reason::UnprotectedPort),
    ] {
        check_at("neighbours", &policy, to, &[("198.51.100.7", expected)]);
    }
}

#[test]
fn prefilters() {
    use DefaultAction::{Drop, Pass};
    let listed = "10.0.0.0/8, 2001:db8::/32";
    for (name, default, bypass, allow_list, expected) in [
        // Inside the list and the policy, outside the list, outside both.
        (
            "strict",
            Drop,
            false,
            listed,
            [ALLOW, DEFAULT, Reason::PrefilterDefaultDrop],
        ),
        (
            "strict bypass",
            Drop,
            true,
            listed,
            [
                Reason::PrefilterAllowBypass,
                Reason::PrefilterAllowBypass,
                Reason::PrefilterDefaultDrop,
            ],
        ),
        ("lenient", Pass, false, listed, [ALLOW, DEFAULT, DEFAULT]),
        (
            "lenient bypass",
            Pass,
            true,
            listed,
            [
                Reason::PrefilterAllowBypass,
                Reason::PrefilterAllowBypass,
                Reason::PrefilterDefaultBypass,
            ],
        ),
        (
            "the incident: empty, pass, bypass",
            Pass,
            true,
            "",
            [Reason::PrefilterDefaultBypass; 3],
        ),
        (
            "empty and strict",
            Drop,
            false,
            "",
            [Reason::PrefilterDefaultDrop; 3],
        ),
    ] {
        let mut policy = inventory(vec![for_inventory(vec![allow("10.1.0.0/16", "all")])]);
        policy.prefilters = vec![prefilter("30007/tcp", allow_list, default, bypass)];
        let sources = ["10.1.0.1", "10.2.0.1", "11.0.0.1"];
        let probes: Vec<_> = sources.into_iter().zip(expected).collect();
        check(name, &policy, &probes);
    }
}

#[test]
fn a_prefilter_without_a_service() {
    let policy = Policy {
        prefilters: vec![
            prefilter("30007/tcp", "10.0.0.0/8", DefaultAction::Drop, false),
            prefilter("30008/tcp", "", DefaultAction::Pass, true),
        ],
        ..Policy::default()
    };
    check(
        "listed",
        &policy,
        &[
            ("10.0.0.1", FREE),
            ("11.0.0.1", Reason::PrefilterDefaultDrop),
        ],
    );
    check_at(
        "empty",
        &policy,
        "30008/tcp",
        &[("10.0.0.1", Reason::PrefilterDefaultBypass)],
    );
}

#[test]
fn every_rule_that_decides_alike_is_named() {
    let mut policy = inventory(vec![
        for_inventory(vec![
            allow("10.0.0.0/8, 10.1.0.0/16", "all"),
            allow("10.0.0.0/8", "80/tcp"),
        ]),
        for_inventory(vec![
            deny("192.168.0.0/16", "all"),
            allow("any", "50051/tcp"),
        ]),
    ]);
    policy.prefilters = vec![prefilter(
        "30007/tcp",
        "10.0.0.0/8, 10.1.2.0/24",
        DefaultAction::Pass,
        true,
    )];
    let image = lower(&policy).expect("a valid policy");
    let decision = |source: &str| {
        let probe = frame(packet(source.parse().expect(source), port("30007/tcp")));
        agreed(&policy, &image, &probe)
    };
    let rule = |policy, rule, entry| RuleRef::Policy {
        policy,
        rule,
        entry,
    };
    let listed = |entry| RuleRef::PrefilterAllow {
        prefilter: 0,
        entry,
    };

    // The prefilter decides, and what it masks is still told.
    let inside = decision("10.1.2.3");
    assert_eq!(inside.rules, [listed(0), listed(1)]);
    let stages = inside.stages.expect("a protected port");
    assert_eq!(stages.node_port, port("30007/tcp"));
    assert_eq!(
        stages.prefilter,
        Some(PrefilterStage {
            prefilter: 0,
            rules: vec![listed(0), listed(1)],
            passes: true,
            bypasses: true,
        })
    );
    assert_eq!(
        stages.policy,
        PolicyStage::Allowed(vec![rule(0, 0, 0), rule(0, 0, 1), rule(1, 1, 0)])
    );

    let outside = decision("192.168.0.1");
    assert_eq!(outside.reason, Reason::PrefilterDefaultBypass);
    assert_eq!(outside.rules, [RuleRef::PrefilterDefault { prefilter: 0 }]);
    let stages = outside.stages.expect("a protected port");
    assert_eq!(stages.policy, PolicyStage::Denied(vec![rule(1, 0, 0)]));

    policy.prefilters.clear();
    policy.network_policies[1].rules.pop();
    let probe = frame(packet([11, 0, 0, 1].into(), port("30007/tcp")));
    let image = lower(&policy).expect("a valid policy");
    let default = agreed(&policy, &image, &probe);
    let both = [0, 1].map(|policy| RuleRef::DefaultDeny { policy });
    assert_eq!(default.rules, both);
    let stages = default.stages.expect("a protected port");
    assert_eq!(stages.policy, PolicyStage::DefaultDenied(both.to_vec()));
}

#[test]
fn of_equal_prefixes_the_first_is_named() {
    let mut policy = inventory(vec![for_inventory(vec![allow(
        "10.0.0.0/8, 10.0.0.0/8",
        "all",
    )])]);
    policy.prefilters = vec![prefilter(
        "30007/tcp",
        "10.0.0.0/8, 10.0.0.0/8",
        DefaultAction::Drop,
        false,
    )];
    let image = lower(&policy).expect("a valid policy");
    let expected = [
        RuleRef::PrefilterDefault { prefilter: 0 },
        RuleRef::PrefilterAllow {
            prefilter: 0,
            entry: 0,
        },
        RuleRef::DefaultDeny { policy: 0 },
        RuleRef::Policy {
            policy: 0,
            rule: 0,
            entry: 0,
        },
    ];
    assert_eq!(image.rules, expected);
}
