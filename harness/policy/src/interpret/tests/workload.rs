//! At workloads' hooks: whose frames, and what entries say.

use super::*;
use crate::image::PolicyEntry;

/// Workload 0 at 10.0.0.1 and fd00::1, its two directions guarded by 0 and 1;
/// workload 1 at 10.0.0.2, unguarded.
pub(super) fn two_workloads(egress: GuardImage, ingress: GuardImage) -> MapImage {
    let endpoint = |number, egress, ingress| EndpointImage {
        number,
        egress,
        ingress,
        proposed_egress: None,
        proposed_ingress: None,
    };
    MapImage {
        endpoints: [
            (address("10.0.0.1"), endpoint(0, Some(0), Some(1))),
            (address("fd00::1"), endpoint(0, Some(0), Some(1))),
            (address("10.0.0.2"), endpoint(1, None, None)),
        ]
        .into(),
        guards: vec![egress, ingress],
        ..MapImage::default()
    }
}

pub(super) fn address(text: &str) -> IpAddr {
    text.parse().expect(text)
}

/// An IPv4 packet: identification, fragment field, protocol, and what is behind.
pub(super) fn packet(
    source: &str,
    destination: &str,
    id_and_fragment: &str,
    protocol: u8,
    behind: &str,
) -> Vec<u8> {
    let behind = bytes(behind);
    let total = 20 + behind.len();
    let [source, destination] = [source, destination].map(|text| match address(text) {
        IpAddr::V4(address) => format!("{:08x}", address.to_bits()),
        IpAddr::V6(_) => panic!("an IPv4 packet"),
    });
    let mut frame = bytes(&format!(
        "{MACS} 0800 4500 {total:04x} {id_and_fragment} 40{protocol:02x} 0000 {source} {destination}"
    ));
    frame.extend(behind);
    frame
}

/// An IPv6 packet: hop limit, next header, and what is behind.
pub(super) fn packet_v6(
    source: &str,
    destination: &str,
    hops: u8,
    next: u8,
    behind: &str,
) -> Vec<u8> {
    let behind = bytes(behind);
    let [source, destination] = [source, destination].map(|text| match address(text) {
        IpAddr::V6(address) => format!("{:032x}", address.to_bits()),
        IpAddr::V4(_) => panic!("an IPv6 packet"),
    });
    let mut frame = bytes(&format!(
        "{MACS} 86dd 60000000 {:04x} {next:02x}{hops:02x} {source} {destination}",
        behind.len()
    ));
    frame.extend(behind);
    frame
}

fn untracked(image: &MapImage, point: Point, frame: &[u8]) -> (Reason, u32) {
    let Judgement {
        reason,
        rule: RuleId(rule),
        proposed: None,
    } = judge(image, point, frame, &mut Memory::untracked())
    else {
        panic!("nothing is proposed");
    };
    (reason, rule)
}

/// To port 80/tcp.
const TO_80: &str = "9c40 0050";

#[test]
fn whose_frame_it_is() {
    let image = two_workloads(GuardImage::default(), GuardImage::default());
    let (egress, ingress) = (Point::Egress, Point::Ingress);
    let (foreign_source, foreign_destination) = (Reason::ForeignSource, Reason::ForeignDestination);
    for (point, source, destination, reason) in [
        (egress(0), "10.0.0.1", "10.0.0.2", Reason::PolicyNotSelected),
        (egress(0), "10.0.0.2", "10.0.0.1", foreign_source),
        (egress(1), "10.0.0.2", "10.0.0.1", Reason::PolicyNotSelected),
        (egress(0), "192.0.2.1", "10.0.0.1", foreign_source),
        (
            ingress(0),
            "192.0.2.1",
            "10.0.0.1",
            Reason::PolicyNotSelected,
        ),
        // The destination says whose policy it is.
        (
            ingress(0),
            "192.0.2.1",
            "10.0.0.2",
            Reason::PolicyNotSelected,
        ),
        (ingress(0), "10.0.0.1", "192.0.2.1", foreign_destination),
    ] {
        let frame = packet(source, destination, "0000 0000", 6, TO_80);
        let judged = untracked(&image, point, &frame);
        assert_eq!(
            judged,
            (reason, 0),
            "{source} to {destination} at {point:?}"
        );
    }
}

