//! Senders and receivers that manifests and topology declare.

use super::*;

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
