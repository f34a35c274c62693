//! Keys and values of the policy maps.

/// A generation's entry in [`crate::map::SETTINGS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Settings {
    /// Bits of [`Mode`].
    pub mode: u32,
    /// Part of the keys of connections and fragments: a new value forgets them.
    pub epoch: u32,
    /// Part of the keys of flows: another one in each policy that is put in force,
    /// so that no prefilter lets bypass what another let.
    pub flows: u32,
}

/// Bits of [`Settings::mode`].
pub struct Mode;

impl Mode {
    /// Pass every frame, whatever it is ([`crate::Reason::PassAll`]): the
    /// witness that a dropped frame could have arrived.
    pub const PASS_ALL: u32 = 1;
    /// Send an event for each frame that does not pass.
    pub const EVENT_ON_DROP: u32 = 2;
    /// Send an event for each frame that passes.
    pub const EVENT_ON_PASS: u32 = 4;
    /// Remember connections and first fragments. Without it every frame is
    /// judged as if it were the first; what a prefilter let bypass the policy is
    /// remembered all the same.
    pub const TRACK: u32 = 8;
    /// [`EVERY_PORT`] has prefixes: without the bit they are not looked up.
    pub const DENY_LIST: u32 = 16;
    /// Some prefilter has a backend in [`crate::map::BACKENDS`]: without the bit
    /// flows are not looked up.
    pub const BYPASS: u32 = 32;
}

/// A number of one generation: those of the two never meet.
pub const fn numbered(generation: u32, index: u32) -> u32 {
    (generation << 31) | index
}

/// Index under which prefixes of the prefilter's deny list for every port and
/// protocol are kept, in place of a prefilter's own.
pub const EVERY_PORT: u32 = 0x7fff_ffff;

/// A (protocol, destination port) with a prefilter, at every destination address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct PrefilterKey {
    /// Destination port, in network byte order.
    pub port_be: u16,
    /// IP protocol number (IANA): 6, 17 or 132.
    pub protocol: u8,
    /// The generation this entry belongs to.
    pub generation: u8,
}

/// What the prefilter does at a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Prefilter {
    /// First part of the keys of its prefixes and backends: [`numbered`].
    pub id: u32,
    /// [`Prefilter::DEFAULT_PASS`] and the other bits.
    pub flags: u32,
    /// Rule that its default is reported under.
    pub default_rule: u32,
}

impl Prefilter {
    /// A source that is on no list passes.
    pub const DEFAULT_PASS: u32 = 1;
    /// What it passes skips the policy at the backends.
    pub const BYPASSES_POLICY: u32 = 2;
}

macro_rules! lpm_key {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        ///
        /// The trie's prefix length, which the map's key carries in front of
        /// this, is [`Self::SET_BITS`] plus that of the address prefix.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(C)]
        pub struct $name {
            /// Which set of prefixes: [`Prefilter::id`] or [`EVERY_PORT`] in
            /// prefilters, [`numbered`] with index 0 in identities. In host byte
            /// order: it is always matched whole.
            pub set: u32,
            /// Address in network byte order, host bits zero.
            pub address: [u8; $bytes],
        }

        impl $name {
            /// Bits of the key in front of the address.
            pub const SET_BITS: u32 = 32;
        }
    };
}

lpm_key!(
    /// A prefix of one set, IPv4.
    Lpm4,
    4
);
lpm_key!(
    /// A prefix of one set, IPv6.
    Lpm6,
    16
);

/// What a prefix of a prefilter, or an entry of a policy, means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Verdicted {
    /// One of the constants of this type; any other value aborts.
    pub action: u16,
    /// Bits of protocol and port that the entry's key counts: 0, or 8 to 24. A
    /// lookup does not say how long a prefix it found, and the longer one is to
    /// be reported. 0 in prefilters.
    pub l4_bits: u16,
    /// The rule that decided; 0 for [`Verdicted::NO_MATCH`].
    pub rule: u32,
}

impl Verdicted {
    /// Nothing is said here, though something is said around it. In prefilters
    /// only.
    pub const NO_MATCH: u16 = 0;
    /// Allowed.
    pub const ALLOW: u16 = 1;
    /// Denied.
    pub const DENY: u16 = 2;
}

/// An address of a workload of this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct EndpointKey {
    /// In network byte order; an IPv4 address fills the first four bytes.
    pub address: [u8; 16],
    /// 4 or 6.
    pub family: u8,
    /// The generation this entry belongs to.
    pub generation: u8,
    /// Zero.
    pub zero: [u8; 2],
}

/// A workload of this node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Endpoint {
    /// Number of the workload, from 0. Several addresses may have one.
    pub number: u32,
    /// Index of the interface by which its frames enter the node; 0 if that is
    /// not to be checked.
    pub link: u32,
    /// What guards the frames that it sends.
    pub egress: Guard,
    /// What guards the frames that it receives.
    pub ingress: Guard,
    /// What would guard the frames that it sends if policies in dry run were
    /// enforced beside the others; without [`Guard::SELECTED`] where none of them
    /// is about those.
    pub proposed_egress: Guard,
    /// Likewise the frames that it receives.
    pub proposed_ingress: Guard,
}

/// What guards one direction of a workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Guard {
    /// First part of the keys of its entries: [`numbered`]. Workloads guarded
    /// alike share it.
    pub id: u32,
    /// [`Guard::SELECTED`] and the other bits.
    pub flags: u32,
    /// Rule that default deny is reported under; 0 without it.
    pub default_rule: u32,
}

