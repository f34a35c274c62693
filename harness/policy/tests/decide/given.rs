//! Short ways to write clusters, policies and packets down.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use netverdict_policy::diagnostic::{Location, SourceFile};
use netverdict_policy::frame::{Body, FrameSpec, IcmpKind, IpPacket, Transport};
use netverdict_policy::model::{
    Backend, Cidr, DefaultAction, Direction, EndpointSelector, Entity, KnownHost, L4Match, L4Port,
    L4Protocol, Labels, ListedSource, NamedPort, Namespaces, NetworkPolicy, Node, NodePort,
    ObjectName, Operator, Peer, PeerKind, Peers, Policy, PolicyKind, Ports, Prefilter, Requirement,
    Rule, RuleAction, Selector, Subject, Workload,
};
use netverdict_policy::port::ProtoPort;

/// A place in a file that does not matter.
pub(crate) fn somewhere() -> Location {
    let file = SourceFile {
        path: "policy.yaml".to_owned(),
        text: String::new(),
    };
    Location::new(&Arc::new(file), 0, 0)
}

/// `web` and `api` in `front` (team=a), `db` in `back` (team=b), and `agent` in the
/// node's network; hosts of several kinds beyond the uplink.
pub(crate) fn cluster(network_policies: Vec<NetworkPolicy>) -> Policy {
    let namespace = |name: &str, team: &str| {
        let labels = format!("team={team} kubernetes.io/metadata.name={name}");
        (name.to_owned(), labels_of(&labels))
    };
    Policy {
        namespaces: [namespace("front", "a"), namespace("back", "b")].into(),
        node: Node {
            addresses: addresses("192.0.2.10 2001:db8::10"),
            labels: labels_of("zone=a"),
        },
        workloads: vec![
            workload(
                "front/web",
                "app=web tier=edge",
                "10.0.0.10 fd00::a",
                "http=80/tcp",
            ),
            workload(
                "front/api",
                "app=api",
                "10.0.0.11 fd00::b",
                "http=8080/tcp http=53/udp",
            ),
            workload(
                "back/db",
                "app=db tier=store",
                "10.0.0.12 fd00::c",
                "sql=5432/tcp",
            ),
            Workload {
                host_network: true,
                ..workload(
                    "back/agent",
                    "app=agent",
                    "192.0.2.10 2001:db8::10",
                    "http=80/tcp",
                )
            },
        ],
        known_hosts: vec![
            known_host("192.0.2.11 2001:db8::11", &[Entity::RemoteNode], "zone=a"),
            known_host(
                "192.0.2.12",
                &[Entity::RemoteNode, Entity::KubeApiserver],
                "zone=b",
            ),
            known_host("203.0.113.6", &[Entity::KubeApiserver], ""),
            known_host("10.0.0.200", &[Entity::Health], ""),
        ],
        network_policies,
        ..Policy::default()
    }
}

fn known_host(at: &str, entities: &[Entity], labels: &str) -> KnownHost {
    KnownHost {
        addresses: addresses(at),
        entities: entities.to_vec(),
        labels: labels_of(labels),
        location: somewhere(),
    }
}

fn workload(name: &str, labels: &str, at: &str, ports: &str) -> Workload {
    let (namespace, name) = name.split_once('/').expect(name);
    let named_ports = ports.split_whitespace().map(|named| {
        let (name, port) = named.split_once('=').expect(named);
        NamedPort {
            name: name.to_owned(),
            port: port.parse().expect(port),
        }
    });
    Workload {
        name: ObjectName {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        },
        kind: "Pod".to_owned(),
        labels: labels_of(labels),
        addresses: addresses(at),
        known_addresses: addresses(at),
        named_ports: named_ports.collect(),
        host_network: false,
        location: somewhere(),
    }
}

fn addresses(text: &str) -> Vec<IpAddr> {
    (text.split_whitespace())
        .map(|address| address.parse().expect(address))
        .collect()
}

fn labels_of(text: &str) -> Labels {
    let pairs = text.split_whitespace().map(|pair| {
        let (key, value) = pair.split_once('=').expect(pair);
        (key.to_owned(), value.to_owned())
    });
    pairs.collect()
}

/// A Cilium policy that isolates in the directions of its rules.
pub(crate) fn cilium(subject: &str, rules: &[&str]) -> NetworkPolicy {
    of_kind(PolicyKind::Cilium, subject, rules)
}

