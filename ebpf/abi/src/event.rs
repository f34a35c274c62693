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
    /// What the proposed policy says: a [`crate::Reason`]'s code, or
    /// [`Event::NOT_PROPOSED`].
    pub proposed: u8,
    /// Zero.
    pub zero: [u8; 2],
    /// The rule that decided, or 0.
    pub rule: u32,
    /// The rule that decided as proposed, or 0.
    pub proposed_rule: u32,
    /// Length of the frame in bytes, Ethernet header included, FCS excluded.
    pub frame_length: u32,
    /// Ingress interface, as numbered in the namespace that received it.
    pub ifindex: u32,
    /// Receive queue.
    pub rx_queue: u32,
}

impl Event {
    /// In [`Event::proposed`]: nothing else is proposed for this frame.
    pub const NOT_PROPOSED: u8 = u8::MAX;
}

const _: () = assert!(crate::REASON_COUNT <= Event::NOT_PROPOSED as usize);
const _: () = assert!(size_of::<Event>() == 40 && align_of::<Event>() == 4);
