//! Every policy of two rules over a small world, compiled and interpreted, against
//! the oracle.

use std::net::IpAddr;

use netverdict_policy::frame::{FrameSpec, Transport};
use netverdict_policy::image::RuleId;
use netverdict_policy::interpret;
use netverdict_policy::journey::Point;
use netverdict_policy::lower::lower;
use netverdict_policy::model::{
    Choices, Direction, Entity, KnownHost, L4Port, L4Protocol, NetworkPolicy, Peers, Policy,
    PolicyKind, Ports, Rule, RuleAction,
};
use netverdict_policy::oracle;

use crate::given::{
    about, address, bytes, cidr, entity, frame, l4, labels, listed, named, named_port, node_alone,
    ping, rule, somewhere, tcp, to_tcp, to_udp, workload, workloads,
};

/// Two workloads, of which the first is the subject; a node, an API server outside
/// and a remote node.
fn world(choices: Choices, network_policies: Vec<NetworkPolicy>) -> Policy {
    let known = |addresses: &str, entities: &[Entity]| KnownHost {
        addresses: addresses.split_whitespace().map(address).collect(),
        entities: entities.to_vec(),
        labels: labels("zone=a"),
        location: somewhere(),
    };
    let mut policy = node_alone();
    policy.choices = choices;
    policy.workloads = vec![
        workload("a", "app=a", "10.0.0.1 fd00::1"),
        workload("b", "app=b", "10.0.0.2 fd00::2"),
    ];
    policy.workloads[0].named_ports = vec![named_port("web", "80/tcp")];
    policy.workloads[1].named_ports = vec![named_port("web", "81/tcp")];
    policy.known_hosts = vec![
        known("10.0.1.1", &[Entity::KubeApiserver]),
        known("10.0.1.2", &[Entity::RemoteNode, Entity::KubeApiserver]),
    ];
    policy.network_policies = network_policies;
    policy
}

fn peers() -> Vec<Peers> {
    vec![
        Peers::Any,
        listed([workloads("app=b")]),
        listed([workloads("app=none"), workloads("")]),
        listed([cidr("10.0.0.0/8")]),
        listed([cidr("10.9.0.0/16 10.9.9.0/24"), cidr("fd00::/8")]),
        listed([cidr("0.0.0.0/0 10.0.0.0/8")]),
        listed([entity(Entity::World)]),
        listed([entity(Entity::Cluster)]),
        listed([entity(Entity::None), entity(Entity::Host)]),
    ]
}

fn ports() -> Vec<Ports> {
    vec![
        Ports::All,
        tcp(80, 80),
        tcp(80, 81),
        Ports::Listed(vec![
            l4(L4Protocol::AnyWithPorts, L4Port::All),
            l4(L4Protocol::Icmp, L4Port::Range(8, 8)),
        ]),
        named(L4Protocol::AnyWithPorts, "web"),
    ]
}

fn others() -> Vec<IpAddr> {
    [
        "10.0.0.2",
        "fd00::2",
        "192.0.2.1",
        "10.0.1.1",
        "10.0.1.2",
        "10.9.9.9",
        "10.9.8.8",
        "203.0.113.1",
        "fd00::9",
        "2001:db8::1",
    ]
    .map(address)
    .to_vec()
}

fn transports() -> [Transport; 6] {
    [
        to_tcp(80),
        to_tcp(81),
        to_tcp(82),
        to_udp(80),
        ping(),
        Transport::Other { protocol: 47 },
    ]
}

/// A frame between the subject and somebody, and its bytes.
struct Probe {
    point: Point,
    frame: FrameSpec,
    bytes: Vec<u8>,
}

fn probes(direction: Direction) -> Vec<Probe> {
    let mut probes = Vec::new();
    for other in others() {
        let own = address(if other.is_ipv4() {
            "10.0.0.1"
        } else {
            "fd00::1"
        });
        for transport in transports() {
            let (point, frame) = match direction {
                Direction::Egress => (Point::Egress(0), frame(own, other, transport)),
                Direction::Ingress => (Point::Ingress(0), frame(other, own, transport)),
            };
            let bytes = bytes(&frame);
            probes.push(Probe {
                point,
                frame,
                bytes,
            });
        }
    }
    probes
}

fn compare(policy: &Policy, probes: &[Probe]) {
    let image = lower(policy).expect("a small policy");
    for probe in probes {
        let mut memory = oracle::Memory::untracked();
        let decision = oracle::judge(policy, probe.point, &probe.frame, &mut memory);
        let mut memory = interpret::Memory::untracked();
        let judgement = interpret::judge(&image, probe.point, &probe.bytes, &mut memory);
        let named = match image.rule(judgement.rule) {
            Some(rule) => decision.rules.contains(&rule),
            None => judgement.rule == RuleId::NONE && decision.rules.is_empty(),
        };
        assert!(
            judgement.reason == decision.reason && named,
            "the oracle says {:?} by {:?}, the image {:?} by {:?}\n{:?}\nunder {:#?}\nas {image:#?}",
            decision.reason,
            decision.rules,
            judgement.reason,
            image.rule(judgement.rule),
            probe.frame,
            policy.network_policies,
        );
    }
}

fn every_rule(direction: Direction) -> Vec<Rule> {
    let mut rules = Vec::new();
    for action in [RuleAction::Allow, RuleAction::Deny] {
        for peers in peers() {
            for ports in ports() {
                rules.push(rule(direction, action, peers.clone(), ports));
            }
        }
    }
    rules
}

#[test]
fn two_rules_of_one_policy() {
    for direction in [Direction::Egress, Direction::Ingress] {
        let probes = probes(direction);
        let rules = every_rule(direction);
        for (index, first) in rules.iter().enumerate() {
            for second in &rules[index..] {
                let both = about("app=a", vec![first.clone(), second.clone()]);
                compare(&world(Choices::default(), vec![both]), &probes);
            }
        }
    }
}

#[test]
fn one_rule_under_every_choice() {
    let either = [false, true];
    for direction in [Direction::Egress, Direction::Ingress] {
        let probes = probes(direction);
        for bits in 0..16u8 {
            let choices = Choices {
                ip_blocks_match_workloads: bits & 1 != 0,
                cidrs_match_workloads: bits & 2 != 0,
                cidrs_match_nodes: bits & 4 != 0,
                node_reaches_workloads: bits & 8 != 0,
            };
            for rule in every_rule(direction) {
                for kind in [PolicyKind::Kubernetes, PolicyKind::Cilium] {
                    for isolates in either {
                        let mut policy = about("app=a", vec![rule.clone()]);
                        policy.kind = kind;
                        policy.isolates_egress = isolates;
                        policy.isolates_ingress = isolates;
                        compare(&world(choices, vec![policy]), &probes);
                    }
                }
            }
        }
    }
}
