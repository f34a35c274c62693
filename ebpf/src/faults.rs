//! Mistakes that can be built in on purpose, to see that the scenarios notice:
//! `cargo xtask faults`. Each is a constant, false in the filter people use, so
//! that the mistake is not even in its code.

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $cfg:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: bool = cfg!(fault = $cfg);)*
    };
}

faults! {
    /// No prefix is ever found.
    PREFIX_LOOKUP_SKIPPED = "prefix-lookup-skipped";
    /// The prefilter's default is taken the wrong way round.
    DEFAULT_FLIPPED = "default-flipped";
    /// The port is looked up with its bytes swapped.
    PORT_BYTE_ORDER = "port-byte-order";
    /// The source address is looked up with its bytes reversed.
    ADDRESS_BYTE_ORDER = "address-byte-order";
    /// What is behind a VLAN tag is not looked at.
    VLAN_NOT_SKIPPED = "vlan-not-skipped";
    /// The payload of a later fragment is read as ports.
    LATER_FRAGMENT_PORTS = "later-fragment-ports";
    /// An excepted prefix is treated as the prefix around it.
    EXCEPT_IGNORED = "except-ignored";
    /// Allow and deny rules are taken for each other.
    DENY_ALLOW_SWAPPED = "deny-allow-swapped";
    /// What the prefilter passes meets the policy even if it should not.
    BYPASS_IGNORED = "bypass-ignored";
    /// What should be dropped passes as if its port were not protected.
    PASSES_EVERYTHING = "passes-everything";
    /// A drop is reported, but the frame passes.
    DROP_NOT_ENFORCED = "drop-not-enforced";
}
