//! Everything that needs privileges.
//!
//! [`isolate::isolated`] makes the process init of namespaces of its own, so
//! that nothing outlives it. Inside, a [`filter::Filter`] is the XDP program
//! and its maps in the kernel, and a [`Lab`] the network around it: its programs
//! are attached to the node's uplink and to both ends of each workload's link,
//! frames go in beyond the uplink and at the workloads, and
//! [`wire::BatchEvidence`] is what the kernel did with them.
//!
//! Invariant: nothing in here knows what a frame was meant to show.

mod attachment;
mod bpf;
pub mod capability;
pub mod error;
pub mod filter;
pub mod isolate;
mod lab;
pub mod loaded;
mod network;
pub mod object;
mod purpose;
pub mod reference;
mod serve;
pub mod wire;

pub use attachment::{Attachment, XdpMode};
pub use error::LabError;
pub use lab::Lab;
pub use network::{UPLINK_MAC, point_of, workload_gateway_mac, workload_mac};
pub use purpose::Purpose;

/// Scenarios may run on threads of their own.
const _: () = {
    const fn can_be_sent<T: Send>() {}
    can_be_sent::<Lab>();
    can_be_sent::<filter::Filter>();
};
