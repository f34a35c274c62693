//! Frames as a scenario describes them, and the bytes they become.

mod build;
mod delivery;
mod describe;
mod error;
mod extension;
mod icmp;
mod ip;
mod length;
mod onward;
mod option;
mod plain;
mod probe;
mod read;
mod readdress;
mod spec;
mod transport;

pub use build::{Frame, build};
pub use delivery::{Path, undeliverable};
pub use describe::describe;
pub use error::FrameError;
pub use length::length;
pub use onward::onward;
pub use probe::{MIN_PAYLOAD, ProbeId, find_id, id_of_tail, payload_length, probe_mac};
pub use read::{Unreadable, read};
pub use readdress::readdress;
pub use spec::{
    Body, ExtensionHeader, Fragment, FrameSpec, IcmpKind, IpOption, IpPacket, Lengths, Quoted,
    QuotedTransport, TcpFlags, Transport, VlanTag,
};

#[cfg(test)]
mod tests;
