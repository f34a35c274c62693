//! What a probe expands to.

use super::*;

fn sources(probe: &str) -> Vec<String> {
    let scenario = scenario(probe);
    let [probe] = scenario.probes.as_slice() else {
        panic!("one probe");
    };
    (probe.cases.iter())
        .map(|case| match &case.journey.frame().body {
            Body::Ip(packet) => packet.source.to_string(),
            Body::Arp { sender, .. } => sender.to_string(),
            Body::Other { .. } => "nobody".to_owned(),
        })
        .collect()
}

#[test]
fn senders_expand_to_addresses() {
    for (from, to, expected) in [
        ("both", "'web:30080/tcp'", "10.1.0.1 10.1.0.2 fd00::1"),
        ("four", "'web:30080/tcp'", "198.51.100.7"),
        // The destination narrows a host's addresses to its own family.
        ("both", "'203.0.113.1:80/tcp'", "10.1.0.1 10.1.0.2"),
        ("both", "'[2001:db8::1]:80/tcp'", "fd00::1"),
        ("both", "node/arp", "10.1.0.1 10.1.0.2"),
        ("both", "node/neighbour-solicitation", "fd00::1"),
        // No address is named by such a frame: one is all there is.
        ("both", "node/ethertype-0x88cc", "nobody"),
        ("192.0.2.99", "'web:30080/tcp'", "192.0.2.99"),
        (
            "nets",
            "'web:30080/tcp'",
            "10.0.0.0 10.255.255.255 192.168.0.0 192.168.255.255 203.0.113.9 fd00:: \
             fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ),
        (
            "any-address-in 10.0.0.0/30",
            "'web:30080/tcp'",
            "10.0.0.0 10.0.0.3",
        ),
        ("any-address-in 10.0.0.1/32", "'web:30080/tcp'", "10.0.0.1"),
        (
            "any-address-outside 10.0.0.0/8",
            "'web:30080/tcp'",
            "9.255.255.255 11.0.0.0",
        ),
        (
            "any-address-outside nets",
            "'203.0.113.1:80/tcp'",
            "9.255.255.255 11.0.0.0 192.167.255.255 192.169.0.0 203.0.113.8 203.0.113.10",
        ),
        // Lists are unions.
        (
            "[four, 10.1.0.1, both, any-address-in 10.1.0.2/31]",
            "'203.0.113.1:80/tcp'",
            "198.51.100.7 10.1.0.1 10.1.0.2 10.1.0.3",
        ),
    ] {
        let probe = format!("  - {{from: {from}, to: {to}, expect: pass}}");
        assert_eq!(sources(&probe).join(" "), expected, "{probe}");
    }
}

#[test]
fn destinations_and_options_become_frames() {
    for (probe, expected) in [
        (
            "to: 'web:30080/tcp'",
            "IPv4 198.51.100.7:40000 > 192.0.2.10:30080/tcp SYN",
        ),
        (
            "to: 'node:53/udp', frame: {source_port: 53, payload: 20}",
            "IPv4 198.51.100.7:53 > 192.0.2.10:53/udp, payload 20 bytes",
        ),
        (
            "to: '203.0.113.1:9/sctp'",
            "IPv4 198.51.100.7:40000 > 203.0.113.1:9/sctp",
        ),
        (
            "to: node/icmp",
            "IPv4 198.51.100.7 > 192.0.2.10 echo request 40000",
        ),
        (
            "to: node/protocol-47",
            "IPv4 198.51.100.7 > 192.0.2.10 protocol 47",
        ),
        ("to: node/arp", "ARP 198.51.100.7 asks for 192.0.2.10"),
        ("to: node/ethertype-0x88cc", "ethertype 0x88cc"),
        (
            "to: 'web:30080/tcp', frame: {tcp_flags: none, vlan: [21, {id: 0, priority: 7, tpid: 0x88a8}]}",
            "IPv4 198.51.100.7:40000 > 192.0.2.10:30080/tcp no flags, VLAN 21, service priority tag 7",
        ),
        (
            "to: 'web:30080/tcp', frame: {tcp_flags: [fin, syn], ip_options: [nop, {raw: '8302'}, {timestamp: 2}]}",
            "IPv4 198.51.100.7:40000 > 192.0.2.10:30080/tcp FIN+SYN, options 16 bytes",
        ),
        (
            "to: 'web:30080/tcp', frame: {fragment: later}",
            "IPv4 198.51.100.7:40000 > 192.0.2.10:30080/tcp SYN, fragment offset 1480 last",
        ),
        (
            "to: 'node:53/udp', frame: {fragment: {offset: 8, more: true}, lengths: {version: 5, ihl: 4, total: 9}, truncate: 20}",
            "IPv4 198.51.100.7:40000 > 192.0.2.10:53/udp, fragment offset 8 more, version field 5, \
             header length field 4, total length field 9, cut to 20 bytes",
        ),
    ] {
        let scenario = scenario(&format!("  - {{from: four, expect: pass, {probe}}}"));
        assert_eq!(
            describe(scenario.probes[0].cases[0].journey.frame()),
            expected
        );
    }
}

#[test]
fn first_fragments_hold_a_multiple_of_eight_bytes() {
    for to in ["node:5/tcp", "node:5/udp", "node:5/sctp"] {
        let scenario = scenario(&format!(
            "  - {{from: four, to: '{to}', expect: pass, frame: {{fragment: first}}}}"
        ));
        let frame = scenario.probes[0].cases[0].journey.frame();
        let behind_ip = netverdict_policy::frame::length(frame) - 14 - 20;
        assert_eq!(behind_ip % 8, 0, "{to}: {behind_ip} bytes");
    }
}

#[test]
fn probes_without_names_get_unique_ones() {
    let scenario = scenario(
        "  - {from: four, to: node/icmp, expect: pass}
  - {name: 'four -> node/icmp #2', from: four, to: node/icmp, expect: pass}
  - {from: four, to: node/icmp, expect: drop}
  - {from: [four, both], to: node/icmp, expect: drop}",
    );
    let names: Vec<&str> = scenario.probes.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "four -> node/icmp",
            "four -> node/icmp #2",
            "four -> node/icmp #3",
            "four, both -> node/icmp"
        ]
    );
}

