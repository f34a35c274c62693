//! One row for each point of what policies mean: Kubernetes NetworkPolicy and Cilium.

use netverdict_abi::Reason;
use netverdict_policy::journey::Point;
use netverdict_policy::model::{Choices, NetworkPolicy, Policy, Selector, Subject};

use crate::given::{cilium, cluster, kubernetes, packet};
use crate::parties::Parties;

const ALLOW: Reason = Reason::PolicyAllow;
const DENY: Reason = Reason::PolicyDeny;
const NO_MATCH: Reason = Reason::PolicyNoMatch;
const DEFAULT: Reason = Reason::PolicyDefaultDeny;
const FREE: Reason = Reason::PolicyNotSelected;

/// What each packet gets where `web` receives it, or where it sends it.
fn check(name: &str, policy: &Policy, packets: &[(&str, Reason)]) {
    for (text, expected) in packets {
        let sent = text.starts_with("10.0.0.10 ") || text.starts_with("fd00::a ");
        let point = if sent {
            Point::Egress(0)
        } else {
            Point::Ingress(0)
        };
        let decision = (Parties::untracked(policy).judge(point, &packet(text)))
            .unwrap_or_else(|difference| panic!("{name}: {difference}"));
        assert_eq!(decision.reason, *expected, "{name}: {text}");
    }
}

/// Rows about `web`: name, rules of one Cilium policy for it, packets.
type Row<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, Reason)]);

