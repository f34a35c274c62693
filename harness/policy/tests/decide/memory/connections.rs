//! Connections and echoes, and what answers them.

use super::*;

#[test]
fn replies() {
    check_texts(&[
        (
            "to what was received",
            &[
                ("10.0.0.10 > 10.0.0.11 80>40000/tcp", NO_MATCH),
                ("10.0.0.11 > 10.0.0.10 40000>80/tcp", ALLOW),
                ("10.0.0.10 > 10.0.0.11 80>40000/tcp", REPLY),
                ("10.0.0.10 > 10.0.0.11 80>40001/tcp", NO_MATCH),
                ("10.0.0.10 > 10.0.0.11 81>40000/tcp", NO_MATCH),
                ("10.0.0.10 > 10.0.0.11 80>40000/udp", NO_MATCH),
            ],
        ),
        (
            "to what was sent, and no new connection the other way",
            &[
                ("10.0.0.10 > 10.0.0.12 40000>5432/tcp", ALLOW),
                ("10.0.0.12 > 10.0.0.10 5432>40000/tcp", REPLY),
                ("10.0.0.12 > 10.0.0.10 40000>5432/tcp", NO_MATCH),
                ("10.0.0.12 > 10.0.0.10 5432>80/tcp", NO_MATCH),
                ("10.0.0.11 > 10.0.0.10 5432>40000/tcp", ALLOW),
            ],
        ),
        (
            "of other families and protocols",
            &[
                ("fd00::a > fd00::c 40000>53/udp", ALLOW),
                ("fd00::c > fd00::a 53>40000/udp", REPLY),
                ("10.0.0.12 > 10.0.0.10 53>40000/udp", NO_MATCH),
                ("10.0.0.10 > 10.0.0.12 40000>99/sctp", ALLOW),
                ("10.0.0.12 > 10.0.0.10 99>40000/sctp", REPLY),
                ("10.0.0.10 > 10.0.0.12 protocol 47", ALLOW),
                ("10.0.0.12 > 10.0.0.10 protocol 47", REPLY),
                ("10.0.0.12 > 10.0.0.10 protocol 50", NO_MATCH),
            ],
        ),
        (
            "not to what was dropped",
            &[
                ("10.0.0.12 > 10.0.0.10 40000>80/tcp", NO_MATCH),
                ("10.0.0.10 > 10.0.0.11 80>40000/tcp", NO_MATCH),
            ],
        ),
        (
            "a reply begins no connection",
            &[
                ("10.0.0.11 > 10.0.0.10 40000>80/tcp", ALLOW),
                ("10.0.0.10 > 10.0.0.11 80>40000/tcp", REPLY),
                // Received still because it is allowed, not as the reply's reply.
                ("10.0.0.11 > 10.0.0.10 40000>80/tcp", ALLOW),
            ],
        ),
        (
            "echoes, by identifier",
            &[
                ("10.0.0.10 > 10.0.0.12 echo 7", ALLOW),
                ("10.0.0.12 > 10.0.0.10 echo-reply 7", REPLY),
                ("10.0.0.12 > 10.0.0.10 echo-reply 8", NO_MATCH),
                ("10.0.0.12 > 10.0.0.10 echo 7", NO_MATCH),
                ("10.0.0.12 > 10.0.0.10 icmp 14", NO_MATCH),
            ],
        ),
        (
            "an echo request is no reply, not even with identifier 0",
            &[
                ("fd00::a > fd00::c echo 0", ALLOW),
                ("fd00::c > fd00::a echo 0", NO_MATCH),
                ("fd00::c > fd00::a echo-reply 0", REPLY),
            ],
        ),
        (
            "no other message of ICMP begins anything",
            &[
                ("10.0.0.10 > 10.0.0.12 icmp 13", ALLOW),
                ("10.0.0.12 > 10.0.0.10 icmp 13", NO_MATCH),
                ("10.0.0.10 > 10.0.0.12 echo-reply 7", ALLOW),
                ("10.0.0.12 > 10.0.0.10 echo 7", NO_MATCH),
            ],
        ),
    ]);
}

#[test]
fn what_no_policy_selects_is_remembered_too() {
    let policy = cluster(vec![cilium(
        "front:app=web",
        &["egress allow nobody on all"],
    )]);
    let packets = [
        (
            packet("10.0.0.11 > 10.0.0.10 40000>80/tcp"),
            Reason::PolicyNotSelected,
        ),
        (packet("10.0.0.10 > 10.0.0.11 80>40000/tcp"), REPLY),
        (packet("10.0.0.10 > 10.0.0.11 80>40001/tcp"), DEFAULT),
    ];
    check("free to receive", &policy, &packets);
}

#[test]
fn without_tracking_every_packet_is_the_first() {
    let policy = narrow();
    let mut parties = Parties::untracked(&policy);
    for (text, expected) in [
        ("10.0.0.11 > 10.0.0.10 40000>80/tcp", ALLOW),
        ("10.0.0.10 > 10.0.0.11 80>40000/tcp", NO_MATCH),
    ] {
        let sent = packet(text);
        let decision = parties.judge(point(&sent), &sent).expect(text);
        assert_eq!(decision.reason, expected, "{text}");
    }
}