#[test]
fn discovery_is_good_on_the_link_only() {
    let image = two_workloads(GuardImage::default(), GuardImage::default());
    for (source, hops, kind, reason) in [
        ("fe80::1", 255, 135, Reason::NeighbourDiscovery),
        ("fe80::1", 255, 133, Reason::NeighbourDiscovery),
        ("fe80::1", 255, 137, Reason::NeighbourDiscovery),
        ("fe80::1", 254, 135, Reason::ForeignSource),
        ("fe80::1", 255, 132, Reason::ForeignSource),
        ("fe80::1", 255, 138, Reason::ForeignSource),
        ("fd00::1", 254, 135, Reason::PolicyNotSelected),
    ] {
        let icmp = format!("{kind:02x}00 0000 0000 0000");
        let frame = packet_v6(source, "ff02::1", hops, 58, &icmp);
        let (judged, _) = untracked(&image, Point::Egress(0), &frame);
        assert_eq!(judged, reason, "type {kind} with {hops} hops from {source}");
    }
    let frame = packet_v6("fe80::1", "ff02::1", 255, 58, "8700 0000 0000 0000");
    let (uplink, _) = untracked(&image, Point::Uplink, &frame);
    assert_eq!(
        uplink,
        Reason::OtherProtocol,
        "the uplink knows no discovery"
    );
}

fn entries(said: &[(Option<u32>, L4Prefix, Verdict)]) -> BTreeMap<PolicyEntry, Verdict> {
    let entries = said.iter().map(|(identity, l4, verdict)| {
        let identity = identity.map(IdentityId);
        (PolicyEntry { identity, l4: *l4 }, *verdict)
    });
    entries.collect()
}

fn ports(protocol: u8, port: u16, bits: u8) -> L4Prefix {
    L4Prefix::Ports {
        protocol,
        port,
        bits,
    }
}