fn check_rows(rows: &[Row<'_>]) {
    for (name, rules, packets) in rows {
        check(
            name,
            &cluster(vec![cilium("front:app=web", rules)]),
            packets,
        );
    }
}

#[test]
fn who_sends() {
    check_rows(&[
        (
            "labels in a namespace",
            &["ingress allow front:app=api on all"],
            &[
                ("10.0.0.11 > 10.0.0.10 80/tcp", ALLOW),
                ("fd00::b > fd00::a 80/tcp", ALLOW),
                ("10.0.0.12 > 10.0.0.10 80/tcp", NO_MATCH),
                ("198.51.100.7 > 10.0.0.10 80/tcp", NO_MATCH),
            ],
        ),
        (
            "every workload of a namespace",
            &["ingress allow back: on all"],
            &[
                ("10.0.0.12 > 10.0.0.10 80/tcp", ALLOW),
                ("10.0.0.11 > 10.0.0.10 80/tcp", NO_MATCH),
            ],
        ),
        (
            "every workload, and nobody else",
            &["ingress allow *: on all"],
            &[
                ("10.0.0.12 > 10.0.0.10 80/tcp", ALLOW),
                ("10.0.0.200 > 10.0.0.10 80/tcp", NO_MATCH),
                ("192.0.2.11 > 10.0.0.10 80/tcp", NO_MATCH),
                ("203.0.113.6 > 10.0.0.10 80/tcp", NO_MATCH),
            ],
        ),
        (
            "one peer: namespace AND labels",
            &["ingress allow {team=b}:app=api on all"],
            &[
                ("10.0.0.11 > 10.0.0.10 80/tcp", NO_MATCH),
                ("10.0.0.12 > 10.0.0.10 80/tcp", NO_MATCH),
            ],
        ),
        (
            "two peers: namespace OR labels",
            &["ingress allow {team=b}:, *:app=api on all"],
            &[
                ("10.0.0.11 > 10.0.0.10 80/tcp", ALLOW),
                ("10.0.0.12 > 10.0.0.10 80/tcp", ALLOW),
            ],
        ),
        (
            "anybody",
            &["ingress allow any on all"],
            &[
                ("10.0.0.12 > 10.0.0.10 80/tcp", ALLOW),
                ("198.51.100.7 > 10.0.0.10 47/udp", ALLOW),
                ("2001:db8:bad::7 > fd00::a 80/tcp", ALLOW),
            ],
        ),
        (
            "nobody: Cilium's `ingress: [{}]`",
            &["ingress allow nobody on all"],
            &[
                ("10.0.0.12 > 10.0.0.10 80/tcp", DEFAULT),
                ("198.51.100.7 > 10.0.0.10 80/tcp", DEFAULT),
            ],
        ),
        (
            "a selector that nobody meets allows somebody",
            &["ingress allow front:app=nobody on all"],
            &[("10.0.0.12 > 10.0.0.10 80/tcp", NO_MATCH)],
        ),
    ]);
}

#[test]
fn expressions() {
    let from_api = "10.0.0.11 > 10.0.0.10 80/tcp";
    let from_db = "10.0.0.12 > 10.0.0.10 80/tcp";
    for (selector, api, db) in [
        ("*:app=api|db", ALLOW, ALLOW),
        ("*:app=api|web", ALLOW, NO_MATCH),
        ("*:app!=api", NO_MATCH, ALLOW),
        // Who has no such label meets NotIn.
        ("*:tier!=store", ALLOW, NO_MATCH),
        ("*:tier", NO_MATCH, ALLOW),
        ("*:!tier", ALLOW, NO_MATCH),
        ("*:app&!tier", ALLOW, NO_MATCH),
        ("*:app=db&tier=edge", NO_MATCH, NO_MATCH),
        ("{team=a|b}:", ALLOW, ALLOW),
        ("{team!=a}:", NO_MATCH, ALLOW),
        ("{kubernetes.io/metadata.name=back}:", NO_MATCH, ALLOW),
        ("{!team}:", NO_MATCH, NO_MATCH),
        ("{}:app=db", NO_MATCH, ALLOW),
    ] {
        let rule = format!("ingress allow {selector} on all");
        let policy = cluster(vec![cilium("front:app=web", &[&rule])]);
        check(selector, &policy, &[(from_api, api), (from_db, db)]);
    }
}

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

#[test]
fn entities() {
    let senders = [
        "10.0.0.11",
        "192.0.2.10",
        "192.0.2.11",
        "192.0.2.12",
        "203.0.113.6",
        "10.0.0.200",
        "198.51.100.7",
        "2001:db8:bad::7",
    ];
    // In this order: a workload, the node, a remote node, one with the API server, an
    // API server outside, a health endpoint, and the world by both families.
    for (entity, matching) in [
        ("all", "yyyyyyyy"),
        ("none", "........"),
        ("world", "....y.yy"),
        ("world-ipv4", "....y.y."),
        ("world-ipv6", ".......y"),
        ("cluster", "yyyyyy.."),
        ("host", ".y......"),
        ("remote-node", "..yy...."),
        ("kube-apiserver", "...yy..."),
        ("health", ".....y.."),
    ] {
        let rule = format!("ingress allow @{entity} on all");
        let mut policy = cluster(vec![cilium("front:app=web", &[&rule])]);
        policy.choices.node_reaches_workloads = false;
        for (sender, matches) in senders.iter().zip(matching.chars()) {
            let receiver = if sender.contains(':') {
                "fd00::a"
            } else {
                "10.0.0.10"
            };
            let text = format!("{sender} > {receiver} 80/tcp");
            let expected = if matches == 'y' { ALLOW } else { NO_MATCH };
            check(entity, &policy, &[(&text, expected)]);
        }
    }
}

#[test]
fn nodes_by_labels() {
    for (rule, node, remote_a, remote_b) in [
        ("ingress allow node: on all", NO_MATCH, ALLOW, ALLOW),
        (
            "ingress allow node:zone=a on all",
            NO_MATCH,
            ALLOW,
            NO_MATCH,
        ),
        (
            "ingress allow node:zone!=a on all",
            NO_MATCH,
            NO_MATCH,
            ALLOW,
        ),
    ] {
        let mut policy = cluster(vec![cilium("front:app=web", &[rule])]);
        policy.choices.node_reaches_workloads = false;
        check(
            rule,
            &policy,
            &[
                ("192.0.2.10 > 10.0.0.10 80/tcp", node),
                ("192.0.2.11 > 10.0.0.10 80/tcp", remote_a),
                ("192.0.2.12 > 10.0.0.10 80/tcp", remote_b),
                ("203.0.113.6 > 10.0.0.10 80/tcp", NO_MATCH),
            ],
        );
    }
}

#[test]
fn the_node_reaches_its_workloads() {
    let from_node = "192.0.2.10 > 10.0.0.10 80/tcp";
    let to_node = "10.0.0.10 > 192.0.2.10 80/tcp";
    for (rules, always, otherwise) in [
        (&["ingress allow nobody on all"][..], ALLOW, DEFAULT),
        (&["ingress allow back: on all"], ALLOW, NO_MATCH),
        (&["ingress deny @host on 80/tcp"], DENY, DENY),
        (&["ingress deny @host on 81/tcp"], ALLOW, DEFAULT),
        (&["egress allow nobody on all"], FREE, FREE),
    ] {
        let mut policy = cluster(vec![cilium("front:app=web", rules)]);
        check(rules[0], &policy, &[(from_node, always)]);
        policy.choices.node_reaches_workloads = false;
        check(rules[0], &policy, &[(from_node, otherwise)]);
    }
    // It is no egress rule.
    let policy = cluster(vec![cilium(
        "front:app=web",
        &["egress allow nobody on all"],
    )]);
    check("egress", &policy, &[(to_node, DEFAULT)]);
    // It alone lets nobody in, and takes the reason from no other packet.
    let policy = cluster(vec![cilium(
        "front:app=web",
        &["ingress allow nobody on all"],
    )]);
    check(
        "others",
        &policy,
        &[("10.0.0.11 > 10.0.0.10 80/tcp", DEFAULT)],
    );
}

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
fn ports() {
    let from = |what: &str| format!("10.0.0.11 > 10.0.0.10 {what}");
    for (ports, allowed, dropped) in [
        (
            "80/tcp",
            &["80/tcp"][..],
            &["80/udp", "81/tcp", "30007/tcp", "echo 1"][..],
        ),
        (
            "80/any",
            &["80/tcp", "80/udp", "80/sctp"],
            &["81/udp", "echo 1", "protocol 47"],
        ),
        ("*/sctp", &["1/sctp", "65535/sctp"], &["1/tcp"]),
        (
            "*/any",
            &["1/tcp", "65535/sctp"],
            &["echo 1", "protocol 47"],
        ),
        (
            "1024-2047/tcp",
            &["1024/tcp", "2047/tcp"],
            &["1023/tcp", "2048/tcp", "1500/udp"],
        ),
        (
            "1023-1025/tcp",
            &["1023/tcp", "1024/tcp", "1025/tcp"],
            &["1022/tcp", "1026/tcp"],
        ),
        ("1-65535/udp", &["1/udp", "65535/udp"], &["1/tcp"]),
        (
            "80/tcp, 53/udp",
            &["80/tcp", "53/udp"],
            &["53/tcp", "80/udp"],
        ),
        // Of the receiver: `web` has http at 80/tcp alone.
        ("http/tcp", &["80/tcp"], &["8080/tcp", "80/udp"]),
        ("http/any", &["80/tcp"], &["53/udp", "80/udp"]),
        ("http/udp", &[], &["80/udp", "53/udp"]),
        ("sql/tcp", &[], &["5432/tcp"]),
        (
            "8/icmp",
            &["echo 1"],
            &["echo-reply 1", "icmp 13", "8/tcp", "protocol 47"],
        ),
        ("0/icmp", &["echo-reply 1"], &["echo 1"]),
        (
            "3-8/icmp",
            &["echo 1", "icmp 5"],
            &["icmp 13", "echo-reply 1"],
        ),
        ("*/icmp", &["echo 1", "icmp 13"], &["80/tcp", "protocol 58"]),
        ("8/icmpv6", &[], &["echo 1"]),
        // ICMPv6 in IPv4 has no type: it counts as 0.
        ("0/icmpv6", &["protocol 58"], &["echo-reply 1"]),
        (
            "all",
            &[
                "80/tcp",
                "echo 1",
                "icmp 255",
                "protocol 47",
                "protocol 255",
            ],
            &[],
        ),
    ] {
        let rule = format!("ingress allow front: on {ports}");
        let policy = cluster(vec![cilium("front:app=web", &[&rule])]);
        for what in allowed {
            check(ports, &policy, &[(&from(what), ALLOW)]);
        }
        for what in dropped {
            check(ports, &policy, &[(&from(what), NO_MATCH)]);
        }
    }
    let policy = cluster(vec![cilium(
        "front:app=web",
        &["ingress allow any on none"],
    )]);
    check("an empty list", &policy, &[(&from("80/tcp"), DEFAULT)]);
}

#[test]
fn icmp_of_ipv6() {
    let from = |what: &str| format!("fd00::b > fd00::a {what}");
    for (ports, echo, reply, thirteen) in [
        ("128/icmpv6", ALLOW, NO_MATCH, NO_MATCH),
        ("129/icmpv6", NO_MATCH, ALLOW, NO_MATCH),
        ("8/icmp", NO_MATCH, NO_MATCH, NO_MATCH),
        ("*/icmpv6", ALLOW, ALLOW, ALLOW),
    ] {
        let rule = format!("ingress allow front: on {ports}");
        let policy = cluster(vec![cilium("front:app=web", &[&rule])]);
        let packets = [
            ("echo 1", echo),
            ("echo-reply 1", reply),
            ("icmp 13", thirteen),
        ];
        for (what, expected) in packets {
            check(ports, &policy, &[(&from(what), expected)]);
        }
    }
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
