//! What one frame does to those after it.

use super::workload::{packet, packet_v6, two_workloads};
use super::*;
use crate::image::PolicyEntry;
use crate::scenario::Connections;

/// Allows everything.
fn open() -> GuardImage {
    let everything = PolicyEntry {
        identity: None,
        l4: L4Prefix::All,
    };
    GuardImage {
        default_deny: Some(RuleId(1)),
        allows: true,
        entries: [(everything, Verdict::Allow(RuleId(2)))].into(),
    }
}

/// Allows nothing.
fn closed() -> GuardImage {
    GuardImage {
        default_deny: Some(RuleId(1)),
        ..GuardImage::default()
    }
}

fn reason(image: &MapImage, point: Point, frame: &[u8], memory: &mut Memory) -> Reason {
    judge(image, point, frame, memory).reason
}

/// Judges frames one after the other.
fn sequence(image: &MapImage, frames: &[(Point, Vec<u8>)], mut memory: Memory) -> Vec<Reason> {
    let judged = frames.iter();
    judged
        .map(|(point, frame)| reason(image, *point, frame, &mut memory))
        .collect()
}

const POD: &str = "10.0.0.1";
const PEER: &str = "192.0.2.9";
const OUT: Point = Point::Egress(0);
const IN: Point = Point::Ingress(0);

/// 40000 to 80, and back.
const THERE: &str = "9c40 0050";
const BACK: &str = "0050 9c40";
const PING: &str = "0800 0000 0007 0000";
const PONG: &str = "0000 0000 0007 0000";

/// An unfragmented packet of the pod, and to it.
fn from_pod(protocol: u8, behind: &str) -> (Point, Vec<u8>) {
    (OUT, packet(POD, PEER, "0000 0000", protocol, behind))
}

fn to_pod(protocol: u8, behind: &str) -> (Point, Vec<u8>) {
    (IN, packet(PEER, POD, "0000 0000", protocol, behind))
}

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

/// An IPv4 packet as an error quotes it.
fn quoted(first: &str, source: &str, destination: &str, fragment: &str, protocol: u8) -> String {
    let [source, destination] = [source, destination].map(|text| match text.parse() {
        Ok(IpAddr::V4(address)) => format!("{:08x}", address.to_bits()),
        _ => panic!("an IPv4 address"),
    });
    format!("{first}00 0028 0000 {fragment} 40{protocol:02x} 0000 {source} {destination}")
}

#[test]
fn errors_pass_that_are_about_a_connection() {
    let unreachable = "0301 0000 0000 0000";
    let own = quoted("45", POD, PEER, "0000", 6);
    let with_options = quoted("46", POD, PEER, "0000", 6);
    let related = Reason::Related;
    let dropped = Reason::PolicyDefaultDeny;
    for (name, error, expected) in [
        (
            "about it",
            format!("{unreachable} {own} {THERE} 00000000"),
            related,
        ),
        (
            "ports are enough",
            format!("{unreachable} {own} {THERE}"),
            related,
        ),
        (
            "time exceeded",
            format!("0b00 0000 0000 0000 {own} {THERE}"),
            related,
        ),
        (
            "parameter problem",
            format!("0c00 0000 0000 0000 {own} {THERE}"),
            related,
        ),
        (
            "inner options",
            format!("{unreachable} {with_options} 01010101 {THERE}"),
            related,
        ),
        (
            "no error",
            format!("0500 0000 0000 0000 {own} {THERE}"),
            dropped,
        ),
        (
            "another port",
            format!("{unreachable} {own} 9c40 0051"),
            dropped,
        ),
        ("its reply", format!("{unreachable} {own} {BACK}"), dropped),
        ("cut", format!("{unreachable} {own} 9c40"), dropped),
        ("header cut", format!("{unreachable} 4500"), dropped),
        (
            "another protocol",
            format!(
                "{unreachable} {} {THERE}",
                quoted("45", POD, PEER, "0000", 17)
            ),
            dropped,
        ),
        (
            "a later fragment",
            format!(
                "{unreachable} {} {THERE}",
                quoted("45", POD, PEER, "0001", 6)
            ),
            dropped,
        ),
        (
            "another's packet",
            format!(
                "{unreachable} {} {THERE}",
                quoted("45", "10.0.0.2", PEER, "0000", 6)
            ),
            dropped,
        ),
        (
            "impossible inner header",
            format!(
                "{unreachable} {} {THERE}",
                quoted("44", POD, PEER, "0000", 6)
            ),
            dropped,
        ),
        (
            "inner version 6",
            format!(
                "{unreachable} {} {THERE}",
                quoted("65", POD, PEER, "0000", 6)
            ),
            dropped,
        ),
    ] {
        let image = two_workloads(open(), closed());
        let router = (IN, packet("198.51.100.1", POD, "0000 0000", 1, &error));
        let frames = [from_pod(6, THERE), router];
        let [_, judged] = sequence(&image, &frames, Memory::tracking())[..] else {
            panic!("two frames");
        };
        assert_eq!(judged, expected, "{name}");
    }
}

