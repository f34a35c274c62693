//! Mistakes that can be built in on purpose, to see that the scenarios notice:
//! `cargo xtask faults`. Each is a constant, false in the filter people use, so
//! that the mistake is not even in its code.

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $cfg:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: bool = cfg!(fault = $cfg);)*
    };
}

// What a frame is taken for.
faults! {
    /// What is behind a VLAN tag is not looked at.
    VLAN_NOT_SKIPPED = "vlan-not-skipped";
    /// The destination port is looked up with its bytes swapped.
    PORT_BYTE_ORDER = "port-byte-order";
    /// Addresses are looked up among prefixes with their bytes reversed.
    ADDRESS_BYTE_ORDER = "address-byte-order";
    /// What is behind IPv4 options is looked for where they begin.
    OPTIONS_NOT_SKIPPED = "options-not-skipped";
    /// What is behind an extension header is not looked at.
    EXTENSIONS_NOT_WALKED = "extensions-not-walked";
    /// Every ICMP message is taken for one of type 0.
    ICMP_TYPE_IGNORED = "icmp-type-ignored";
    /// The payload of a later fragment is read as ports.
    LATER_FRAGMENT_PORTS = "later-fragment-ports";
    /// A later fragment passes though nobody knows its first.
    UNTRACKED_FRAGMENT_PASSES = "untracked-fragment-passes";
    /// Any first fragment between two addresses speaks for every later one.
    FRAGMENT_IDENTIFICATION_IGNORED = "fragment-identification-ignored";
}

// The prefilter.
faults! {
    /// No prefix of a prefilter is ever found.
    PREFIX_LOOKUP_SKIPPED = "prefix-lookup-skipped";
    /// The prefilter's default is taken the wrong way round.
    DEFAULT_FLIPPED = "default-flipped";
    /// An excepted prefix is treated as the prefix around it.
    EXCEPT_IGNORED = "except-ignored";
    /// The deny list for every port is not asked.
    DENY_LIST_IGNORED = "deny-list-ignored";
    /// What the prefilter passes meets the policy even if it should not.
    BYPASS_IGNORED = "bypass-ignored";
    /// The prefilter lets bypass and tells nobody.
    BYPASS_NOT_REMEMBERED = "bypass-not-remembered";
    /// A flow that may bypass one policy bypasses all.
    BYPASS_AT_ANY_BACKEND = "bypass-at-any-backend";
}

// The policy.
faults! {
    /// What a workload sends is not judged.
    EGRESS_NOT_JUDGED = "egress-not-judged";
    /// What a workload receives is not judged.
    INGRESS_NOT_JUDGED = "ingress-not-judged";
    /// A workload may send under another's address.
    FOREIGN_SOURCE_PASSES = "foreign-source-passes";
    /// Everybody is the world.
    IDENTITY_LOOKUP_SKIPPED = "identity-lookup-skipped";
    /// What is said of anybody is said of nobody.
    IDENTITY_WILDCARD_IGNORED = "identity-wildcard-ignored";
    /// Allow and deny are taken for each other.
    DENY_ALLOW_SWAPPED = "deny-allow-swapped";
    /// An allow for fewer ports beats a deny for more.
    DENY_SHADOWED_BY_LONGER_PORT = "deny-shadowed-by-longer-port";
    /// The generation is read again before the policy is asked.
    GENERATION_READ_TWICE = "generation-read-twice";
}

// What is only proposed.
faults! {
    /// What a policy in dry run would drop is dropped.
    DRY_RUN_ENFORCED = "dry-run-enforced";
    /// Nobody asks what policies in dry run say.
    DRY_RUN_NOT_JUDGED = "dry-run-not-judged";
    /// What a workload sends is held against what is proposed for what it
    /// receives, and the reverse.
    DRY_RUN_OF_OTHER_DIRECTION = "dry-run-of-other-direction";
}

// What is remembered.
faults! {
    /// Whatever has the acknowledgement flag is taken for a reply.
    REPLY_WITHOUT_CONNECTION = "reply-without-connection";
    /// Whoever was reached may reach back, at any port.
    CONNECTION_EITHER_WAY = "connection-either-way";
    /// A connection that one hook let begin counts at the other as well.
    CONNECTION_OF_ANY_HOOK = "connection-of-any-hook";
    /// Every ICMP error passes.
    RELATED_WITHOUT_CONNECTION = "related-without-connection";
    /// Nothing is ever forgotten.
    EPOCH_IGNORED = "epoch-ignored";
}

// What is done about it.
faults! {
    /// The image that passes everything is judged like any other.
    PASS_ALL_IGNORED = "pass-all-ignored";
    /// What should be dropped passes as if nothing protected it.
    PASSES_EVERYTHING = "passes-everything";
    /// A drop is reported, but the frame passes.
    DROP_NOT_ENFORCED = "drop-not-enforced";
}