impl Guard {
    /// A policy selects the workload for this direction: entries are looked up.
    pub const SELECTED: u32 = 1;
    /// One of them asks for default deny. Without it, what finds no entry passes
    /// as [`crate::Reason::PolicyNotSelected`].
    pub const DEFAULT_DENY: u32 = 2;
    /// Some rule allows somebody something, as [`crate::Reason`] defines it under
    /// 12: what default deny drops is
    /// [`crate::Reason::PolicyNoMatch`], else [`crate::Reason::PolicyDefaultDeny`].
    pub const ALLOWS: u32 = 4;
}

/// Who an address is, as policies tell addresses apart (the numbers up to 255
/// are those of Cilium, `pkg/identity/numericidentity.go`).
pub struct Identity;

impl Identity {
    /// In [`PolicyKey`]: whoever it is.
    pub const ANY: u32 = 0;
    /// An IPv4 address that no prefix of the identities holds: outside.
    pub const WORLD_V4: u32 = 9;
    /// The same of IPv6.
    pub const WORLD_V6: u32 = 10;
    /// The first that the compiler gives away.
    pub const FIRST_FREE: u32 = 256;
}

/// An entry of a policy: the peer's identity, the protocol, and a prefix of the
/// destination port. The longest match decides; the trie's prefix length is
/// [`PolicyKey::FIXED_BITS`], plus 8 if the protocol matters, plus up to 16 for
/// the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct PolicyKey {
    /// [`Guard::id`], in host byte order.
    pub guard: u32,
    /// The peer's identity or [`Identity::ANY`], in host byte order.
    pub identity: u32,
    /// IP protocol number (IANA).
    pub protocol: u8,
    /// Destination port, in network byte order; the type of an ICMP message;
    /// 0 for other protocols.
    pub port: [u8; 2],
    /// Zero, and never part of a prefix.
    pub zero: u8,
}

impl PolicyKey {
    /// Bits in front of the protocol.
    pub const FIXED_BITS: u32 = 64;
    /// Bits of the whole: protocol and port.
    pub const ALL_BITS: u32 = 64 + 8 + 16;
}

/// A flow that a prefilter let bypass the policy, as seen at the uplink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct FlowKey {
    /// The client, as in [`EndpointKey::address`].
    pub client: [u8; 16],
    /// [`Settings::flows`].
    pub epoch: u32,
    /// The client's port, in network byte order.
    pub client_port_be: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// 4 or 6.
    pub family: u8,
}

/// Who let it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Flow {
    /// [`Prefilter::id`].
    pub prefilter: u32,
    /// The rule of the prefilter that let it.
    pub rule: u32,
}

/// A backend of a port whose prefilter bypasses the policy: a set, whose value
/// is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct BackendKey {
    /// [`Prefilter::id`].
    pub prefilter: u32,
    /// [`Endpoint::number`].
    pub endpoint: u32,
    /// The backend's port, in network byte order.
    pub port_be: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// Zero.
    pub zero: u8,
}

/// A connection, by its first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct ConnectionKey {
    /// As in [`EndpointKey::address`].
    pub source: [u8; 16],
    /// Likewise.
    pub destination: [u8; 16],
    /// [`Settings::epoch`].
    pub epoch: u32,
    /// In network byte order. Of an echo request the identifier; 0 for
    /// protocols without ports.
    pub source_port_be: u16,
    /// In network byte order; 0 for echo requests and protocols without ports.
    pub destination_port_be: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// 4 or 6.
    pub family: u8,
    /// The [`crate::Hook`] that passed the first packet.
    pub hook: u8,
    /// Zero.
    pub zero: u8,
}

/// A packet sent in fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct FragmentKey {
    /// As in [`EndpointKey::address`].
    pub source: [u8; 16],
    /// Likewise.
    pub destination: [u8; 16],
    /// [`Settings::epoch`].
    pub epoch: u32,
    /// As the header has it, in network byte order; of IPv4 in the first half,
    /// the second being 0. Of several fragment headers in IPv6, that of the
    /// first which is a fragment with more to come.
    pub identification: [u8; 4],
    /// Of IPv4 the protocol (RFC 791 §2.3); 0 in IPv6 (RFC 8200 §4.5).
    pub protocol: u8,
    /// 4 or 6.
    pub family: u8,
    /// The [`crate::Hook`] that saw the first fragment.
    pub hook: u8,
    /// Zero.
    pub zero: u8,
}

/// What the first fragment said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Fragment {
    /// As in [`ConnectionKey`]; the identifier also of an echo reply.
    pub source_port_be: u16,
    /// As in [`ConnectionKey`], but the type of an ICMP message, below 256.
    pub destination_port_be: u16,
    /// IP protocol number of the transport header.
    pub protocol: u8,
    /// Zero.
    pub zero: [u8; 3],
}

const _: () = {
    assert!(size_of::<Settings>() == 12);
    assert!(size_of::<PrefilterKey>() == 4 && align_of::<PrefilterKey>() == 2);
    assert!(size_of::<Prefilter>() == 12);
    assert!(size_of::<Lpm4>() == 8 && size_of::<Lpm6>() == 20);
    assert!(size_of::<Verdicted>() == 8);
    assert!(size_of::<EndpointKey>() == 20);
    assert!(size_of::<Endpoint>() == 56);
    assert!(size_of::<PolicyKey>() == 12);
    assert!(size_of::<FlowKey>() == 24);
    assert!(size_of::<Flow>() == 8);
    assert!(size_of::<BackendKey>() == 12);
    assert!(size_of::<ConnectionKey>() == 44);
    assert!(size_of::<FragmentKey>() == 44);
    assert!(size_of::<Fragment>() == 8);
};
