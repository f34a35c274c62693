//! The network a scenario plays in: pure data that the lab builds.

use std::net::IpAddr;

use crate::port::ProtoPort;

/// A node with an uplink that the filter guards, hosts beyond it, and workloads
/// behind the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologyPlan {
    /// The node's addresses; at most one of each family, at least one.
    pub node: Vec<IpAddr>,
    /// Hosts on the far side of the uplink, in the scenario's order.
    pub hosts: Vec<HostPlan>,
    /// Workloads behind the node, in the scenario's order (the same as in
    /// [`crate::model::Policy::workloads`]).
    pub workloads: Vec<WorkloadPlan>,
    /// How node ports are delivered.
    pub forwards: Vec<Forward>,
    /// MTU of every link in bytes of IP packet, 1280 to 9000.
    pub mtu: u16,
}

/// A host outside the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPlan {
    /// Its name in the scenario.
    pub name: String,
    /// Whether it counts as inside or outside; the network treats both alike.
    pub zone: Zone,
    /// Its addresses, any number of either family, at least one.
    pub addresses: Vec<IpAddr>,
}

/// Which side a host is on, as its owner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    /// Trusted.
    Internal,
    /// The internet.
    External,
}

/// A workload in a namespace of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadPlan {
    /// Its name in the scenario.
    pub name: String,
    /// One address for each family that the node has.
    pub addresses: Vec<IpAddr>,
    /// Whether it shares the node's network: then it has no namespace of its own,
    /// and the node's addresses.
    pub host_network: bool,
    /// Ports that `lab` serves HTTP on (TCP), for real clients to try.
    pub listen: Vec<ProtoPort>,
}

/// Frames to a node port go to a workload, their destination rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Forward {
    /// The port on the node.
    pub node_port: ProtoPort,
    /// Index into [`TopologyPlan::workloads`].
    pub workload: usize,
    /// The workload's port.
    pub target_port: u16,
}