/// A Kubernetes policy that isolates in the directions of its rules.
pub(crate) fn kubernetes(subject: &str, rules: &[&str]) -> NetworkPolicy {
    of_kind(PolicyKind::Kubernetes, subject, rules)
}

fn of_kind(kind: PolicyKind, subject: &str, rules: &[&str]) -> NetworkPolicy {
    let rules: Vec<Rule> = rules.iter().map(|text| rule(text)).collect();
    let has = |direction| rules.iter().any(|rule| rule.direction == direction);
    NetworkPolicy {
        kind,
        name: ObjectName {
            namespace: "front".to_owned(),
            name: "policy".to_owned(),
        },
        subject: Subject::Workloads(endpoints(subject)),
        isolates_ingress: has(Direction::Ingress),
        isolates_egress: has(Direction::Egress),
        rules,
        location: somewhere(),
    }
}

/// Such as `ingress allow front:app=web, 10.0.0.0/8 !10.1.0.0/16 on 80/tcp`.
///
/// Peers are `any`, `nobody`, or a list of `NAMESPACES:LABELS` with namespaces `*`, a
/// name or `{LABELS}`; prefixes with exceptions; `@entity`; `node:LABELS`. Ports are
/// `all`, `none`, or a list such as `80/tcp`, `1-1023/any`, `*/udp`, `http/tcp`,
/// `8/icmp`.
fn rule(text: &str) -> Rule {
    let (direction, rest) = text.split_once(' ').expect(text);
    let (action, rest) = rest.split_once(' ').expect(text);
    let (peers, ports) = rest.split_once(" on ").expect(text);
    Rule {
        direction: match direction {
            "ingress" => Direction::Ingress,
            "egress" => Direction::Egress,
            _ => panic!("{text}"),
        },
        action: match action {
            "allow" => RuleAction::Allow,
            "deny" => RuleAction::Deny,
            _ => panic!("{text}"),
        },
        peers: match peers {
            "any" => Peers::Any,
            "nobody" => Peers::Listed(Vec::new()),
            listed => Peers::Listed(listed.split(", ").map(peer).collect()),
        },
        ports: match ports {
            "all" => Ports::All,
            "none" => Ports::Listed(Vec::new()),
            listed => Ports::Listed(listed.split(", ").map(l4_match).collect()),
        },
        location: somewhere(),
    }
}

fn peer(text: &str) -> Peer {
    let kind = if let Some(name) = text.strip_prefix('@') {
        PeerKind::Entity(entity(name))
    } else if let Some(labels) = text.strip_prefix("node:") {
        PeerKind::Nodes(selector(labels))
    } else if text.contains('/') && !text.starts_with('{') {
        let mut words = text.split_whitespace();
        let prefix = words.next().expect(text);
        let except = words.map(|word| {
            let hole = word.strip_prefix('!').expect(word);
            hole.parse().expect(hole)
        });
        PeerKind::Cidr(Cidr {
            prefix: prefix.parse().expect(prefix),
            except: except.collect(),
        })
    } else {
        PeerKind::Workloads(endpoints(text))
    };
    Peer {
        kind,
        location: somewhere(),
    }
}

fn entity(name: &str) -> Entity {
    match name {
        "all" => Entity::All,
        "world" => Entity::World,
        "world-ipv4" => Entity::WorldIpv4,
        "world-ipv6" => Entity::WorldIpv6,
        "cluster" => Entity::Cluster,
        "host" => Entity::Host,
        "remote-node" => Entity::RemoteNode,
        "kube-apiserver" => Entity::KubeApiserver,
        "health" => Entity::Health,
        "none" => Entity::None,
        _ => panic!("{name}"),
    }
}

fn endpoints(text: &str) -> EndpointSelector {
    let (namespaces, labels) = text.split_once(':').expect(text);
    EndpointSelector {
        namespaces: match namespaces.strip_prefix('{') {
            Some(labelled) => {
                Namespaces::Labelled(selector(labelled.strip_suffix('}').expect(text)))
            }
            None if namespaces == "*" => Namespaces::All,
            None => Namespaces::Named(namespaces.to_owned()),
        },
        labels: selector(labels),
    }
}

