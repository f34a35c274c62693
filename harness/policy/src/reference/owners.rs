//! Addresses that are somebody's: all others are the world's.

use std::net::IpAddr;

use crate::model::{Entity, KnownHost, Policy};

/// Whose an address is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner<'a> {
    /// The workload with this index.
    Workload(usize),
    /// The node and the workloads in its network.
    Node,
    /// A host that policies know.
    Known(&'a KnownHost),
}

/// Every address with an owner, each once.
pub(super) fn owned(policy: &Policy) -> Vec<(IpAddr, Owner<'_>)> {
    let workloads = (policy.workloads.iter().enumerate())
        .filter(|(_, workload)| !workload.host_network)
        .flat_map(|(index, workload)| {
            (workload.addresses.iter()).map(move |address| (*address, Owner::Workload(index)))
        });
    let node = (policy.node.addresses.iter()).map(|address| (*address, Owner::Node));
    let known = (policy.known_hosts.iter()).flat_map(|host| {
        (host.addresses.iter()).map(move |address| (*address, Owner::Known(host)))
    });
    let mut owned: Vec<(IpAddr, Owner<'_>)> = Vec::new();
    for (address, owner) in workloads.chain(node).chain(known) {
        if !owned.iter().any(|(taken, _)| *taken == address) {
            owned.push((address, owner));
        }
    }
    owned
}

impl Owner<'_> {
    /// Whether it is of the world as well: an API server outside the cluster.
    pub(super) fn is_of_world(self) -> bool {
        match self {
            Owner::Workload(_) | Owner::Node => false,
            Owner::Known(host) => {
                (host.entities.iter()).all(|entity| *entity == Entity::KubeApiserver)
            }
        }
    }

    /// Whether it is a node.
    pub(super) fn is_node(self) -> bool {
        match self {
            Owner::Workload(_) => false,
            Owner::Node => true,
            Owner::Known(host) => host.entities.contains(&Entity::RemoteNode),
        }
    }
}
