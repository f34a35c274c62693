//! A cluster made up by rule: 50 namespaces of 100 pods, 200 policies in each.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use netverdict_policy::diagnostic::{Location, SourceFile};
use netverdict_policy::model::{
    Choices, Cidr, Direction, EndpointSelector, Entity, L4Match, L4Port, L4Protocol, Labels,
    NamedPort, Namespaces, NetworkPolicy, Node, ObjectName, Operator, Peer, PeerKind, Peers,
    Policy, PolicyKind, Ports, Requirement, Rule, RuleAction, Selector, Subject, Workload,
};
use netverdict_policy::port::{ProtoPort, Protocol};
use netverdict_policy::prefix::Prefix;

const NAMESPACES: u32 = 50;
const PODS: u32 = 100;
/// Applications of a namespace; the pods of one are replicas, but for a label that
/// each has of its own.
const APPS: u32 = 20;
const POLICIES: u32 = 200;
const TEAMS: u32 = 5;

/// The whole.
pub(crate) fn policy() -> Policy {
    let file = SourceFile {
        path: "cluster.yaml".to_owned(),
        text: String::new(),
    };
    let location = Location::new(&Arc::new(file), 0, 0);
    let mut policy = Policy {
        node: Node {
            addresses: vec![Ipv4Addr::new(192, 0, 2, 1).into()],
            labels: Labels::new(),
        },
        choices: Choices::default(),
        ..Policy::default()
    };
    for namespace in 0..NAMESPACES {
        let name = namespace_name(namespace);
        let own = labels(&[
            ("kubernetes.io/metadata.name", &name),
            ("team", &format!("team-{}", namespace % TEAMS)),
        ]);
        policy.namespaces.insert(name, own);
        for pod in 0..PODS {
            policy.workloads.push(workload(namespace, pod, &location));
        }
        for number in 0..POLICIES {
            let rules = network_policy(namespace, number, &location);
            policy.network_policies.push(rules);
        }
    }
    policy
}

