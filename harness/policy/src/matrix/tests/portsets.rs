use super::super::{Connections, PortCuts, PortRange, PortSet};
use super::given::{allow, policy, tcp};
use crate::image::{GuardImage, IdentityId, L4Prefix, PolicyEntry, RuleId, Verdict};
use crate::model::{Direction, L4Port, L4Protocol, Peers, Ports};
use crate::port::Protocol;

fn range(first: u16, last: u16) -> PortRange {
    PortRange { first, last }
}

fn classes(cuts: &PortCuts, protocol: Protocol) -> Vec<String> {
    let classes = cuts.classes(protocol);
    classes.map(|class| class.to_string()).collect()
}

#[test]
fn a_set_of_ports_joins_what_touches_or_overlaps() {
    for (given, expected) in [
        (&[(1, 5), (6, 9)][..], "TCP 1-9"),
        (&[(6, 9), (1, 5)], "TCP 1-9"),
        (&[(1, 5), (7, 9)], "TCP 1-5,7-9"),
        (&[(1, 9), (3, 4)], "TCP 1-9"),
        (&[(20, 30), (1, 1), (5, 25)], "TCP 1,5-30"),
        (&[(65_535, 65_535), (65_534, 65_534)], "TCP 65534-65535"),
        (&[(2, 65_535), (1, 1)], "TCP 1-65535"),
    ] {
        let mut connections = Connections::default();
        for (first, last) in given {
            connections.open(Protocol::Tcp, range(*first, *last));
        }
        assert_eq!(connections.to_string(), expected, "{given:?}");
    }
}

#[test]
fn all_connections_are_every_port_of_every_protocol() {
    let mut connections = Connections::default();
    assert_eq!(connections.to_string(), "No Connections");
    connections.open(Protocol::Udp, range(53, 53));
    connections.open(Protocol::Tcp, range(8080, 8080));
    connections.open(Protocol::Tcp, range(9001, 9090));
    connections.open(Protocol::Sctp, PortRange::ALL);
    assert_eq!(
        connections.to_string(),
        "SCTP 1-65535,TCP 8080,9001-9090,UDP 53"
    );
    connections.open(Protocol::Tcp, PortRange::ALL);
    assert!(!connections.is_all());
    connections.open(Protocol::Udp, PortRange::ALL);
    assert_eq!(connections.to_string(), "All Connections");
}

#[test]
fn an_empty_set_is_no_class() {
    assert!(PortSet::default().is_empty());
    assert!(!PortSet::default().is_all());
}

#[test]
fn ports_are_cut_where_a_rule_tells_them_apart() {
    let world = policy(&["a 10.0.0.1 web=8080/tcp web=53/udp"], Vec::new());
    let named = &world.workloads[0].named_ports;
    for (port, expected) in [
        (L4Port::All, &["1-65535"][..]),
        (L4Port::Range(80, 80), &["1-79", "80", "81-65535"]),
        (L4Port::Range(0, 1), &["1", "2-65535"]),
        (L4Port::Range(1, 65_535), &["1-65535"]),
        (L4Port::Range(65_535, 65_535), &["1-65534", "65535"]),
        (
            L4Port::Named("web".to_owned()),
            &["1-52", "53", "54-8079", "8080", "8081-65535"],
        ),
        (L4Port::Named("other".to_owned()), &["1-65535"]),
    ] {
        let rule = allow(Direction::Ingress, Peers::Any, tcp(port.clone()));
        let mut cuts = PortCuts::default();
        cuts.rule(&rule, named);
        assert_eq!(classes(&cuts, Protocol::Tcp), expected, "{port:?}");
        assert_eq!(classes(&cuts, Protocol::Udp), ["1-65535"], "{port:?}");
    }
}

#[test]
fn any_protocol_cuts_all_of_them() {
    let mut ports = tcp(L4Port::Range(53, 53));
    if let Ports::Listed(matches) = &mut ports {
        matches[0].protocol = L4Protocol::AnyWithPorts;
    }
    let mut cuts = PortCuts::default();
    cuts.rule(&allow(Direction::Ingress, Peers::Any, ports), &[]);
    for protocol in Protocol::ALL {
        assert_eq!(classes(&cuts, protocol), ["1-52", "53", "54-65535"]);
    }
}

#[test]
fn ports_are_cut_where_a_compiled_entry_does_for_the_peer_or_anybody() {
    let entry = |identity: Option<u32>, protocol, port, bits| {
        let l4 = L4Prefix::Ports {
            protocol,
            port,
            bits,
        };
        let identity = identity.map(IdentityId);
        (PolicyEntry { identity, l4 }, Verdict::Allow(RuleId(1)))
    };
    let guard = GuardImage {
        entries: [
            entry(None, 6, 80, 16),
            entry(Some(256), 6, 0x4000, 2),
            entry(Some(257), 6, 9, 16),
            entry(Some(256), 17, 0, 0),
            entry(Some(256), 1, 8, 16),
        ]
        .into(),
        ..GuardImage::default()
    };
    let mut cuts = PortCuts::default();
    cuts.guard(&guard, Some(IdentityId(256)));
    let expected = ["1-79", "80", "81-16383", "16384-32767", "32768-65535"];
    assert_eq!(classes(&cuts, Protocol::Tcp), expected);
    assert_eq!(classes(&cuts, Protocol::Udp), ["1-65535"]);
    let mut cuts = PortCuts::default();
    cuts.guard(&guard, None);
    assert_eq!(classes(&cuts, Protocol::Tcp), ["1-79", "80", "81-65535"]);
}

#[test]
fn joined_cuts_hold_the_boundaries_of_both() {
    let mut one = PortCuts::default();
    one.port(Protocol::Tcp, 80);
    let mut other = PortCuts::default();
    other.port(Protocol::Tcp, 81);
    other.port(Protocol::Sctp, 5);
    one.join(&other);
    let expected = ["1-79", "80", "81", "82-65535"];
    assert_eq!(classes(&one, Protocol::Tcp), expected);
    assert_eq!(classes(&one, Protocol::Sctp), ["1-4", "5", "6-65535"]);
}
