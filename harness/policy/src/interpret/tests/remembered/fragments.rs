//! Later fragments and their first.

use super::*;

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
