//! Prefixes, and addresses inside the cluster.

use super::*;

#[test]
fn prefixes() {
    check_rows(&[
        (
            "a prefix ends where it ends",
            &["ingress allow 198.51.0.0/16 on all"],
            &[
                ("198.50.255.255 > 10.0.0.10 80/tcp", NO_MATCH),
                ("198.51.0.0 > 10.0.0.10 80/tcp", ALLOW),
                ("198.51.255.255 > 10.0.0.10 80/tcp", ALLOW),
                ("198.52.0.0 > 10.0.0.10 80/tcp", NO_MATCH),
            ],
        ),
        (
            "so does one of IPv6",
            &["ingress allow 2001:db8:8000::/33 on all"],
            &[
                (
                    "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff > fd00::a 80/tcp",
                    NO_MATCH,
                ),
                ("2001:db8:8000:: > fd00::a 80/tcp", ALLOW),
                ("2001:db9:: > fd00::a 80/tcp", NO_MATCH),
            ],
        ),
        (
            "everything of one family, but the cluster",
            &["ingress allow 0.0.0.0/0 on all"],
            &[
                ("0.0.0.0 > 10.0.0.10 80/tcp", ALLOW),
                ("255.255.255.255 > 10.0.0.10 80/tcp", ALLOW),
                ("::ffff:198.51.100.7 > fd00::a 80/tcp", NO_MATCH),
                // Prefixes are about addresses outside.
                ("10.0.0.12 > 10.0.0.10 80/tcp", NO_MATCH),
                ("192.0.2.11 > 10.0.0.10 80/tcp", NO_MATCH),
                ("192.0.2.12 > 10.0.0.10 80/tcp", NO_MATCH),
                ("10.0.0.200 > 10.0.0.10 80/tcp", NO_MATCH),
                // An API server that is no node is outside.
                ("203.0.113.6 > 10.0.0.10 80/tcp", ALLOW),
            ],
        ),
        (
            "an exception narrows its entry",
            &["ingress allow 10.0.0.0/8 !10.1.0.0/16 !10.1.2.0/24 on all"],
            &[
                ("10.0.255.255 > 10.0.0.10 80/tcp", ALLOW),
                ("10.1.0.0 > 10.0.0.10 80/tcp", NO_MATCH),
                ("10.1.2.3 > 10.0.0.10 80/tcp", NO_MATCH),
                ("10.2.0.0 > 10.0.0.10 80/tcp", ALLOW),
            ],
        ),
        (
            "and no other entry, nor another rule",
            &[
                "ingress allow 10.0.0.0/8 !10.1.0.0/16, 10.1.2.0/24 on all",
                "ingress allow 10.1.3.0/24 on all",
            ],
            &[
                ("10.1.1.0 > 10.0.0.10 80/tcp", NO_MATCH),
                ("10.1.2.0 > 10.0.0.10 80/tcp", ALLOW),
                ("10.1.3.0 > 10.0.0.10 80/tcp", ALLOW),
            ],
        ),
        (
            "an exception of a deny leaves the allow",
            &[
                "ingress allow 10.0.0.0/8 on all",
                "ingress deny 10.0.0.0/8 !10.1.0.0/16 on all",
            ],
            &[
                ("10.2.0.0 > 10.0.0.10 80/tcp", DENY),
                ("10.1.0.0 > 10.0.0.10 80/tcp", ALLOW),
            ],
        ),
        (
            "a longer prefix takes nothing from a shorter one",
            &[
                "ingress allow 10.0.0.0/8 on 80/tcp",
                "ingress allow 10.1.0.0/16 on 81/tcp",
            ],
            &[
                ("10.1.0.0 > 10.0.0.10 80/tcp", ALLOW),
                ("10.1.0.0 > 10.0.0.10 81/tcp", ALLOW),
                ("10.2.0.0 > 10.0.0.10 81/tcp", NO_MATCH),
            ],
        ),
    ]);
}

/// Whether prefixes are about workloads and nodes, by kind of policy.
#[test]
fn prefixes_and_addresses_inside() {
    let none = Choices {
        ip_blocks_match_workloads: false,
        cidrs_match_workloads: false,
        cidrs_match_nodes: false,
        node_reaches_workloads: false,
    };
    let of_cilium = || cilium("front:app=web", &["ingress allow 0.0.0.0/0 on all"]);
    let of_kubernetes = || kubernetes("front:app=web", &["ingress allow 0.0.0.0/0 on all"]);
    let pod = "10.0.0.12 > 10.0.0.10 80/tcp";
    let node = "192.0.2.10 > 10.0.0.10 80/tcp";
    let remote = "192.0.2.12 > 10.0.0.10 80/tcp";
    let health = "10.0.0.200 > 10.0.0.10 80/tcp";
    let blocks = Choices {
        ip_blocks_match_workloads: true,
        ..none
    };
    let cidrs = Choices {
        cidrs_match_workloads: true,
        ..none
    };
    let nodes = Choices {
        cidrs_match_nodes: true,
        ..none
    };
    for (name, choices, network_policy, [of_pod, of_node, of_remote, of_health]) in [
        ("Cilium, nothing", none, of_cilium(), [NO_MATCH; 4]),
        ("Kubernetes, nothing", none, of_kubernetes(), [NO_MATCH; 4]),
        ("Cilium, ipBlock", blocks, of_cilium(), [NO_MATCH; 4]),
        (
            "Kubernetes, ipBlock",
            blocks,
            of_kubernetes(),
            [ALLOW, NO_MATCH, NO_MATCH, ALLOW],
        ),
        (
            "Cilium, CIDR",
            cidrs,
            of_cilium(),
            [ALLOW, NO_MATCH, NO_MATCH, ALLOW],
        ),
        ("Kubernetes, CIDR", cidrs, of_kubernetes(), [NO_MATCH; 4]),
        (
            "Cilium, nodes",
            nodes,
            of_cilium(),
            [NO_MATCH, ALLOW, ALLOW, NO_MATCH],
        ),
        (
            "Kubernetes, nodes",
            nodes,
            of_kubernetes(),
            [NO_MATCH, ALLOW, ALLOW, NO_MATCH],
        ),
    ] {
        let policy = Policy {
            choices,
            ..cluster(vec![network_policy])
        };
        let packets = [
            (pod, of_pod),
            (node, of_node),
            (remote, of_remote),
            (health, of_health),
        ];
        check(name, &policy, &packets);
    }
}

/// Prefixes know a workload by the addresses of its status, whatever it has here.
#[test]
fn prefixes_and_known_addresses() {
    let rules = ["ingress allow 10.9.0.0/16 !10.9.1.0/24 on all"];
    let mut policy = cluster(vec![cilium("front:app=web", &rules)]);
    policy.choices.cidrs_match_workloads = true;
    for (known, expected) in [
        (&["10.9.0.1"][..], ALLOW),
        (&["10.9.1.1"], NO_MATCH),
        (&["10.9.1.1", "10.9.0.1"], ALLOW),
        (&["10.0.0.12"], NO_MATCH),
        (&[], NO_MATCH),
    ] {
        policy.workloads[2].known_addresses = known
            .iter()
            .map(|address| address.parse().expect(address))
            .collect();
        let packets = [("10.0.0.12 > 10.0.0.10 80/tcp", expected)];
        check(&known.join(" "), &policy, &packets);
    }
}
