//! Namespaces and the links between them.

mod build;
mod namespace;
mod netlink;
mod node_ports;
mod offload;
mod station;
mod sysctl;
mod wiring;

pub(crate) use build::{Network, ROOM_FOR_TAGS, build};
pub(crate) use namespace::{Begun, Namespace, unique_name};
pub(crate) use netlink::Cable;
pub(crate) use node_ports::load_now as load_node_port_rules;
pub(crate) use offload::Offload;
pub use wiring::UPLINK_MAC;
pub(crate) use wiring::{UPLINK_FAR_INDEX, UPLINK_INDEX, pair_for, workload_end, workload_far_end};
