//! What the program reports about a frame.

/// One judged frame, in [`crate::map::EVENTS`]. Big enough to say which probe
/// it was (by source MAC), and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Event {
    /// Source MAC address of the frame as received.
    pub source_mac: [u8; 6],
    /// A [`crate::Reason`]'s code.
    pub reason: u8,
    /// The generation that judged.
    pub generation: u8,
    /// The rule that decided, or 0.
    pub rule: u32,
    /// Length of the frame in bytes, Ethernet header included, FCS excluded.
    pub frame_length: u32,
    /// Ingress interface, as numbered in the namespace that received it.
    pub ifindex: u32,
    /// Receive queue.
    pub rx_queue: u32,
}

const _: () = assert!(size_of::<Event>() == 24 && align_of::<Event>() == 4);
