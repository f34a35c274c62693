//! Later fragments and their first.

use super::errors::error;
use super::*;

/// The packet as this fragment of packet `number`.
fn fragment(text: &str, offset: u16, number: u32) -> FrameSpec {
    let whole = packet(text);
    frame(IpPacket {
        fragment: Some(Fragment {
            offset,
            more: offset == 0,
            identification: Some(number),
        }),
        ..inside(&whole).clone()
    })
}

#[test]
fn later_fragments_share_the_fate_of_the_first() {
    let policy = cluster(vec![cilium(
        "front:app=web",
        &["ingress allow front: on 80/tcp"],
    )]);
    let open = "10.0.0.11 > 10.0.0.10 80/tcp";
    let shut = "10.0.0.11 > 10.0.0.10 81/tcp";
    let open_v6 = "fd00::b > fd00::a 80/tcp";
    let cases: Vec<(&str, Vec<(FrameSpec, Reason)>)> = vec![
        (
            "allowed",
            vec![
                (fragment(open, 1480, 1), LOST),
                (fragment(open, 0, 1), ALLOW),
                (fragment(open, 1480, 1), ALLOW),
                (fragment(open, 1480, 2), LOST),
            ],
        ),
        (
            "dropped, whatever their own bytes say",
            vec![
                (fragment(shut, 0, 1), NO_MATCH),
                (fragment(open, 1480, 1), NO_MATCH),
            ],
        ),
        (
            "of another sender or protocol",
            vec![
                (fragment(open, 0, 1), ALLOW),
                (fragment("10.0.0.12 > 10.0.0.10 80/tcp", 1480, 1), LOST),
                (fragment("10.0.0.11 > 10.0.0.10 80/udp", 1480, 1), LOST),
            ],
        ),
        (
            "IPv4 has 16 bits of identification",
            vec![
                (fragment(open, 0, 0x0001_0005), ALLOW),
                (fragment(open, 1480, 5), ALLOW),
            ],
        ),
        (
            "IPv6 has 32, and no protocol",
            vec![
                (fragment(open_v6, 0, 0x0001_0005), ALLOW),
                (fragment(open_v6, 1480, 5), LOST),
                (
                    fragment("fd00::b > fd00::a 80/udp", 1480, 0x0001_0005),
                    ALLOW,
                ),
            ],
        ),
        (
            "the last first fragment counts",
            vec![
                (fragment(open, 0, 1), ALLOW),
                (fragment(shut, 0, 1), NO_MATCH),
                (fragment(open, 1480, 1), NO_MATCH),
            ],
        ),
    ];
    for (name, packets) in cases {
        check(name, &policy, &packets);
    }
}

#[test]
fn fragments_of_replies() {
    let packets = [
        (packet("10.0.0.10 > 10.0.0.12 echo 7"), ALLOW),
        (fragment("10.0.0.12 > 10.0.0.10 echo-reply 7", 0, 1), REPLY),
        (
            fragment("10.0.0.12 > 10.0.0.10 echo-reply 7", 1480, 1),
            REPLY,
        ),
        (packet("10.0.0.10 > 10.0.0.12 40000>53/udp"), ALLOW),
        (fragment("10.0.0.12 > 10.0.0.10 53>40000/udp", 0, 2), REPLY),
        (
            fragment("10.0.0.12 > 10.0.0.10 53>40000/udp", 1480, 2),
            REPLY,
        ),
    ];
    check("replies", &narrow(), &packets);
    // An error is about a packet in its first fragment alone.
    let request = "10.0.0.10 > 10.0.0.12 40000>5432/tcp";
    let part = |offset| {
        let whole = error("172.16.0.1", "10.0.0.10", request).frame();
        frame(IpPacket {
            fragment: Some(Fragment {
                offset,
                more: offset == 0,
                identification: Some(9),
            }),
            ..inside(&whole).clone()
        })
    };
    let packets = [
        (packet(request), ALLOW),
        (part(0), RELATED),
        (part(1480), NO_MATCH),
    ];
    check("errors", &narrow(), &packets);
}

#[test]
fn each_hook_remembers_its_own() {
    let policy = cluster(Vec::new());
    let mut parties = Parties::tracking(&policy);
    let text = "10.0.0.11 > 10.0.0.10 80/tcp";
    let mut ask = |point, offset| {
        (parties.judge(point, &fragment(text, offset, 1)))
            .expect("agreed")
            .reason
    };
    assert_eq!(ask(Point::Egress(1), 0), Reason::PolicyNotSelected);
    assert_eq!(ask(Point::Ingress(0), 1480), LOST);
    assert_eq!(ask(Point::Egress(1), 1480), Reason::PolicyNotSelected);
}