#[test]
fn entries_of_the_identity_and_of_anybody() {
    let (allow, deny) = (
        |rule| Verdict::Allow(RuleId(rule)),
        |rule| Verdict::Deny(RuleId(rule)),
    );
    let (someone, anybody, all) = (Some(256), None, L4Prefix::All);
    let (tcp, tcp_80, tcp_64) = (ports(6, 0, 0), ports(6, 80, 16), ports(6, 64, 10));
    let ping = ports(1, 8, 16);
    for (said, behind, protocol, reason, rule) in [
        (&[][..], TO_80, 6, Reason::PolicyNoMatch, 1),
        (
            &[(someone, all, allow(2))],
            TO_80,
            6,
            Reason::PolicyAllow,
            2,
        ),
        (
            &[(anybody, all, allow(2))],
            TO_80,
            6,
            Reason::PolicyAllow,
            2,
        ),
        (
            &[(Some(257), all, allow(2))],
            TO_80,
            6,
            Reason::PolicyNoMatch,
            1,
        ),
        // Deny beats allow, wherever either stands.
        (
            &[(someone, tcp_80, allow(2)), (anybody, all, deny(3))],
            TO_80,
            6,
            Reason::PolicyDeny,
            3,
        ),
        (
            &[(someone, all, deny(2)), (anybody, tcp_80, allow(3))],
            TO_80,
            6,
            Reason::PolicyDeny,
            2,
        ),
        // Within one identity the longest prefix decides.
        (
            &[(someone, all, deny(2)), (someone, tcp_80, allow(3))],
            TO_80,
            6,
            Reason::PolicyAllow,
            3,
        ),
        (
            &[(someone, tcp, allow(2)), (someone, tcp_64, deny(3))],
            TO_80,
            6,
            Reason::PolicyDeny,
            3,
        ),
        (
            &[(someone, tcp, allow(2)), (someone, tcp_64, deny(3))],
            "9c40 0040",
            6,
            Reason::PolicyDeny,
            3,
        ),
        (
            &[(someone, tcp, allow(2)), (someone, tcp_64, deny(3))],
            "9c40 0080",
            6,
            Reason::PolicyAllow,
            2,
        ),
        // The longer of two that decide alike is named, then the identity's.
        (
            &[(someone, tcp, allow(2)), (anybody, tcp_80, allow(3))],
            TO_80,
            6,
            Reason::PolicyAllow,
            3,
        ),
        (
            &[(someone, tcp_80, allow(2)), (anybody, tcp_80, allow(3))],
            TO_80,
            6,
            Reason::PolicyAllow,
            2,
        ),
        (
            &[(someone, all, deny(2)), (anybody, tcp, deny(3))],
            TO_80,
            6,
            Reason::PolicyDeny,
            3,
        ),
        // Ports are those of a protocol.
        (
            &[(someone, tcp_80, allow(2))],
            TO_80,
            17,
            Reason::PolicyNoMatch,
            1,
        ),
        (
            &[(someone, tcp, allow(2))],
            "",
            47,
            Reason::PolicyNoMatch,
            1,
        ),
        (&[(someone, all, allow(2))], "", 47, Reason::PolicyAllow, 2),
        (
            &[(someone, ping, allow(2))],
            "0800 0000 0001 0000",
            1,
            Reason::PolicyAllow,
            2,
        ),
        (
            &[(someone, ping, allow(2))],
            "0008 0000 0001 0000",
            1,
            Reason::PolicyNoMatch,
            1,
        ),
    ] {
        let guard = GuardImage {
            default_deny: Some(RuleId(1)),
            allows: true,
            entries: entries(said),
        };
        let mut image = two_workloads(GuardImage::default(), guard);
        let someone = Prefix::host(address("10.9.9.9"));
        image.identities.insert(someone, IdentityId(256));
        let frame = packet("10.9.9.9", "10.0.0.1", "0000 0000", protocol, behind);
        let judged = untracked(&image, Point::Ingress(0), &frame);
        assert_eq!(judged, (reason, rule), "{said:?} of {behind} by {protocol}");
    }
}

#[test]
fn what_finds_no_entry() {
    let guard = |default_deny: Option<u32>, allows| GuardImage {
        default_deny: default_deny.map(RuleId),
        allows,
        entries: BTreeMap::new(),
    };
    let frame = packet("10.0.0.1", "192.0.2.9", "0000 0000", 6, TO_80);
    for (guard, expected) in [
        (guard(None, true), (Reason::PolicyNotSelected, 0)),
        (guard(Some(4), true), (Reason::PolicyNoMatch, 4)),
        (guard(Some(4), false), (Reason::PolicyDefaultDeny, 4)),
    ] {
        let image = two_workloads(guard, GuardImage::default());
        assert_eq!(untracked(&image, Point::Egress(0), &frame), expected);
    }
}

#[test]
fn the_longest_prefix_says_who_somebody_is() {
    let prefix = |text: &str| text.parse::<Prefix>().expect(text);
    let image = MapImage {
        identities: [
            (prefix("10.0.0.0/8"), IdentityId(256)),
            (prefix("10.1.0.0/16"), IdentityId(257)),
            (prefix("10.1.2.3/32"), IdentityId(258)),
            (prefix("fd00::/8"), IdentityId(259)),
        ]
        .into(),
        ..MapImage::default()
    };
    for (address_text, number) in [
        ("10.0.0.0", 256),
        ("10.255.255.255", 256),
        ("10.1.2.4", 257),
        ("10.1.2.3", 258),
        ("9.255.255.255", Identity::WORLD_V4),
        ("fdff::", 259),
        ("fe00::", Identity::WORLD_V6),
    ] {
        assert_eq!(
            identity(&image, address(address_text), &mut |_| {}),
            IdentityId(number),
            "{address_text}"
        );
    }
}
