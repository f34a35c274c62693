//! What the XDP program and user space must agree on, and nothing else: map
//! names, keys, values, verdicts, reasons.
//!
//! **Byte order.** Every integer is in host byte order, except those whose names
//! end in `_be` and addresses, ports and identifications kept as bytes: the
//! program copies them out of the frame unread, in network byte order.
//!
//! **Generations.** Two policies can be in the maps at once. The program reads
//! [`map::GENERATION`] once per run and everything it looks up is keyed by that
//! value, so that a change of this one word replaces the whole policy.
#![no_std]

mod event;
mod hook;
mod keys;
mod reason;

pub use event::Event;
pub use hook::Hook;
pub use keys::{
    BackendKey, ConnectionKey, EVERY_PORT, Endpoint, EndpointKey, Flow, FlowKey, Fragment,
    FragmentKey, Guard, Identity, Lpm4, Lpm6, Mode, PolicyKey, Prefilter, PrefilterKey, Settings,
    Verdicted, numbered,
};
pub use reason::{REASON_COUNT, Reason, Verdict};

/// Version of everything in this crate; an object built against another one is
/// refused. It is the value of the object's [`LAYOUT_SYMBOL`] constant.
pub const LAYOUT_VERSION: u32 = 3;

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

/// Number of [`map::COUNTERS`]: a reason's, at a hook, has index
/// `hook * REASON_COUNT + reason`.
pub const COUNTER_COUNT: usize = Hook::ALL.len() * REASON_COUNT;

/// Map names in the object.
pub mod map {
    /// Array of one `u32`: the generation in force, 0 or 1.
    pub const GENERATION: &str = "GENERATION";
    /// Array of two [`crate::Settings`], by generation.
    pub const SETTINGS: &str = "SETTINGS";
    /// Hash: [`crate::PrefilterKey`] to [`crate::Prefilter`].
    pub const PREFILTERS: &str = "PREFILTERS";
    /// LPM trie: [`crate::Lpm4`] to [`crate::Verdicted`], sources of prefilters.
    pub const PREFILTER_V4: &str = "PREFILTER_V4";
    /// LPM trie: [`crate::Lpm6`] to [`crate::Verdicted`], sources of prefilters.
    pub const PREFILTER_V6: &str = "PREFILTER_V6";
    /// Hash: [`crate::BackendKey`] to `u32`.
    pub const BACKENDS: &str = "BACKENDS";
    /// Hash: [`crate::EndpointKey`] to [`crate::Endpoint`].
    pub const ENDPOINTS: &str = "ENDPOINTS";
    /// LPM trie: [`crate::Lpm4`] to `u32`, a [`crate::Identity`].
    pub const IDENTITIES_V4: &str = "IDENTITIES_V4";
    /// LPM trie: [`crate::Lpm6`] to `u32`, a [`crate::Identity`].
    pub const IDENTITIES_V6: &str = "IDENTITIES_V6";
    /// LPM trie: [`crate::PolicyKey`] to [`crate::Verdicted`].
    pub const POLICY: &str = "POLICY";
    /// LRU hash: [`crate::FlowKey`] to [`crate::Flow`].
    pub const FLOWS: &str = "FLOWS";
    /// LRU hash: [`crate::ConnectionKey`] to `u32`, which is not looked at.
    pub const CONNECTIONS: &str = "CONNECTIONS";
    /// LRU hash: [`crate::FragmentKey`] to [`crate::Fragment`].
    pub const FRAGMENTS: &str = "FRAGMENTS";
    /// Per-CPU array of `u64`, [`crate::COUNTER_COUNT`] of them: frames judged.
    pub const COUNTERS: &str = "COUNTERS";
    /// Per-CPU array of `u64`, [`crate::COUNTER_COUNT`] of them, as
    /// [`COUNTERS`]: what the proposed policy says, of frames that it was asked
    /// about.
    pub const PROPOSED: &str = "PROPOSED";
    /// Ring buffer of [`crate::Event`].
    pub const EVENTS: &str = "EVENTS";
    /// Per-CPU array of one `u64`: events that found the ring buffer full.
    pub const LOST_EVENTS: &str = "LOST_EVENTS";

    /// Every map of the layout.
    pub const ALL: [&str; 17] = [
        GENERATION,
        SETTINGS,
        PREFILTERS,
        PREFILTER_V4,
        PREFILTER_V6,
        BACKENDS,
        ENDPOINTS,
        IDENTITIES_V4,
        IDENTITIES_V6,
        POLICY,
        FLOWS,
        CONNECTIONS,
        FRAGMENTS,
        COUNTERS,
        PROPOSED,
        EVENTS,
        LOST_EVENTS,
    ];
}
