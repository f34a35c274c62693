//! Namespaces and the links between them.

mod build;
mod interfaces;
mod namespace;
mod netlink;
mod node_ports;
mod offload;
mod station;
mod sysctl;
mod wiring;

pub(crate) use build::{Network, ROOM_FOR_TAGS, build};
pub(crate) use interfaces::interfaces;
pub use interfaces::{Interface, Place};
pub(crate) use namespace::{Begun, Inside, Namespace, unique_name};
pub(crate) use netlink::Cable;
pub(crate) use node_ports::load_now as load_node_port_rules;
pub(crate) use offload::Offload;
pub(crate) use wiring::{
    End, UPLINK_FAR_INDEX, UPLINK_INDEX, pair_for, workload_end, workload_far_end,
};
pub use wiring::{UPLINK_MAC, point_of, workload_gateway_mac, workload_mac};
