//! Short ways to write a policy down, and to ask its image.

use std::net::IpAddr;
use std::sync::Arc;

use netverdict_abi::Reason;
use netverdict_policy::diagnostic::{Location, SourceFile};
use netverdict_policy::frame::{self, ProbeId};
use netverdict_policy::frame::{FrameSpec, IcmpKind, IpPacket, Transport};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret;
use netverdict_policy::journey::Point;
use netverdict_policy::model::{
    Cidr, Direction, EndpointSelector, Entity, L4Match, L4Port, L4Protocol, Labels, NamedPort,
    Namespaces, NetworkPolicy, Node, ObjectName, Operator, Peer, PeerKind, Peers, Policy,
    PolicyKind, Ports, Requirement, Rule, RuleAction, RuleRef, Selector, Subject, Workload,
};
use netverdict_policy::port::Protocol;
use netverdict_policy::prefix::Prefix;

/// A place in a file that does not matter.
pub(crate) fn somewhere() -> Location {
    let file = SourceFile {
        path: "policy.yaml".to_owned(),
        text: String::new(),
    };
    Location::new(&Arc::new(file), 0, 0)
}

pub(crate) fn prefix(text: &str) -> Prefix {
    text.parse().expect(text)
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().expect(text)
}

/// Labels such as `app=inventory tier=back`.
pub(crate) fn labels(text: &str) -> Labels {
    let pairs = text.split_whitespace().map(|pair| {
        let (key, value) = pair.split_once('=').expect(pair);
        (key.to_owned(), value.to_owned())
    });
    pairs.collect()
}

/// A workload in `default`; addresses separated by spaces, by which CIDR rules know
/// it as well.
pub(crate) fn workload(name: &str, own: &str, addresses: &str) -> Workload {
    let addresses: Vec<IpAddr> = addresses.split_whitespace().map(address).collect();
    Workload {
        name: ObjectName {
            namespace: "default".to_owned(),
            name: name.to_owned(),
        },
        kind: "Pod".to_owned(),
        labels: labels(own),
        known_addresses: addresses.clone(),
        addresses,
        named_ports: Vec::new(),
        host_network: false,
        location: somewhere(),
    }
}

/// A port such as `80/tcp` under a name.
pub(crate) fn named_port(name: &str, port: &str) -> NamedPort {
    NamedPort {
        name: name.to_owned(),
        port: port.parse().expect(port),
    }
}

/// Nobody but a node at 192.0.2.1 and 2001:db8:1::1.
pub(crate) fn node_alone() -> Policy {
    Policy {
        namespaces: [("default".to_owned(), Labels::new())].into(),
        node: Node {
            addresses: vec![address("192.0.2.1"), address("2001:db8:1::1")],
            labels: labels("zone=a"),
        },
        ..Policy::default()
    }
}

/// Requirements such as `app=a`.
pub(crate) fn selector(text: &str) -> Selector {
    let requirements = labels(text).into_iter().map(|(key, value)| Requirement {
        key,
        operator: Operator::In([value].into()),
    });
    Selector(requirements.collect())
}

/// Workloads of every namespace with these labels.
pub(crate) fn workloads(text: &str) -> PeerKind {
    PeerKind::Workloads(EndpointSelector {
        namespaces: Namespaces::All,
        labels: selector(text),
    })
}

/// A prefix, and exceptions behind it, separated by spaces.
pub(crate) fn cidr(text: &str) -> PeerKind {
    let mut prefixes = text.split_whitespace().map(prefix);
    PeerKind::Cidr(Cidr {
        prefix: prefixes.next().expect(text),
        except: prefixes.collect(),
    })
}

pub(crate) fn entity(entity: Entity) -> PeerKind {
    PeerKind::Entity(entity)
}

pub(crate) fn listed(peers: impl IntoIterator<Item = PeerKind>) -> Peers {
    let location = somewhere();
    let peer = |kind| Peer {
        kind,
        location: location.clone(),
    };
    Peers::Listed(peers.into_iter().map(peer).collect())
}

/// An entry of ports.
pub(crate) fn l4(protocol: L4Protocol, port: L4Port) -> L4Match {
    L4Match {
        protocol,
        port,
        location: somewhere(),
    }
}

/// TCP ports from the first to the last.
pub(crate) fn tcp(first: u16, last: u16) -> Ports {
    Ports::Listed(vec![l4(L4Protocol::Tcp, L4Port::Range(first, last))])
}

pub(crate) fn named(protocol: L4Protocol, name: &str) -> Ports {
    Ports::Listed(vec![l4(protocol, L4Port::Named(name.to_owned()))])
}

pub(crate) fn rule(direction: Direction, action: RuleAction, peers: Peers, ports: Ports) -> Rule {
    Rule {
        direction,
        action,
        peers,
        ports,
        location: somewhere(),
    }
}

/// An ingress rule.
pub(crate) fn allow(peers: Peers, ports: Ports) -> Rule {
    rule(Direction::Ingress, RuleAction::Allow, peers, ports)
}

/// An ingress rule.
pub(crate) fn deny(peers: Peers, ports: Ports) -> Rule {
    rule(Direction::Ingress, RuleAction::Deny, peers, ports)
}

/// A Cilium policy about workloads with these labels, which isolates in each
/// direction that it has rules of.
pub(crate) fn about(subject: &str, rules: Vec<Rule>) -> NetworkPolicy {
    let has = |direction| rules.iter().any(|rule| rule.direction == direction);
    NetworkPolicy {
        kind: PolicyKind::Cilium,
        name: ObjectName {
            namespace: "default".to_owned(),
            name: "rules".to_owned(),
        },
        subject: Subject::Workloads(EndpointSelector {
            namespaces: Namespaces::Named("default".to_owned()),
            labels: selector(subject),
        }),
        isolates_ingress: has(Direction::Ingress),
        isolates_egress: has(Direction::Egress),
        rules,
        location: somewhere(),
    }
}

/// A frame without anything special.
pub(crate) fn frame(source: IpAddr, destination: IpAddr, transport: Transport) -> FrameSpec {
    IpPacket::plain(source, destination, transport).into()
}

pub(crate) fn to_tcp(port: u16) -> Transport {
    Transport::opening(Protocol::Tcp, 40000, port)
}

pub(crate) fn to_udp(port: u16) -> Transport {
    Transport::Udp {
        source: 40000,
        destination: port,
    }
}

pub(crate) fn ping() -> Transport {
    Transport::Icmp(IcmpKind::EchoRequest { identifier: 7 })
}

pub(crate) fn bytes(frame: &FrameSpec) -> Vec<u8> {
    frame::build(frame, ProbeId(1), [2, 0, 0, 0, 0, 1]).expect("a frame that can be built")
}

/// Why a new packet passes or not, and which rule says so.
pub(crate) fn judged(
    image: &MapImage,
    point: Point,
    source: &str,
    destination: &str,
    transport: Transport,
) -> (Reason, Option<RuleRef>) {
    let frame = frame(address(source), address(destination), transport);
    let mut memory = interpret::Memory::untracked();
    let judgement = interpret::judge(image, point, &bytes(&frame), &mut memory);
    (judgement.reason, image.rule(judgement.rule))
}
