//! Writes `topology`.

use std::net::IpAddr;

use super::workload::Cast;
use super::yaml::{Map, Yaml};
use super::{Unwritable, manifest};
use crate::model::{Entity, KnownHost, Labels, Policy};
use crate::topology::{TopologyPlan, Zone};

/// The label that every namespace has, whether it is written or not.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// That of a topology that gives none.
const USUAL_MTU: u16 = 1500;

pub(super) fn write(
    policy: &Policy,
    topology: &TopologyPlan,
    cast: &Cast,
) -> Result<Map, Unwritable> {
    let node = Map::default()
        .with("addresses", Yaml::texts(&policy.node.addresses))
        .with_some("labels", labels(&policy.node.labels).some());
    let mut hosts = Map::default();
    for plan in &topology.hosts {
        let known = known(policy, &plan.addresses);
        let zone = match plan.zone {
            Zone::Internal => "internal",
            Zone::External => "external",
        };
        let entities = match known {
            Some(host) => {
                let names: Result<Vec<&str>, Unwritable> = host
                    .entities
                    .iter()
                    .map(|entity| of_host(*entity))
                    .collect();
                Some(Yaml::texts(names?))
            }
            None => None,
        };
        let host = Map::default()
            .with("zone", zone)
            .with("addresses", Yaml::texts(&plan.addresses))
            .with_some("entities", entities)
            .with_some("labels", known.and_then(|host| labels(&host.labels).some()));
        hosts = hosts.with(plan.name.clone(), Yaml::from(host).on_one_line());
    }
    for host in &policy.known_hosts {
        if !is_declared(host, topology) && host.entities != [Entity::RemoteNode] {
            return Err(Unwritable::because(
                format!("the known host {:?}", host.addresses),
                "the topology has no host with these addresses, and no object says what it is",
            ));
        }
    }
    let namespaces: Map = (policy.namespaces.iter())
        .map(|(name, of_namespace)| {
            let mut own = of_namespace.clone();
            if own.get(NAMESPACE_NAME) == Some(name) {
                own.remove(NAMESPACE_NAME);
            }
            let namespace = Map::default().with("labels", labels(&own));
            (name.clone(), Yaml::from(namespace).on_one_line())
        })
        .collect();
    let mtu = (topology.mtu != USUAL_MTU).then(|| Yaml::number(topology.mtu));
    Ok(Map::default()
        .with("node", Yaml::from(node).on_one_line())
        .with_some("hosts", hosts.some())
        .with_some("namespaces", namespaces.some())
        .with_some("workloads", cast.declared.clone().some())
        .with_some("mtu", mtu))
}

/// The `Node` objects of remote nodes that are no hosts of the topology.
pub(super) fn nodes(policy: &Policy, topology: &TopologyPlan) -> Vec<Yaml> {
    (policy.known_hosts.iter().enumerate())
        .filter(|(_, host)| !is_declared(host, topology))
        .map(|(number, host)| {
            let addresses = host.addresses.iter().map(|address| {
                let address = Map::default()
                    .with("type", "InternalIP")
                    .with("address", Yaml::text(address));
                Yaml::from(address).on_one_line()
            });
            let metadata = Map::default()
                .with("name", format!("node-{number}"))
                .with_some("labels", labels(&host.labels).some());
            let status = Map::default().with("addresses", Yaml::list(addresses));
            manifest("v1", "Node", metadata)
                .with("status", status)
                .into()
        })
        .collect()
}

pub(super) fn labels(labels: &Labels) -> Map {
    (labels.iter())
        .map(|(key, value)| (key.clone(), Yaml::text(value)))
        .collect()
}

fn known<'p>(policy: &'p Policy, addresses: &[IpAddr]) -> Option<&'p KnownHost> {
    (policy.known_hosts.iter()).find(|host| host.addresses == addresses)
}

fn is_declared(host: &KnownHost, topology: &TopologyPlan) -> bool {
    (topology.hosts.iter()).any(|plan| plan.addresses == host.addresses)
}

fn of_host(entity: Entity) -> Result<&'static str, Unwritable> {
    match entity {
        Entity::RemoteNode
        | Entity::KubeApiserver
        | Entity::Health
        | Entity::Ingress
        | Entity::Unmanaged
        | Entity::Init => Ok(entity.name()),
        Entity::All
        | Entity::World
        | Entity::WorldIpv4
        | Entity::WorldIpv6
        | Entity::Cluster
        | Entity::Host
        | Entity::None => Err(Unwritable::because(
            format!("a host that is {entity:?}"),
            "a host beyond the uplink cannot be that",
        )),
    }
}
