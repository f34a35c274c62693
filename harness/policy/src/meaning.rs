//! What a policy, and what an image, says of every address at once, as sets: by
//! union, difference and intersection, never by trying an address.
//!
//! Where [`crate::oracle`] and [`crate::interpret`] judge one packet, this judges all
//! packets that differ in nothing but the peer's address. What it says of a policy
//! and of an image can be compared as functions: where they are equal, they are equal
//! for every address there is.
//!
//! Invariant: nothing of `oracle`, [`crate::lower`] or `interpret` is used here, but
//! the model and the types of the image; `cargo xtask rooms` checks it.

mod classes;
mod image;
mod matching;
mod packet;
mod places;
mod policy;
mod ports;
mod selector;
mod way;

use netverdict_abi::Reason;

use crate::chart::Chart;
use crate::image::MapImage;
use crate::journey::Point;
use crate::model::Policy;
use crate::port::ProtoPort;

pub use classes::{L4Class, classes};
pub use image::ImageReading;
pub(crate) use image::looked_up;
pub use matching::Named;
pub use policy::PolicyReading;
pub(crate) use way::bypasses;
pub use way::through_node_port;

/// Everything about a plain, untracked first packet but the peer's address, which is
/// the source at the uplink and at ingress, the destination at egress.
///
/// At a workload, the other address is the workload's own of the same family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// Where it is asked. What is received is asked about as if nothing bypassed the
    /// policy.
    pub point: Point,
    /// What the packet carries.
    pub l4: L4,
}

/// What a packet carries, as far as policies tell packets apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum L4 {
    /// TCP, UDP or SCTP to this port, which may be 0 here.
    Ports(ProtoPort),
    /// A message of the family's own ICMP, about no packet that is remembered. Of
    /// discovery (ICMPv6 types 133 to 137), one that is none, for its hop limit is
    /// below 255.
    Icmp {
        /// The message's type.
        kind: u8,
    },
    /// ICMPv6 in IPv4, ICMP in IPv6: nothing is read of them, and their type is 0.
    ForeignIcmp,
    /// Any other protocol.
    Other,
}

/// What the policy says to the question, of every address.
///
/// Families that the workload has no address of are missing, and so are both at the
/// hook of a workload in the node's network. Where several questions are asked of a
/// policy, one [`PolicyReading`] answers them all much faster.
///
/// # Panics
/// If the point is at a workload that the policy does not have.
pub fn by_policy(policy: &Policy, question: &Question) -> Chart<Reason> {
    PolicyReading::new(policy).answer(question)
}

/// What the image says to the question, of every address, whether it was compiled or
/// read back from the kernel.
///
/// Families in which no endpoint has the workload's number are missing. Where it has
/// several of a family, the first by address is asked about. Where several questions
/// are asked of an image, one [`ImageReading`] answers them all much faster.
pub fn by_image(image: &MapImage, question: &Question) -> Chart<Reason> {
    ImageReading::new(image).answer(question)
}

#[cfg(test)]
mod tests;
