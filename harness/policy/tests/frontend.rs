//! What valid scenarios mean.

mod memory;

use std::net::IpAddr;

use memory::{Memory, file};
use netverdict_policy::diagnostic::{Diagnostic, Severity};
use netverdict_policy::frame::{Body, Transport, describe};
use netverdict_policy::frontend::{self, Checked, FileKind};
use netverdict_policy::journey::{Point, Target};
use netverdict_policy::model::{Choices, Entity, ListedSource};
use netverdict_policy::scenario::{Scenario, Undeliverable};

const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
";

/// A scenario with everything that the tests below refer to.
fn scenario(probes: &str) -> Scenario {
    let text = format!(
        "
name: test
topology:
  node: {{addresses: [192.0.2.10, '2001:db8::10']}}
  hosts:
    both: {{zone: internal, addresses: [10.1.0.1, 10.1.0.2, 'fd00::1']}}
    four: {{zone: external, addresses: [198.51.100.7]}}
  workloads:
    web: {{labels: {{app: web}}}}
    web-two: {{labels: {{app: web}}}}
address_sets:
  nets: [10.0.0.0/8, 192.168.0.0/16, 'fd00::/8', 203.0.113.9]
manifests: [service.yaml]
probes:
{probes}
"
    );
    let checked = Memory::default()
        .with("service.yaml", SERVICE)
        .read(&text)
        .unwrap_or_else(|problems| panic!("{problems:#?}"));
    checked.scenario
}

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
fn workloads_get_addresses_that_nobody_has() {
    let checked = Memory::default()
        .read(
            "
name: test
topology:
  node: {addresses: ['fd00:10:244::2', 192.0.2.10]}
  hosts: {taken: {zone: internal, addresses: [10.244.0.3, 'fd00:10:244::4']}}
  workloads: {one: {labels: {}}, two: {labels: {}}}
probes: [{from: taken, to: node/icmp, expect: pass}]
",
        )
        .unwrap_or_else(|problems| panic!("{problems:#?}"));
    let addresses = |index: usize| {
        let plan = &checked.scenario.topology.workloads[index];
        plan.addresses
            .iter()
            .map(IpAddr::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(addresses(0), ["10.244.0.2", "fd00:10:244::3"]);
    assert_eq!(addresses(1), ["10.244.0.4", "fd00:10:244::5"]);
}

#[test]
fn an_empty_allow_list_is_a_warning_where_failure_is_expected() {
    let text = "
name: test
xfail: {reason: empty, probes: [p]}
topology: {node: {addresses: [192.0.2.10]}}
prefilter: [{node_port: 1/tcp, bypass_policy: true, allow: [], default: pass}]
probes: [{name: p, from: 10.0.0.1, to: 'node:1/tcp', expect: drop}]
";
    let checked = Memory::default().read(text).expect("a warning only");
    let found: Vec<_> = (checked.warnings.iter())
        .map(|warning| (warning.code, warning.severity))
        .collect();
    assert_eq!(found, [("prefilter-empty-allow-list", Severity::Warning)]);
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

#[test]
fn manifests_are_told_from_scenarios() {
    for (text, expected) in [
        (SERVICE, FileKind::Manifest),
        (
            "{\"apiVersion\": \"v1\", \"kind\": \"List\"}",
            FileKind::Manifest,
        ),
        ("name: a scenario\nprobes: []\n", FileKind::Scenario),
        (
            "apiVersion: v1\nkind: Service\n---\nname: not one\n",
            FileKind::Scenario,
        ),
        ("", FileKind::Scenario),
        // Not YAML, but one sees what it was meant to be.
        (
            "apiVersion: v1\nkind: Service\nspec: [\n",
            FileKind::Manifest,
        ),
        ("name: [\n", FileKind::Scenario),
    ] {
        assert_eq!(frontend::kind(&file("f.yaml", text)), expected, "{text}");
    }
}

/// Two workloads of different namespaces, two hosts, and manifests of another.
fn world(more: &str) -> Result<Checked, Vec<Diagnostic>> {
    let pod = "
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
";
    let text = format!(
        "
name: test
topology:
  node: {{addresses: [192.0.2.10, '2001:db8::10']}}
  hosts:
    four: {{zone: external, addresses: [198.51.100.7, 198.51.100.8]}}
  workloads:
    web: {{labels: {{app: web}}, ports: {{http: 31000/tcp}}}}
    db: {{labels: {{app: db}}, namespace: data, addresses: [10.9.0.1]}}
    agent: {{labels: {{app: agent}}, host_network: true}}
manifests: [service.yaml, pod.yaml]
{more}
"
    );
    Memory::default()
        .with("service.yaml", SERVICE)
        .with("pod.yaml", pod)
        .read(&text)
}

fn legs(probe: &str) -> Vec<String> {
    let checked = world(&format!("probes:\n  - {{expect: pass, {probe}}}"))
        .unwrap_or_else(|problems| panic!("{probe}: {problems:#?}"));
    let topology = &checked.scenario.topology;
    let name = |workload: usize| topology.workloads[workload].name.clone();
    (checked.scenario.probes[0].cases.iter())
        .map(|case| {
            let points: Vec<String> = (case.journey.legs.iter())
                .map(|leg| match leg.point {
                    Point::Uplink => "uplink".to_owned(),
                    Point::Egress(workload) => format!("egress {}", name(workload)),
                    Point::Ingress(workload) => format!("ingress {}", name(workload)),
                })
                .collect();
            format!("{}: {}", describe(case.journey.frame()), points.join(", "))
        })
        .collect()
}

#[test]
fn workloads_send_and_are_sent_to() {
    for (probe, expected) in [
        // Its own addresses, to those of the other, family by family.
        (
            "from: web, to: 'db:5432/tcp'",
            &[
                "IPv4 10.244.0.2:40000 > 10.9.0.1:5432/tcp SYN: egress web, ingress db",
                "IPv6 [fd00:10:244::2]:40001 > [fd00:10:244::3]:5432/tcp SYN: egress web, ingress db",
            ][..],
        ),
        // A workload of the manifests, by its name alone or with its namespace.
        (
            "from: shop/cart, to: 'data/db:53/udp', frame: {family: 4}",
            &["IPv4 10.244.0.3:40000 > 10.9.0.1:53/udp: egress cart, ingress db"],
        ),
        (
            "from: cart, to: cart/icmp, frame: {family: 6}",
            &["IPv6 fd00:10:244::4 > fd00:10:244::4 echo request 40000: egress cart, ingress cart"],
        ),
        // The node port, by the workload's name and by the node's; never the uplink.
        (
            "from: db, to: 'web:30080/tcp', frame: {family: 4}",
            &["IPv4 10.9.0.1:40000 > 192.0.2.10:30080/tcp SYN: egress db, ingress web"],
        ),
        (
            "from: db, to: 'node:30080/tcp', frame: {family: 4}",
            &["IPv4 10.9.0.1:40000 > 192.0.2.10:30080/tcp SYN: egress db, ingress web"],
        ),
        // A port of its own that could be a node port.
        (
            "from: four, to: 'web:31000/tcp'",
            &[
                "IPv4 198.51.100.7:40000 > 10.244.0.2:31000/tcp SYN: uplink, ingress web",
                "IPv4 198.51.100.8:40001 > 10.244.0.2:31000/tcp SYN: uplink, ingress web",
            ],
        ),
        // Out of the uplink, to each address of a host.
        (
            "from: db, to: 'four:443/tcp'",
            &[
                "IPv4 10.9.0.1:40000 > 198.51.100.7:443/tcp SYN: egress db",
                "IPv4 10.9.0.1:40001 > 198.51.100.8:443/tcp SYN: egress db",
            ],
        ),
        (
            "from: db, to: '169.254.169.254:80/tcp'",
            &["IPv4 10.9.0.1:40000 > 169.254.169.254:80/tcp SYN: egress db"],
        ),
        // Under another's address.
        (
            "from: web, to: 'four:443/tcp', frame: {source: db, source_port: 7}",
            &[
                "IPv4 10.9.0.1:7 > 198.51.100.7:443/tcp SYN: egress web",
                "IPv4 10.9.0.1:7 > 198.51.100.8:443/tcp SYN: egress web",
            ],
        ),
        // In the node's network it is the node.
        (
            "from: db, to: 'agent:9100/tcp', frame: {family: 4}",
            &["IPv4 10.9.0.1:40000 > 192.0.2.10:9100/tcp SYN: egress db"],
        ),
        (
            "from: db, to: web/protocol-47, frame: {family: 4}",
            &["IPv4 10.9.0.1 > 10.244.0.2 protocol 47: egress db, ingress web"],
        ),
    ] {
        assert_eq!(legs(probe), expected, "{probe}");
    }
}

#[test]
fn what_names_nobody_or_several_is_refused() {
    for (probe, code) in [
        ("from: web, to: 'nobody:80/tcp'", "unknown-workload"),
        ("from: nobody, to: 'web:80/tcp'", "unknown-host"),
        ("from: agent, to: 'web:80/tcp'", "sender-in-host-network"),
        ("from: four, to: 'four:80/tcp'", "same-side"),
        ("from: four, to: 'web:30081/tcp'", "unknown-node-port"),
        ("from: web, to: db/icmp-type-8", "frame-impossible"),
        (
            "from: web, to: db/icmp, frame: {about: {from: db, to: 'web:1/tcp'}}",
            "frame-option-mismatch",
        ),
        (
            "from: web, to: db/icmp-type-3, frame: {about: {from: db, to: node/arp}}",
            "destination-malformed",
        ),
        (
            "from: web, to: db/icmp, frame: {source_port: 1}",
            "frame-option-mismatch",
        ),
        (
            "from: web, to: 'db:1/tcp', frame: {identifier: 1}",
            "frame-option-mismatch",
        ),
        (
            "from: web, to: 'db:1/tcp', frame: {family: 5}",
            "unknown-value",
        ),
        (
            "from: web, to: 'db:1/tcp', frame: {source: nobody}",
            "unknown-host",
        ),
    ] {
        let problems = world(&format!("probes:\n  - {{expect: pass, {probe}}}"))
            .map(|checked| panic!("{probe}: {:#?}", checked.scenario.probes))
            .unwrap_or_else(|problems| problems);
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
        assert!(codes.contains(&code), "{probe}: {problems:#?}");
    }
}

#[test]
fn probes_of_a_sequence_follow_each_other_from_one_port() {
    let checked = world(
        "
sequences:
  replies:
    - {from: web, to: 'db:5432/tcp', expect: pass, frame: {family: 4}}
    - {from: db, to: 'web:40000/tcp', expect: pass, frame: {family: 4, source_port: 5432}}
  other:
    - {from: web, to: 'db:5432/tcp', expect: pass, frame: {family: 4}}
",
    )
    .unwrap_or_else(|problems| panic!("{problems:#?}"));
    let probes: Vec<_> = (checked.scenario.probes.iter())
        .map(|probe| {
            let sent = describe(probe.cases[0].journey.frame());
            (probe.name.as_str(), probe.sequence, sent)
        })
        .collect();
    let expected = [
        (
            "replies: web -> db:5432/tcp",
            Some(0),
            "IPv4 10.244.0.2:40000 > 10.9.0.1:5432/tcp SYN",
        ),
        (
            "replies: db -> web:40000/tcp",
            Some(0),
            "IPv4 10.9.0.1:5432 > 10.244.0.2:40000/tcp SYN",
        ),
        (
            "other: web -> db:5432/tcp",
            Some(1),
            "IPv4 10.244.0.2:40000 > 10.9.0.1:5432/tcp SYN",
        ),
    ];
    let expected = expected.map(|(name, number, sent)| (name, number, sent.to_owned()));
    assert_eq!(probes, expected);
}

#[test]
fn deny_lists_are_of_a_port_or_of_all() {
    let checked = world(
        "
prefilter:
  - {deny: [203.0.113.0/24, 198.51.100.7]}
  - {node_port: 1/tcp, bypass_policy: false, deny: [10.0.0.0/8], default: pass}
  - {node_port: 2/tcp, bypass_policy: false, deny: [10.0.0.0/8], allow: [10.1.0.0/16], default: drop}
probes: [{from: four, to: 'node:1/tcp', expect: pass}]
",
    )
    .unwrap_or_else(|problems| panic!("{problems:#?}"));
    let policy = &checked.scenario.policy;
    let shown = |list: &[ListedSource]| {
        let texts: Vec<String> = list.iter().map(|one| one.prefix.to_string()).collect();
        texts.join(" ")
    };
    assert_eq!(shown(&policy.deny_list), "203.0.113.0/24 198.51.100.7/32");
    let [one, two] = policy.prefilters.as_slice() else {
        panic!("{:#?}", policy.prefilters);
    };
    assert_eq!(
        (shown(&one.deny), shown(&one.allow)),
        ("10.0.0.0/8".to_owned(), String::new())
    );
    assert_eq!(
        (shown(&two.deny), shown(&two.allow)),
        ("10.0.0.0/8".to_owned(), "10.1.0.0/16".to_owned())
    );
}

#[test]
fn choices_and_known_hosts_reach_the_policy() {
    let text = "
name: test
choices: {cidrs_match_workloads: true, node_reaches_workloads: false}
topology:
  node: {addresses: [192.0.2.10], labels: {zone: a}}
  hosts:
    api: {zone: internal, addresses: [10.0.0.1], entities: [kube-apiserver]}
    peer: {zone: internal, addresses: [10.0.0.2], entities: [remote-node], labels: {zone: b}}
    other: {zone: external, addresses: [10.0.0.3]}
  namespaces: {shop: {labels: {team: blue}}}
  workloads: {web: {labels: {}, namespace: shop, service_account: robot}}
probes: [{from: other, to: node/icmp, expect: pass}]
";
    let checked = Memory::default()
        .read(text)
        .unwrap_or_else(|problems| panic!("{problems:#?}"));
    let policy = &checked.scenario.policy;
    let expected = Choices {
        cidrs_match_workloads: true,
        node_reaches_workloads: false,
        ..Choices::default()
    };
    assert_eq!(policy.choices, expected);
    let entities: Vec<_> = (policy.known_hosts.iter())
        .map(|host| (host.entities.clone(), host.labels.get("zone").cloned()))
        .collect();
    assert_eq!(
        entities,
        [
            (vec![Entity::KubeApiserver], None),
            (vec![Entity::RemoteNode], Some("b".to_owned())),
        ]
    );
    let label = |key: &str| policy.workloads[0].labels.get(key).map(String::as_str);
    assert_eq!(label("io.cilium.k8s.policy.serviceaccount"), Some("robot"));
    assert_eq!(label("io.cilium.k8s.namespace.labels.team"), Some("blue"));
    assert_eq!(
        policy.node.labels.get("zone").map(String::as_str),
        Some("a")
    );
}