#[test]
fn a_workload_may_send_errors_about_what_it_received() {
    let image = two_workloads(closed(), open());
    let about = |source, destination| {
        let inner = quoted("45", source, destination, "0000", 17);
        from_pod(1, &format!("0303 0000 0000 0000 {inner} {THERE} 0000 0000"))
    };
    let mut memory = Memory::tracking();
    let (point, frame) = to_pod(17, THERE);
    assert_eq!(
        reason(&image, point, &frame, &mut memory),
        Reason::PolicyAllow
    );
    let (point, frame) = about(PEER, POD);
    assert_eq!(reason(&image, point, &frame, &mut memory), Reason::Related);
}

#[test]
fn errors_about_the_connections_of_another_workload_are_none_of_ones_business() {
    let image = two_workloads(closed(), closed());
    let other = "10.0.0.2";
    let unreachable = |source, destination| {
        let inner = quoted("45", source, destination, "0000", 6);
        format!("0301 0000 0000 0000 {inner} {THERE}")
    };
    // The other workload has no policy: it sends and receives what it likes.
    let received = (IN, packet(PEER, other, "0000 0000", 6, THERE));
    let sent = (Point::Egress(1), packet(other, PEER, "0000 0000", 6, THERE));
    for (first, error) in [
        (received, from_pod(1, &unreachable(PEER, other))),
        (sent, to_pod(1, &unreachable(other, PEER))),
    ] {
        assert_eq!(
            sequence(&image, &[first, error], Memory::tracking()),
            [Reason::PolicyNotSelected, Reason::PolicyDefaultDeny]
        );
    }
}

#[test]
fn errors_pass_that_are_about_a_reply() {
    let free = two_workloads(open(), open());
    let shut = two_workloads(closed(), closed());
    let related = Reason::Related;
    let dropped = Reason::PolicyDefaultDeny;
    let too_big = |inner: &str, behind: &str| {
        let error = format!("0304 0000 0000 0500 {inner} {behind}");
        (IN, packet("198.51.100.1", POD, "0000 0000", 1, &error))
    };
    let told = |whom: &str, inner: &str, behind: &str| {
        let error = format!("0303 0000 0000 0000 {inner} {behind}");
        (OUT, packet(POD, whom, "0000 0000", 1, &error))
    };
    let complaint = |inner: &str, behind: &str| told(PEER, inner, behind);
    let sent = |protocol| quoted("45", POD, PEER, "0000", protocol);
    let received = |protocol| quoted("45", PEER, POD, "0000", protocol);
    for (name, first, error, expected) in [
        (
            "sent, too big",
            to_pod(6, THERE),
            too_big(&sent(6), BACK),
            related,
        ),
        (
            "sent, the same ports",
            to_pod(6, THERE),
            too_big(&sent(6), THERE),
            dropped,
        ),
        (
            "sent, another protocol",
            to_pod(6, THERE),
            too_big(&sent(17), BACK),
            dropped,
        ),
        (
            "sent, no ports",
            to_pod(47, ""),
            too_big(&sent(47), ""),
            related,
        ),
        (
            "sent, an echo",
            to_pod(1, PING),
            too_big(&sent(1), PONG),
            related,
        ),
        (
            "sent, another echo",
            to_pod(1, PING),
            too_big(&sent(1), "0000 0000 0008 0000"),
            dropped,
        ),
        (
            "sent, a request",
            to_pod(1, PING),
            too_big(&sent(1), PING),
            dropped,
        ),
        (
            "sent, a request of identifier 0",
            to_pod(1, "0800 0000 0000 0000"),
            too_big(&sent(1), "0800 0000 0000 0000"),
            dropped,
        ),
        (
            "the other end's",
            to_pod(6, THERE),
            too_big(&received(6), BACK),
            dropped,
        ),
        (
            "received",
            from_pod(17, THERE),
            complaint(&received(17), BACK),
            related,
        ),
        (
            "received, told to somebody else",
            from_pod(17, THERE),
            told("198.51.100.1", &received(17), BACK),
            dropped,
        ),
        (
            "received, another port",
            from_pod(17, THERE),
            complaint(&received(17), "0051 9c40"),
            dropped,
        ),
        (
            "received, an echo",
            from_pod(1, PING),
            complaint(&received(1), PONG),
            related,
        ),
        (
            "the other end's complaint",
            from_pod(17, THERE),
            complaint(&sent(17), BACK),
            dropped,
        ),
    ] {
        // By the same hook, so that only memory can tell them apart.
        let mut memory = Memory::tracking();
        let (point, frame) = &error;
        let judged = reason(&shut, *point, frame, &mut memory);
        assert_eq!(judged, dropped, "{name}, before");
        let judged = reason(&free, first.0, &first.1, &mut memory);
        assert_eq!(judged, Reason::PolicyAllow, "{name}");
        let judged = reason(&shut, *point, frame, &mut memory);
        assert_eq!(judged, expected, "{name}");
    }
}

