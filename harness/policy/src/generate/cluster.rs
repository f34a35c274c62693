//! Clusters.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Draw;
use super::places::{address, nowhere};
use super::{peer, prefilter, rules};
use crate::model::{
    Backend, Choices, Entity, KnownHost, Labels, NamedPort, Node, NodePort, ObjectName, Policy,
    Workload,
};
use crate::port::{ProtoPort, Protocol};
use crate::topology::{Forward, HostPlan, TopologyPlan, WorkloadPlan, Zone};

/// Ports that node ports and prefilters stand at.
pub(super) const NODE_PORTS: [u16; 2] = [30007, 30008];

/// Ports that workloads listen at.
pub(super) const LISTENING: [u16; 5] = [80, 8080, 53, 3868, 30007];

/// Names of ports, with what they stand for at some workloads.
const NAMED_PORTS: [(&str, u16, Protocol); 6] = [
    ("http", 80, Protocol::Tcp),
    ("http", 8080, Protocol::Tcp),
    ("dns", 53, Protocol::Udp),
    ("dns", 53, Protocol::Tcp),
    ("http", 80, Protocol::Udp),
    ("diameter", 3868, Protocol::Sctp),
];

/// A cluster of one to six workloads, with its policies: one that a scenario and its
/// manifests can describe ([`crate::write`]).
pub fn policy(draw: &mut Draw) -> Policy {
    let (v4, v6) = (address("192.0.2.10"), address("2001:db8::10"));
    let mut policy = Policy {
        node: Node {
            addresses: match draw.below(12) {
                10 => vec![v4],
                11 => vec![v6],
                _ => vec![v4, v6],
            },
            labels: peer::labels(draw),
        },
        choices: choices(draw),
        ..Policy::default()
    };
    for name in peer::NAMESPACES {
        let mut labels = peer::labels(draw);
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.to_owned());
        policy.namespaces.insert(name.to_owned(), labels);
    }
    for index in 0..=draw.below(6) {
        let workload = workload(draw, &policy, index);
        policy.workloads.push(workload);
    }
    for index in 0..draw.below(4) {
        policy.known_hosts.push(known_host(draw, index));
    }
    let mut taken = BTreeSet::new();
    for index in 0..draw.below(4) {
        let service = node_port(draw, &policy.workloads, index);
        policy
            .node_ports
            .extend(service.filter(|one| taken.insert(one.node_port)));
    }
    guard(draw, &mut policy);
    policy
}

/// A policy for the same cluster: other prefilters and network policies, or only some
/// of the latter others.
pub fn another(draw: &mut Draw, policy: &Policy) -> Policy {
    let mut other = policy.clone();
    if draw.once_in(3) {
        other.network_policies.retain(|_| !draw.once_in(3));
        let added = rules::network_policy(draw, &other, policy.network_policies.len());
        other.network_policies.push(added);
        return other;
    }
    other.deny_list.clear();
    other.prefilters.clear();
    other.network_policies.clear();
    other.dry_run.clear();
    guard(draw, &mut other);
    other
}

/// Draws what says who may.
fn guard(draw: &mut Draw, policy: &mut Policy) {
    prefilter::add(draw, policy);
    for index in 0..draw.below(6) {
        let network_policy = rules::network_policy(draw, policy, index);
        policy.network_policies.push(network_policy);
    }
    if draw.once_in(3) {
        for index in 0..=draw.below(2) {
            let mut proposed = rules::network_policy(draw, policy, index);
            proposed.name.name = format!("proposed-{index}");
            policy.dry_run.push(proposed);
        }
    }
}

/// The network that the policy's cluster plays in.
pub fn topology(policy: &Policy) -> TopologyPlan {
    TopologyPlan {
        node: policy.node.addresses.clone(),
        hosts: (policy.known_hosts.iter().enumerate())
            .map(|(index, host)| HostPlan {
                name: format!("known-{index}"),
                zone: Zone::Internal,
                addresses: host.addresses.clone(),
            })
            .collect(),
        workloads: (policy.workloads.iter())
            .map(|workload| WorkloadPlan {
                name: workload.name.name.clone(),
                addresses: workload.addresses.clone(),
                host_network: workload.host_network,
                listen: Vec::new(),
            })
            .collect(),
        forwards: (policy.node_ports.iter())
            .map(|service| Forward {
                node_port: service.node_port,
                workload: service.backends[0].workload,
                target_port: service.backends[0].port,
            })
            .collect(),
        mtu: 1500,
    }
}

fn choices(draw: &mut Draw) -> Choices {
    let usual = Choices::default();
    Choices {
        ip_blocks_match_workloads: draw.once_in(2),
        cidrs_match_workloads: draw.once_in(4),
        cidrs_match_nodes: draw.once_in(4),
        node_reaches_workloads: usual.node_reaches_workloads != draw.once_in(4),
    }
}

