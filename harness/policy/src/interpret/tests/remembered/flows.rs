//! Flows that a prefilter lets bypass the policy.

use super::*;

/// The prefilter of 30007/tcp passes everything, and bypasses the policy of workload
/// 0 at port 80.
fn bypassing() -> MapImage {
    let mut image = two_workloads(open(), closed());
    let port = ProtoPort {
        port: 30007,
        protocol: Protocol::Tcp,
    };
    let prefilter = PrefilterImage {
        default_pass: true,
        bypass_policy: true,
        default_rule: RuleId(9),
        backends: [(0, 80)].into(),
        ..PrefilterImage::default()
    };
    image.prefilters.insert(port, prefilter);
    image
}

#[test]
fn a_bypassed_flow_is_honoured_at_its_backends_alone() {
    let image = bypassing();
    let at_node = |ports: &str| {
        (
            Point::Uplink,
            packet(PEER, "192.0.2.1", "0000 0000", 6, ports),
        )
    };
    let to =
        |pod: &str, protocol, ports: &str| (IN, packet(PEER, pod, "0000 0000", protocol, ports));
    let through = at_node("9c40 7537");
    for (name, second, expected) in [
        ("the backend", to(POD, 6, THERE), Reason::Bypassed),
        (
            "another port of it",
            to(POD, 6, "9c40 0051"),
            Reason::PolicyDefaultDeny,
        ),
        (
            "from another port",
            to(POD, 6, "9c41 0050"),
            Reason::PolicyDefaultDeny,
        ),
        (
            "by another protocol",
            to(POD, 17, THERE),
            Reason::PolicyDefaultDeny,
        ),
        (
            "another workload",
            to("10.0.0.2", 6, THERE),
            Reason::PolicyNotSelected,
        ),
        (
            "what it sends",
            (OUT, packet(POD, PEER, "0000 0000", 6, BACK)),
            Reason::PolicyAllow,
        ),
    ] {
        // Remembered whether or not connections are.
        let mut memory = Memory::untracked();
        let before = judge(&image, second.0, &second.1, &mut memory);
        assert_ne!(before.reason, Reason::Bypassed, "{name}");
        let first = judge(&image, through.0, &through.1, &mut memory);
        assert_eq!(first.reason, Reason::PrefilterDefaultBypass);
        let judged = judge(&image, second.0, &second.1, &mut memory);
        assert_eq!(judged.reason, expected, "{name}");
        if expected == Reason::Bypassed {
            assert_eq!(judged.rule, RuleId(9), "the rule of the prefilter");
        }
    }
}

#[test]
fn the_reply_of_a_bypassed_flow_passes() {
    let mut image = bypassing();
    image.guards[0] = closed();
    let frames = [
        (
            Point::Uplink,
            packet(PEER, "192.0.2.1", "0000 0000", 6, "9c40 7537"),
        ),
        to_pod(6, THERE),
        from_pod(6, BACK),
    ];
    assert_eq!(
        sequence(&image, &frames, Memory::tracking()),
        [
            Reason::PrefilterDefaultBypass,
            Reason::Bypassed,
            Reason::Reply
        ]
    );
}

#[test]
fn another_policy_honours_no_flow_of_the_one_before() {
    let image = bypassing();
    let (point, through) = (
        Point::Uplink,
        packet(PEER, "192.0.2.1", "0000 0000", 6, "9c40 7537"),
    );
    for (connections, reply) in [
        (Connections::Keep, Reason::Reply),
        (Connections::Forget, Reason::PolicyDefaultDeny),
    ] {
        let mut memory = Memory::tracking();
        reason(&image, point, &through, &mut memory);
        let (out, sent) = from_pod(17, THERE);
        reason(&image, out, &sent, &mut memory);
        memory.policy_replaced(connections);
        let (at, frame) = to_pod(6, THERE);
        assert_eq!(
            reason(&image, at, &frame, &mut memory),
            Reason::PolicyDefaultDeny
        );
        let (at, frame) = to_pod(17, BACK);
        assert_eq!(reason(&image, at, &frame, &mut memory), reply);
    }
}
