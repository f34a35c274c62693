//! Addresses, prefixes, and whose they are.

use std::net::IpAddr;

use crate::model::{Entity, KnownHost, Policy};
use crate::prefix::Prefix;

/// Whose an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner<'a> {
    /// The workload with this index, which has a network of its own.
    Workload(usize),
    /// The node's, and that of every workload in its network.
    Node,
    /// Of a host that policies know.
    Known(&'a KnownHost),
    /// Nobody's that is known.
    World,
}

/// Whose the address is.
pub(super) fn owner(policy: &Policy, address: IpAddr) -> Owner<'_> {
    if let Some(workload) = workload_at(policy, address) {
        return Owner::Workload(workload);
    }
    if policy.node.addresses.contains(&address) {
        return Owner::Node;
    }
    let mut known = policy.known_hosts.iter();
    match known.find(|host| host.addresses.contains(&address)) {
        Some(host) => Owner::Known(host),
        None => Owner::World,
    }
}

/// The workload that has this address for itself.
pub(super) fn workload_at(policy: &Policy, address: IpAddr) -> Option<usize> {
    (policy.workloads.iter())
        .position(|workload| !workload.host_network && workload.addresses.contains(&address))
}

impl Owner<'_> {
    /// Whether it is outside the cluster. An API server that is nothing else is,
    /// though policies know it (Cilium, `pkg/ipcache/metadata.go`).
    pub(super) fn is_outside(self) -> bool {
        match self {
            Owner::World => true,
            Owner::Known(host) => {
                (host.entities.iter()).all(|entity| *entity == Entity::KubeApiserver)
            }
            Owner::Workload(_) | Owner::Node => false,
        }
    }

    /// Whether it is this node or another.
    pub(super) fn is_node(self) -> bool {
        match self {
            Owner::Node => true,
            Owner::Known(host) => host.entities.contains(&Entity::RemoteNode),
            Owner::Workload(_) | Owner::World => false,
        }
    }
}

/// Whether the first bits of the address are those of the prefix.
pub(super) fn is_inside(address: IpAddr, prefix: Prefix) -> bool {
    let length = u32::from(prefix.length());
    match (address, prefix.first()) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            address.to_bits() & mask == network.to_bits()
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            address.to_bits() & mask == network.to_bits()
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}