fn workload(draw: &mut Draw, policy: &Policy, index: usize) -> Workload {
    let host_network = draw.once_in(8);
    let number = u16::try_from(10 + index).unwrap_or(10);
    let v4 = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + u32::from(number)));
    let v6 = IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number));
    // Of each family that the node has.
    let of_node = |own: &IpAddr| {
        policy
            .node
            .addresses
            .iter()
            .any(|a| a.is_ipv4() == own.is_ipv4())
    };
    let addresses = match host_network {
        true => policy.node.addresses.clone(),
        false => [v4, v6].into_iter().filter(of_node).collect(),
    };
    let mut named_ports: Vec<NamedPort> = Vec::new();
    for _ in 0..draw.below(4) {
        let (name, port, protocol) = *draw.one(&NAMED_PORTS);
        // A name stands for one port of a protocol.
        let is_taken = |named: &NamedPort| named.name == name && named.port.protocol == protocol;
        if !named_ports.iter().any(is_taken) {
            named_ports.push(NamedPort {
                name: name.to_owned(),
                port: ProtoPort { port, protocol },
            });
        }
    }
    named_ports.sort();
    let known_addresses = match draw.below(8) {
        5 => Vec::new(),
        6 => vec![address("10.0.0.11"), address("fd00::c")],
        7 => vec![address("10.1.2.3")],
        _ => addresses.clone(),
    };
    let namespace = (*draw.one(&peer::NAMESPACES)).to_owned();
    let mut labels = peer::labels(draw);
    let account = *draw.one(&["default", "default", "default", "clerk"]);
    for (key, value) in &policy.namespaces[&namespace] {
        let key = format!("{}{key}", peer::NAMESPACE_LABEL);
        labels.insert(key, value.clone());
    }
    for (key, value) in [
        (peer::POD_NAMESPACE, namespace.as_str()),
        ("io.cilium.k8s.policy.serviceaccount", account),
        ("io.cilium.k8s.policy.cluster", "default"),
    ] {
        labels.insert(key.to_owned(), value.to_owned());
    }
    Workload {
        name: ObjectName {
            namespace,
            name: format!("workload-{index}"),
        },
        kind: "Pod".to_owned(),
        labels,
        addresses,
        known_addresses,
        named_ports,
        host_network,
        location: nowhere(),
    }
}

/// Hosts beyond the uplink; no two have an address in common.
fn known_host(draw: &mut Draw, index: usize) -> KnownHost {
    let pool = [
        ["192.0.2.11", "2001:db8::11"],
        ["10.0.0.200", "fd00::c8"],
        ["203.0.113.6", "2001:db8:a::6"],
    ];
    let [v4, v6] = pool[index % pool.len()].map(address);
    let entities = [
        Entity::RemoteNode,
        Entity::KubeApiserver,
        Entity::Health,
        Entity::Ingress,
        Entity::Unmanaged,
        Entity::Init,
    ];
    let mut own = vec![*draw.one(&entities)];
    if draw.once_in(3) {
        let another = *draw.one(&entities);
        if !own.contains(&another) {
            own.push(another);
        }
    }
    own.sort_unstable();
    let is_node = own.contains(&Entity::RemoteNode);
    KnownHost {
        addresses: match draw.below(4) {
            3 => vec![v4],
            _ => vec![v4, v6],
        },
        entities: own,
        labels: if is_node {
            peer::labels(draw)
        } else {
            Labels::new()
        },
        location: nowhere(),
    }
}

/// A port of a Service in front of workloads that have labels in common; `None` where
/// the one that is drawn has none of its own.
fn node_port(draw: &mut Draw, workloads: &[Workload], index: usize) -> Option<NodePort> {
    let number = *draw.one(&LISTENING);
    let chosen = &workloads[draw.below(workloads.len())];
    let mut selector = peer::own_labels(&chosen.labels);
    if draw.once_in(2) {
        let keep = draw.below(selector.len());
        selector = selector.into_iter().skip(keep).take(1).collect();
    }
    let node_port = ProtoPort {
        port: *draw.one(&NODE_PORTS),
        protocol: *draw.one(&Protocol::ALL),
    };
    // By a name, whoever has no port of it is no backend.
    let name = match draw.once_in(4) {
        true => (chosen.named_ports.iter()).find(|one| one.port.protocol == node_port.protocol),
        false => None,
    };
    let backend = |(workload, it): (usize, &Workload)| {
        let port = match name {
            Some(named) => it.named_port(&named.name, node_port.protocol)?,
            None => number,
        };
        let has = |(key, value)| it.labels.get(key) == Some(value);
        let is_behind = it.name.namespace == chosen.name.namespace && selector.iter().all(has);
        is_behind.then_some(Backend { workload, port })
    };
    let backends: Vec<Backend> = workloads.iter().enumerate().filter_map(backend).collect();
    (!selector.is_empty()).then(|| NodePort {
        service: ObjectName {
            namespace: chosen.name.namespace.clone(),
            name: format!("service-{index}"),
        },
        node_port,
        backends,
        location: nowhere(),
    })
}
