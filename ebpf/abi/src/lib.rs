//! What the XDP program and user space must agree on, and nothing else: map
//! names, keys, values, verdicts, reasons.
//!
//! **Byte order.** Every integer is in host byte order, with two exceptions,
//! both because the program copies them out of the frame unread:
//! [`ServiceKey::port_be`] and the address bytes of [`Lpm4`] and [`Lpm6`] are
//! in network byte order.
//!
//! **Generations.** Two policies can be in the maps at once. The program reads
//! [`map::GENERATION`] once per run and everything it looks up is keyed by that
//! value, so that a change of this one word replaces the whole policy.
#![no_std]

mod event;
mod keys;
mod reason;

pub use event::Event;
pub use keys::{Lpm4, Lpm6, Mode, PrefixRule, Service, ServiceKey, service_id};
pub use reason::{REASON_COUNT, Reason, Verdict};

/// Version of everything in this crate; an object built against another one is
/// refused. It is the value of the object's [`LAYOUT_SYMBOL`] constant.
pub const LAYOUT_VERSION: u32 = 1;

/// Name of the read-only global that holds [`LAYOUT_VERSION`] in the object.
pub const LAYOUT_SYMBOL: &str = "NETVERDICT_LAYOUT";

/// Name of the read-only global that tells builds apart: 64 hexadecimal digits,
/// the SHA-256 of the sources that the object was built from.
pub const DIGEST_SYMBOL: &str = "NETVERDICT_DIGEST";

/// VLAN tags the parser steps over; one more is [`Reason::TooManyTags`].
pub const MAX_TAGS: usize = 2;

/// IPv6 extension headers the parser walks; one more is
/// [`Reason::TooManyExtensionHeaders`].
pub const MAX_EXTENSION_HEADERS: usize = 8;

/// Ethertype of the harness's sentinel frame (IEEE Std 802, local experimental
/// ethertype 1). The filter has no rule for it: it passes as not IP.
pub const SENTINEL_ETHERTYPE: u16 = 0x88b5;

/// Map names in the object.
pub mod map {
    /// Array of one `u32`: the generation in force, 0 or 1.
    pub const GENERATION: &str = "GENERATION";
    /// Array of two `u32`, by generation: [`crate::Mode`] bits.
    pub const MODES: &str = "MODES";
    /// Hash: [`crate::ServiceKey`] to [`crate::Service`].
    pub const SERVICES: &str = "SERVICES";
    /// LPM trie: [`crate::Lpm4`] to [`crate::PrefixRule`], prefilter allow lists.
    pub const PREFILTER_V4: &str = "PREFILTER_V4";
    /// LPM trie: [`crate::Lpm6`] to [`crate::PrefixRule`], prefilter allow lists.
    pub const PREFILTER_V6: &str = "PREFILTER_V6";
    /// LPM trie: [`crate::Lpm4`] to [`crate::PrefixRule`], policy rules.
    pub const POLICY_V4: &str = "POLICY_V4";
    /// LPM trie: [`crate::Lpm6`] to [`crate::PrefixRule`], policy rules.
    pub const POLICY_V6: &str = "POLICY_V6";
    /// Per-CPU array of `u64`, by [`crate::Reason`]: frames judged.
    pub const COUNTERS: &str = "COUNTERS";
    /// Ring buffer of [`crate::Event`].
    pub const EVENTS: &str = "EVENTS";
    /// Per-CPU array of one `u64`: events that found the ring buffer full.
    pub const LOST_EVENTS: &str = "LOST_EVENTS";

    /// Every map of the layout.
    pub const ALL: [&str; 10] = [
        GENERATION,
        MODES,
        SERVICES,
        PREFILTER_V4,
        PREFILTER_V6,
        POLICY_V4,
        POLICY_V6,
        COUNTERS,
        EVENTS,
        LOST_EVENTS,
    ];
}