#[test]
fn errors_of_icmpv6() {
    let image = two_workloads(open(), closed());
    let (pod, peer) = ("fd00::1", "2001:db8::9");
    let [pod_hex, peer_hex] = [
        "fd000000000000000000000000000001",
        "20010db8000000000000000000000009",
    ];
    let inner = |next: &str| format!("60000000 0008 {next}40 {pod_hex} {peer_hex} {THERE}");
    for (name, icmp, expected) in [
        (
            "packet too big",
            format!("0200 0000 0000 0500 {}", inner("06")),
            Reason::Related,
        ),
        (
            "unreachable",
            format!("0100 0000 0000 0000 {}", inner("06")),
            Reason::Related,
        ),
        (
            "no error",
            format!("0500 0000 0000 0000 {}", inner("06")),
            Reason::PolicyDefaultDeny,
        ),
        (
            "an inner extension header",
            format!("0100 0000 0000 0000 {}", inner("2c")),
            Reason::PolicyDefaultDeny,
        ),
    ] {
        let frames = [
            (OUT, packet_v6(pod, peer, 64, 6, THERE)),
            (IN, packet_v6("2001:db8::1", pod, 64, 58, &icmp)),
        ];
        let judged = sequence(&image, &frames, Memory::tracking());
        assert_eq!(judged, [Reason::PolicyAllow, expected], "{name}");
    }
}

#[test]
fn later_fragments_share_the_fate_of_their_first() {
    let allow_80 = GuardImage {
        default_deny: Some(RuleId(1)),
        allows: true,
        entries: [(
            PolicyEntry {
                identity: None,
                l4: L4Prefix::Ports {
                    protocol: 17,
                    port: 80,
                    bits: 16,
                },
            },
            Verdict::Allow(RuleId(2)),
        )]
        .into(),
    };
    let image = two_workloads(open(), allow_80);
    let first = |ports: &str| (IN, packet(PEER, POD, "1234 2000", 17, ports));
    let later = |id: &str, protocol| {
        (
            IN,
            packet(PEER, POD, &format!("{id} 0001"), protocol, "0050 0050"),
        )
    };
    let (allow, no_match) = (Reason::PolicyAllow, Reason::PolicyNoMatch);
    let untracked = Reason::UntrackedFragment;
    for (name, frames, expected) in [
        (
            "of the allowed",
            [first(THERE), later("1234", 17)],
            [allow, allow],
        ),
        (
            "of the dropped",
            [first("9c40 0051"), later("1234", 17)],
            [no_match, no_match],
        ),
        (
            "of another packet",
            [first(THERE), later("1235", 17)],
            [allow, untracked],
        ),
        (
            "of another protocol",
            [first(THERE), later("1234", 6)],
            [allow, untracked],
        ),
        (
            "before the first",
            [later("1234", 17), first(THERE)],
            [untracked, allow],
        ),
        (
            "at another hook",
            [first(THERE), (Point::Uplink, later("1234", 17).1)],
            [allow, untracked],
        ),
    ] {
        assert_eq!(
            sequence(&image, &frames, Memory::tracking()),
            expected,
            "{name}"
        );
        let forgetful = sequence(&image, &frames, Memory::untracked());
        assert!(forgetful.contains(&untracked), "{name}, untracked");
    }
}

#[test]
fn later_fragments_of_ipv6_go_by_the_fragment_header() {
    let image = two_workloads(closed(), open());
    let fragment = |offset_and_more: &str, id: &str, behind: &str| {
        let behind = format!("1100 {offset_and_more} {id} {behind}");
        (IN, packet_v6("2001:db8::9", "fd00::1", 64, 44, &behind))
    };
    let first = fragment("0001", "00000007", THERE);
    for (name, later, expected) in [
        (
            "of it",
            fragment("0008", "00000007", "ffff ffff"),
            Reason::PolicyAllow,
        ),
        (
            "of another",
            fragment("0008", "00000008", "ffff ffff"),
            Reason::UntrackedFragment,
        ),
    ] {
        let judged = sequence(&image, &[first.clone(), later], Memory::tracking());
        assert_eq!(judged, [Reason::PolicyAllow, expected], "{name}");
    }
}

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