/// Requirements such as `app=web|api&tier!=edge&x&!y`.
fn selector(text: &str) -> Selector {
    let parts = text.split('&').filter(|part| !part.is_empty());
    let requirements = parts.map(|part| {
        let values = |values: &str| -> BTreeSet<String> {
            values.split('|').map(ToOwned::to_owned).collect()
        };
        let (key, operator) = if let Some((key, not_in)) = part.split_once("!=") {
            (key, Operator::NotIn(values(not_in)))
        } else if let Some((key, one_of)) = part.split_once('=') {
            (key, Operator::In(values(one_of)))
        } else if let Some(key) = part.strip_prefix('!') {
            (key, Operator::DoesNotExist)
        } else {
            (part, Operator::Exists)
        };
        Requirement {
            key: key.to_owned(),
            operator,
        }
    });
    Selector(requirements.collect())
}

fn l4_match(text: &str) -> L4Match {
    let (port, protocol) = text.split_once('/').expect(text);
    let number = |text: &str| text.parse::<u16>().ok();
    L4Match {
        protocol: match protocol {
            "any" => L4Protocol::AnyWithPorts,
            "tcp" => L4Protocol::Tcp,
            "udp" => L4Protocol::Udp,
            "sctp" => L4Protocol::Sctp,
            "icmp" => L4Protocol::Icmp,
            "icmpv6" => L4Protocol::Icmpv6,
            _ => panic!("{text}"),
        },
        port: match (port, number(port), port.split_once('-')) {
            ("*", ..) => L4Port::All,
            (_, Some(port), _) => L4Port::Range(port, port),
            (_, None, Some((first, last))) => {
                L4Port::Range(number(first).expect(text), number(last).expect(text))
            }
            (name, None, None) => L4Port::Named(name.to_owned()),
        },
        location: somewhere(),
    }
}

/// A service at a port of the node, with backends by index.
pub(crate) fn node_port(at: &str, port: u16, backends: &[usize]) -> NodePort {
    let backends = backends.iter().map(|workload| Backend {
        workload: *workload,
        port,
    });
    NodePort {
        service: ObjectName {
            namespace: "front".to_owned(),
            name: "service".to_owned(),
        },
        node_port: at.parse().expect(at),
        backends: backends.collect(),
        location: somewhere(),
    }
}

/// A prefilter with lists of comma-separated prefixes.
pub(crate) fn prefilter(
    at: &str,
    deny: &str,
    allow: &str,
    default: DefaultAction,
    bypass_policy: bool,
) -> Prefilter {
    Prefilter {
        node_port: at.parse().expect(at),
        deny: listed(deny),
        allow: listed(allow),
        default,
        bypass_policy,
        location: somewhere(),
        allow_location: somewhere(),
        default_location: somewhere(),
        bypass_location: somewhere(),
    }
}

pub(crate) fn listed(text: &str) -> Vec<ListedSource> {
    (text.split(", ").filter(|prefix| !prefix.is_empty()))
        .map(|prefix| ListedSource {
            prefix: prefix.parse().expect(prefix),
            location: somewhere(),
        })
        .collect()
}

/// A packet such as `10.0.0.10 > 10.0.0.11 80/tcp`; instead of the port also
/// `40000>80/tcp`, `echo 7`, `echo-reply 7`, `icmp 13` or `protocol 47`.
pub(crate) fn packet(text: &str) -> FrameSpec {
    let mut words = text.split_whitespace();
    let mut word = || words.next().expect(text);
    let source: IpAddr = word().parse().expect(text);
    assert_eq!(word(), ">", "{text}");
    let destination = word().parse().expect(text);
    let transport = match word() {
        "echo" => Transport::Icmp(IcmpKind::EchoRequest {
            identifier: word().parse().expect(text),
        }),
        "echo-reply" => Transport::Icmp(IcmpKind::EchoReply {
            identifier: word().parse().expect(text),
        }),
        "icmp" => Transport::Icmp(IcmpKind::Other {
            kind: word().parse().expect(text),
            code: 0,
        }),
        "protocol" => Transport::Other {
            protocol: word().parse().expect(text),
        },
        ports => {
            let (source, to) = ports.split_once('>').unwrap_or(("40000", ports));
            let ProtoPort { port, protocol } = to.parse().expect(text);
            Transport::opening(protocol, source.parse().expect(text), port)
        }
    };
    frame(IpPacket::plain(source, destination, transport))
}

pub(crate) fn frame(packet: IpPacket) -> FrameSpec {
    FrameSpec {
        tags: Vec::new(),
        body: Body::Ip(packet),
        truncate: None,
    }
}

/// The packet of a frame.
pub(crate) fn inside(frame: &FrameSpec) -> &IpPacket {
    match &frame.body {
        Body::Ip(packet) => packet,
        Body::Arp { .. } | Body::Other { .. } => panic!("{frame:?}"),
    }
}
