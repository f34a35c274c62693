//! Who sends: labels, namespaces and expressions.

use super::*;

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