fn namespace_name(namespace: u32) -> String {
    format!("namespace-{namespace}")
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let owned = pairs.iter();
    owned
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn workload(namespace: u32, pod: u32, location: &Location) -> Workload {
    let app = pod % APPS;
    let name = format!("app-{app}-{}", pod / APPS);
    let low = namespace * 256 + pod;
    let v4 = Ipv4Addr::from_bits((10 << 24) | low);
    let v6 = Ipv6Addr::from_bits((0xfd00 << 112) | u128::from(low));
    let addresses: Vec<IpAddr> = vec![v4.into(), v6.into()];
    Workload {
        labels: labels(&[
            ("app", &format!("app-{app}")),
            (
                "tier",
                ["front", "middle", "back", "data"][app as usize % 4],
            ),
            ("apps.kubernetes.io/pod-name", &name),
            ("io.kubernetes.pod.namespace", &namespace_name(namespace)),
        ]),
        name: ObjectName {
            namespace: namespace_name(namespace),
            name,
        },
        kind: "Pod".to_owned(),
        known_addresses: addresses.clone(),
        addresses,
        named_ports: vec![NamedPort {
            name: "http".to_owned(),
            port: ProtoPort {
                port: if app.is_multiple_of(2) { 8080 } else { 8081 },
                protocol: Protocol::Tcp,
            },
        }],
        host_network: false,
        location: location.clone(),
    }
}

/// Ten policies of each application, each of another sort.
fn network_policy(namespace: u32, number: u32, location: &Location) -> NetworkPolicy {
    let (app, sort) = (number % APPS, number / APPS);
    let next = (app + sort + 1) % APPS;
    let here = || Namespaces::Named(namespace_name(namespace));
    let select = |namespaces, key: &str, value: String| {
        PeerKind::Workloads(EndpointSelector {
            namespaces,
            labels: one(key, value),
        })
    };
    let team = |of: u32| {
        let team = format!("team-{}", of % TEAMS);
        Namespaces::Labelled(one("team", team))
    };
    let tcp = |first, last| entry(L4Protocol::Tcp, L4Port::Range(first, last), location);
    let http = || entry(L4Protocol::Tcp, L4Port::Named("http".to_owned()), location);
    let dns = || entry(L4Protocol::Udp, L4Port::Range(53, 53), location);
    let v4 = |network: u32, length| Prefix::containing(Ipv4Addr::from_bits(network).into(), length);
    let (ingress, egress) = (Direction::Ingress, Direction::Egress);
    let (direction, action, peers, ports) = match sort {
        0 => (
            ingress,
            RuleAction::Allow,
            vec![select(here(), "app", format!("app-{next}"))],
            vec![tcp(8080, 8080)],
        ),
        1 => (
            egress,
            RuleAction::Allow,
            vec![select(here(), "app", format!("app-{next}"))],
            vec![http()],
        ),
        2 => (
            egress,
            RuleAction::Allow,
            vec![select(
                Namespaces::Named(namespace_name(0)),
                "app",
                "app-0".to_owned(),
            )],
            vec![dns(), tcp(53, 53)],
        ),
        3 => (
            ingress,
            RuleAction::Allow,
            vec![select(team(namespace), "tier", "front".to_owned())],
            vec![http()],
        ),
        4 => (
            ingress,
            RuleAction::Allow,
            vec![PeerKind::Cidr(Cidr {
                prefix: v4((172 << 24) | (namespace << 16) | ((app % 4) << 8), 24),
                except: vec![v4(
                    (172 << 24) | (namespace << 16) | ((app % 4) << 8) | 128,
                    28,
                )],
            })],
            vec![tcp(8080, 8083)],
        ),
        5 => (
            egress,
            RuleAction::Allow,
            vec![PeerKind::Entity(Entity::World)],
            vec![tcp(443, 443)],
        ),
        6 => (
            egress,
            RuleAction::Deny,
            vec![PeerKind::Cidr(Cidr {
                prefix: v4((169 << 24) | (254 << 16) | (169 << 8) | 254, 32),
                except: Vec::new(),
            })],
            Vec::new(),
        ),
        7 => (
            ingress,
            RuleAction::Allow,
            vec![
                select(team(namespace + 1), "app", format!("app-{next}")),
                PeerKind::Workloads(EndpointSelector {
                    namespaces: Namespaces::Named(namespace_name(1)),
                    labels: Selector::default(),
                }),
            ],
            vec![tcp(9000, 9010)],
        ),
        8 => (
            ingress,
            RuleAction::Allow,
            // Who lets in the whole cluster has an entry for each of its identities.
            vec![PeerKind::Entity(if app == 0 {
                Entity::Cluster
            } else {
                Entity::RemoteNode
            })],
            vec![tcp(9100, 9100)],
        ),
        _ => (
            ingress,
            RuleAction::Deny,
            vec![select(here(), "app", format!("app-{}", (app + 7) % APPS))],
            vec![tcp(22, 22), tcp(3000, 3999)],
        ),
    };
    let peers = peers.into_iter().map(|kind| Peer {
        kind,
        location: location.clone(),
    });
    NetworkPolicy {
        kind: PolicyKind::Cilium,
        name: ObjectName {
            namespace: namespace_name(namespace),
            name: format!("policy-{number}"),
        },
        subject: Subject::Workloads(EndpointSelector {
            namespaces: here(),
            labels: one("app", format!("app-{app}")),
        }),
        isolates_ingress: direction == ingress,
        isolates_egress: direction == egress,
        rules: vec![Rule {
            direction,
            action,
            peers: Peers::Listed(peers.collect()),
            ports: if ports.is_empty() {
                Ports::All
            } else {
                Ports::Listed(ports)
            },
            location: location.clone(),
        }],
        location: location.clone(),
    }
}

fn one(key: &str, value: String) -> Selector {
    Selector(vec![Requirement {
        key: key.to_owned(),
        operator: Operator::In([value].into()),
    }])
}

fn entry(protocol: L4Protocol, port: L4Port, location: &Location) -> L4Match {
    L4Match {
        protocol,
        port,
        location: location.clone(),
    }
}
