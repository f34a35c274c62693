//! What the program reports about a frame.

/// One judged frame, in [`crate::map::EVENTS`]. Big enough to say which probe
/// it was, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Event {
    /// Source MAC address of the frame as received. At the first hook it is the
    /// sender's; behind a router, the router's.
    pub source_mac: [u8; 6],
    /// A [`crate::Reason`]'s code.
    pub reason: u8,
    /// The generation that judged.
    pub generation: u8,
    /// The last bytes of the frame, where no router changes anything; zeros if
    /// the frame has fewer.
    pub tail: [u8; 8],
    /// The [`crate::Hook`]'s code.
    pub hook: u8,
    /// Zero.
    pub zero: [u8; 3],
    /// The rule that decided, or 0.
    pub rule: u32,
    /// Length of the frame in bytes, Ethernet header included, FCS excluded.
    pub frame_length: u32,
    /// Ingress interface, as numbered in the namespace that received it.
    pub ifindex: u32,
    /// Receive queue.
    pub rx_queue: u32,
}

const _: () = assert!(size_of::<Event>() == 36 && align_of::<Event>() == 4);
