//! ICMP errors about packets of connections.

use super::*;

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
        (
            "inner version 4",
            format!("0100 0000 0000 0000 40000000 0008 0640 {pod_hex} {peer_hex} {THERE}"),
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
