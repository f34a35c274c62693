//! Entities and nodes.

use super::*;

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
