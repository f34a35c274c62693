//! Keys and values of the policy maps.

/// Bits of a generation's entry in [`crate::map::MODES`].
pub struct Mode;

impl Mode {
    /// Pass every frame, whatever it is ([`crate::Reason::PassAll`]): the
    /// witness that a dropped frame could have arrived.
    pub const PASS_ALL: u32 = 1;
    /// Send an event for each frame that does not pass.
    pub const EVENT_ON_DROP: u32 = 2;
    /// Send an event for each frame that passes.
    pub const EVENT_ON_PASS: u32 = 4;
}

/// The number under which a generation's prefixes of one service are kept.
pub const fn service_id(generation: u32, index: u32) -> u32 {
    (generation << 31) | index
}

/// A protected (protocol, destination port), at every destination address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct ServiceKey {
    /// Destination port, in network byte order.
    pub port_be: u16,
    /// IP protocol number (IANA): 6, 17 or 132.
    pub protocol: u8,
    /// The generation this entry belongs to.
    pub generation: u8,
}

/// What is to be done at a protected port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Service {
    /// First part of the keys of this service's prefixes: [`service_id`].
    pub id: u32,
    /// [`Service::HAS_PREFILTER`] and the other bits.
    pub flags: u32,
    /// Rule that a prefilter default is reported under; 0 without a prefilter.
    pub prefilter_rule: u32,
    /// Rule that the policy's default deny is reported under; 0 if not selected.
    pub policy_rule: u32,
}

impl Service {
    /// The prefilter stage exists.
    pub const HAS_PREFILTER: u32 = 1;
    /// A source that is not on the prefilter's allow list passes it.
    pub const PREFILTER_DEFAULT_PASS: u32 = 2;
    /// What the prefilter passes skips the policy stage.
    pub const PREFILTER_BYPASSES_POLICY: u32 = 4;
    /// A policy rule selects the service: default deny.
    pub const POLICY_SELECTED: u32 = 8;
}

macro_rules! lpm_key {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        ///
        /// The trie's prefix length, which the map's key carries in front of
        /// this, is [`Self::SERVICE_BITS`] plus that of the address prefix.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(C)]
        pub struct $name {
            /// [`service_id`], in host byte order: it is always matched whole.
            pub service: u32,
            /// Source address in network byte order, host bits zero.
            pub address: [u8; $bytes],
        }

        impl $name {
            /// Bits of the key in front of the address.
            pub const SERVICE_BITS: u32 = 32;
        }
    };
}

lpm_key!(
    /// A source prefix of one service, IPv4.
    Lpm4,
    4
);
lpm_key!(
    /// A source prefix of one service, IPv6.
    Lpm6,
    16
);

/// What a source prefix means. In the prefilter's tries every entry is an
/// allowed source, and `action` is [`PrefixRule::ALLOW`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PrefixRule {
    /// One of the constants of this type; any other value aborts.
    pub action: u32,
    /// The rule that decided; 0 for [`PrefixRule::NO_MATCH`].
    pub rule: u32,
}

impl PrefixRule {
    /// No rule matches here, though one matches around it (an `except`).
    pub const NO_MATCH: u32 = 0;
    /// The source is allowed.
    pub const ALLOW: u32 = 1;
    /// The source is denied.
    pub const DENY: u32 = 2;
}

const _: () = {
    assert!(size_of::<ServiceKey>() == 4 && align_of::<ServiceKey>() == 2);
    assert!(size_of::<Service>() == 16 && align_of::<Service>() == 4);
    assert!(size_of::<Lpm4>() == 8 && size_of::<Lpm6>() == 20);
    assert!(size_of::<PrefixRule>() == 8);
};
