//! Replies, and what is none.

use super::*;

#[test]
fn replies_pass_and_new_connections_the_other_way_do_not() {
    let (allow, deny) = (Reason::PolicyAllow, Reason::PolicyDefaultDeny);
    for (name, first, second, expected) in [
        (
            "a reply",
            from_pod(6, THERE),
            to_pod(6, BACK),
            [allow, Reason::Reply],
        ),
        (
            "other ports",
            from_pod(6, THERE),
            to_pod(6, "0050 9c41"),
            [allow, deny],
        ),
        (
            "the same ports",
            from_pod(6, THERE),
            to_pod(6, THERE),
            [allow, deny],
        ),
        (
            "another protocol",
            from_pod(6, THERE),
            to_pod(17, BACK),
            [allow, deny],
        ),
        (
            "SCTP",
            from_pod(132, THERE),
            to_pod(132, BACK),
            [allow, Reason::Reply],
        ),
        (
            "by addresses alone",
            from_pod(47, ""),
            to_pod(47, ""),
            [allow, Reason::Reply],
        ),
        (
            "an echo",
            from_pod(1, PING),
            to_pod(1, PONG),
            [allow, Reason::Reply],
        ),
        (
            "another echo",
            from_pod(1, PING),
            to_pod(1, "0000 0000 0008 0000"),
            [allow, deny],
        ),
        (
            "an echo back",
            from_pod(1, PING),
            to_pod(1, PING),
            [allow, deny],
        ),
        (
            "a reply to a reply",
            from_pod(1, PONG),
            to_pod(1, PING),
            [allow, deny],
        ),
        // What has 0 for both ports is no exception.
        (
            "an echo back, of identifier 0",
            from_pod(1, "0800 0000 0000 0000"),
            to_pod(1, "0800 0000 0000 0000"),
            [allow, deny],
        ),
        (
            "ICMP other than echoes",
            from_pod(1, "0d00 0000 0007 0000"),
            to_pod(1, "0e00 0000 0007 0000"),
            [allow, deny],
        ),
        // What was dropped is no connection.
        (
            "nothing began",
            to_pod(6, THERE),
            from_pod(6, BACK),
            [deny, allow],
        ),
    ] {
        let image = two_workloads(open(), closed());
        let frames = [first, second];
        assert_eq!(
            sequence(&image, &frames, Memory::tracking()),
            expected,
            "{name}"
        );
        let forgetful = sequence(&image, &frames, Memory::untracked());
        assert!(!forgetful.contains(&Reason::Reply), "{name}, untracked");
    }
}

#[test]
fn a_connection_of_one_hook_says_nothing_about_its_own_direction() {
    let image = two_workloads(closed(), open());
    let frames = [to_pod(6, THERE), from_pod(6, BACK), from_pod(6, THERE)];
    assert_eq!(
        sequence(&image, &frames, Memory::tracking()),
        [
            Reason::PolicyAllow,
            Reason::Reply,
            Reason::PolicyDefaultDeny
        ]
    );
}
