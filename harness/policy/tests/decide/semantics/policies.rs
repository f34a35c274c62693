//! What policies amount to together: who is isolated, and what wins.

use super::*;

#[test]
fn deny_beats_allow() {
    check_rows(&[
        (
            "whatever is more specific",
            &[
                "ingress allow 10.1.2.0/24 on 80/tcp",
                "ingress deny 10.0.0.0/8 on all",
            ],
            &[
                ("10.1.2.3 > 10.0.0.10 80/tcp", DENY),
                ("11.0.0.1 > 10.0.0.10 80/tcp", NO_MATCH),
            ],
        ),
        (
            "at its own ports only",
            &[
                "ingress deny back: on 80-90/tcp",
                "ingress allow any on all",
            ],
            &[
                ("10.0.0.12 > 10.0.0.10 80/tcp", DENY),
                ("10.0.0.12 > 10.0.0.10 80/udp", ALLOW),
                ("10.0.0.12 > 10.0.0.10 91/tcp", ALLOW),
                ("10.0.0.11 > 10.0.0.10 80/tcp", ALLOW),
            ],
        ),
        (
            "of anybody, an allow of somebody",
            &[
                "ingress allow back: on 80/tcp",
                "ingress deny any on 80/tcp",
            ],
            &[
                ("10.0.0.12 > 10.0.0.10 80/tcp", DENY),
                ("10.0.0.12 > 10.0.0.10 81/tcp", NO_MATCH),
            ],
        ),
        (
            "alone it isolates, and allows nothing",
            &["ingress deny 10.0.0.0/8 on all"],
            &[
                ("10.1.2.3 > 10.0.0.10 80/tcp", DENY),
                ("11.0.0.1 > 10.0.0.10 80/tcp", DEFAULT),
            ],
        ),
        (
            "of nobody, too",
            &["ingress deny nobody on all"],
            &[("10.1.2.3 > 10.0.0.10 80/tcp", DEFAULT)],
        ),
    ]);
    let across = cluster(vec![
        kubernetes("front:app=web", &["ingress allow *: on 80/tcp"]),
        cilium("*:", &["ingress deny back: on all"]),
    ]);
    check(
        "across policies of any kind",
        &across,
        &[
            ("10.0.0.11 > 10.0.0.10 80/tcp", ALLOW),
            ("10.0.0.12 > 10.0.0.10 80/tcp", DENY),
            ("10.0.0.11 > 10.0.0.10 81/tcp", NO_MATCH),
        ],
    );
}

#[test]
fn egress() {
    check_rows(&[
        (
            "destinations, and their ports",
            &[
                "egress allow back:app=db on 5432/tcp",
                "egress allow 198.51.100.0/24 on all",
            ],
            &[
                ("10.0.0.10 > 10.0.0.12 5432/tcp", ALLOW),
                ("10.0.0.10 > 10.0.0.12 80/tcp", NO_MATCH),
                ("10.0.0.10 > 198.51.100.7 80/tcp", ALLOW),
                ("10.0.0.10 > 169.254.169.254 80/tcp", NO_MATCH),
                // It says nothing about what is received.
                ("10.0.0.12 > 10.0.0.10 80/tcp", FREE),
            ],
        ),
        (
            "named ports are the receiver's, each its own",
            &["egress allow any on http/tcp"],
            &[
                ("10.0.0.10 > 10.0.0.11 8080/tcp", ALLOW),
                ("10.0.0.10 > 10.0.0.11 80/tcp", NO_MATCH),
                ("10.0.0.10 > 10.0.0.12 80/tcp", NO_MATCH),
                ("10.0.0.10 > 198.51.100.7 80/tcp", NO_MATCH),
                // The agent's port is the node's: whose it is cannot be told.
                ("10.0.0.10 > 192.0.2.10 80/tcp", NO_MATCH),
            ],
        ),
        (
            "a workload in the node's network is the node",
            &["egress allow back:app=agent, @host on 443/tcp"],
            &[("10.0.0.10 > 192.0.2.10 443/tcp", ALLOW)],
        ),
        (
            "and no workload",
            &["egress allow back:app=agent, *: on 443/tcp"],
            &[("10.0.0.10 > 192.0.2.10 443/tcp", NO_MATCH)],
        ),
        (
            "the metadata address, by an exception",
            &["egress allow 0.0.0.0/0 !169.254.169.254/32 on all"],
            &[
                ("10.0.0.10 > 169.254.169.254 80/tcp", NO_MATCH),
                ("10.0.0.10 > 169.254.169.253 80/tcp", ALLOW),
            ],
        ),
        (
            "names only in IPv4 say nothing of IPv6",
            &["egress allow 0.0.0.0/0 on all"],
            &[("fd00::a > 2001:db8:bad::7 80/tcp", NO_MATCH)],
        ),
    ]);
}

