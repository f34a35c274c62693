//! Frames as a scenario describes them, and the bytes they become.

mod build;
mod spec;

pub use build::{Frame, FrameError, ProbeId, build, find_id, probe_mac};
pub use spec::{
    Body, ExtensionHeader, Fragment, FrameSpec, IcmpKind, IpOption, IpPacket, Lengths, TcpFlags,
    Transport, VlanTag,
};