#[test]
fn cases_are_told_apart_by_source_address_and_port() {
    let scenario = scenario("  - {from: both, to: 'web:30080/tcp', expect: pass}");
    let cases = &scenario.probes[0].cases;
    let labels: Vec<&str> = cases.iter().map(|case| case.label.as_str()).collect();
    assert_eq!(labels, ["10.1.0.1", "10.1.0.2", "fd00::1"]);
    let ports: Vec<u16> = (cases.iter())
        .filter_map(|case| match &case.journey.frame().body {
            Body::Ip(packet) => match packet.transport {
                Transport::Tcp { source, .. } => Some(source),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(ports, [40000, 40001, 40002]);
}

#[test]
fn frames_for_a_service_are_meant_for_its_first_workload() {
    let first = Target::Workload {
        workload: 0,
        node_port: Some("30080/tcp".parse().expect("a port")),
    };
    for (to, expected) in [
        ("web:30080/tcp", first.clone()),
        ("web-two:30080/tcp", first.clone()),
        ("node:30080/tcp", first.clone()),
        ("192.0.2.10:30080/tcp", first),
        ("node:30080/udp", Target::Node),
    ] {
        let scenario = scenario(&format!("  - {{from: four, to: '{to}', expect: pass}}"));
        assert_eq!(scenario.probes[0].cases[0].journey.target, expected, "{to}");
    }
}

#[test]
fn frames_that_no_host_delivers_are_meant_for_nobody() {
    for (probe, expected) in [
        ("to: node/arp", Undeliverable::NotIp),
        (
            "to: node/neighbour-solicitation",
            Undeliverable::ForeignDestination,
        ),
        (
            "to: '203.0.113.1:80/tcp'",
            Undeliverable::ForeignDestination,
        ),
        (
            "to: 'web:30080/tcp', frame: {vlan: [21]}",
            Undeliverable::UnknownVlan,
        ),
        (
            "to: 'web:30080/tcp', frame: {fragment: later}",
            Undeliverable::LoneFragment,
        ),
    ] {
        let scenario = scenario(&format!("  - {{from: both, expect: pass, {probe}}}"));
        let target = &scenario.probes[0].cases[0].journey.target;
        assert_eq!(*target, Target::Undeliverable(expected), "{probe}");
    }
}

#[test]
fn huge_sets_are_probed_at_some_of_their_edges() {
    let list: String = (0..1000)
        .map(|n| format!("10.{}.{}.0/24\n", n / 250, n % 250))
        .collect();
    let text = "
name: test
topology: {node: {addresses: [192.0.2.10]}}
address_sets: {many: {file: many.txt}}
probes: [{from: many, to: 'node:1/tcp', expect: pass}]
";
    let checked = Memory::default()
        .with("many.txt", &list)
        .read(text)
        .expect("a warning only");
    assert_eq!(checked.scenario.probes[0].cases.len(), 256);
    assert_eq!(checked.warnings[0].code, "cases-capped");
}