/// Who is isolated: a policy selects, and says so.
#[test]
fn isolation() {
    let from = "10.0.0.11 > 10.0.0.10 80/tcp";
    let to = "10.0.0.10 > 10.0.0.11 80/tcp";
    let isolating = |ingress, egress, rules: &[&str]| NetworkPolicy {
        isolates_ingress: ingress,
        isolates_egress: egress,
        ..kubernetes("front:app=web", rules)
    };
    for (name, network_policy, received, sent) in [
        (
            "no rules, ingress",
            isolating(true, false, &[]),
            DEFAULT,
            FREE,
        ),
        (
            "no rules, egress",
            isolating(false, true, &[]),
            FREE,
            DEFAULT,
        ),
        (
            "no rules, neither",
            isolating(false, false, &[]),
            FREE,
            FREE,
        ),
        (
            "a rule, and no default deny",
            isolating(false, false, &["ingress allow back: on all"]),
            FREE,
            FREE,
        ),
        (
            "an allow without default deny still allows",
            isolating(false, false, &["ingress allow front: on all"]),
            ALLOW,
            FREE,
        ),
        (
            "a deny without default deny still denies",
            isolating(false, false, &["ingress deny front: on all"]),
            DENY,
            FREE,
        ),
        (
            "an ingress rule, egress isolated without one",
            isolating(true, true, &["ingress allow front: on all"]),
            ALLOW,
            DEFAULT,
        ),
    ] {
        check(
            name,
            &cluster(vec![network_policy]),
            &[(from, received), (to, sent)],
        );
    }
}

#[test]
fn subjects() {
    let from = "10.0.0.11 > 10.0.0.10 80/tcp";
    for (subject, expected) in [
        ("front:", DEFAULT),
        ("*:", DEFAULT),
        ("front:app=web", DEFAULT),
        ("front:app=api", FREE),
        ("back:app=web", FREE),
        ("{team=a}:tier=edge", DEFAULT),
        ("{team=b}:tier=edge", FREE),
    ] {
        let policy = cluster(vec![cilium(subject, &["ingress allow nobody on all"])]);
        check(subject, &policy, &[(from, expected)]);
    }
    let of_nodes = NetworkPolicy {
        subject: Subject::Nodes(Selector::default()),
        ..cilium("*:", &["ingress deny any on all"])
    };
    check(
        "nodes are not workloads",
        &cluster(vec![of_nodes]),
        &[(from, FREE)],
    );
}

#[test]
fn policies_add_up() {
    let policy = cluster(vec![
        kubernetes("front:app=web", &["ingress allow front:app=api on 80/tcp"]),
        kubernetes("front:", &["ingress allow back: on 81/tcp"]),
        kubernetes("front:app=api", &["ingress allow any on all"]),
    ]);
    check(
        "union",
        &policy,
        &[
            ("10.0.0.11 > 10.0.0.10 80/tcp", ALLOW),
            ("10.0.0.12 > 10.0.0.10 81/tcp", ALLOW),
            ("10.0.0.12 > 10.0.0.10 80/tcp", NO_MATCH),
            ("198.51.100.7 > 10.0.0.10 80/tcp", NO_MATCH),
        ],
    );
    // One that isolates is enough, and one that allows too.
    let policy = cluster(vec![
        kubernetes("front:", &["ingress allow nobody on all"]),
        NetworkPolicy {
            isolates_ingress: false,
            ..cilium("front:app=web", &["ingress allow back: on all"])
        },
    ]);
    check(
        "isolation and rules of two policies",
        &policy,
        &[
            ("10.0.0.12 > 10.0.0.10 80/tcp", ALLOW),
            ("10.0.0.11 > 10.0.0.10 80/tcp", NO_MATCH),
        ],
    );
}
