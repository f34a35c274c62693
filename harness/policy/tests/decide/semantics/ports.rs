//! Ports of the receiver, and messages of ICMP.

use super::*;

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
