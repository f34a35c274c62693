//! Why a frame passed or was dropped.

/// What became of a frame. Each [`Reason`] belongs to exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// `XDP_PASS`: handed on to the network stack.
    Pass,
    /// `XDP_DROP`.
    Drop,
    /// `XDP_ABORTED`: the program met a state it holds impossible. The kernel
    /// drops the frame and raises the `xdp:xdp_exception` tracepoint.
    Abort,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $slug:literal, $verdict:ident;)*) => {
        /// Why the filter decided as it did. The codes are part of the layout.
        ///
        /// The order in which a frame is judged is part of the contract; the
        /// oracle follows the same order, so that reasons can be compared:
        ///
        /// 1. VLAN tags (TPID 0x8100 or 0x88a8): a tag beyond the second is
        ///    [`Reason::TooManyTags`] (before its bytes are looked at), a tag
        ///    that is not all there is [`Reason::Truncated`].
        /// 2. The ethertype behind the tags: neither IPv4 nor IPv6 is
        ///    [`Reason::NotIp`].
        /// 3. The fixed IP header (20 or 40 bytes) must be there
        ///    ([`Reason::Truncated`]); version, header length and total length
        ///    must be possible ([`Reason::BadIpHeader`]: version not that of the
        ///    ethertype, IHL below 5, total length below the header's); and the
        ///    frame must hold as much as the IP header announces
        ///    ([`Reason::Truncated`]). Padding behind it is no part of it.
        /// 4. IPv4: an offset other than 0 is [`Reason::LaterFragment`]. IPv6:
        ///    extension headers (0, 43, 44, 51, 60, 135, 139, 140) are walked in
        ///    order; one more than [`crate::MAX_EXTENSION_HEADERS`] is
        ///    [`Reason::TooManyExtensionHeaders`] (before its bytes are looked
        ///    at); one that is not all inside the packet is judged by 6 at once,
        ///    whatever it names next; a fragment header with an offset other
        ///    than 0 is [`Reason::LaterFragment`] at once.
        /// 5. A protocol other than TCP, UDP and SCTP is
        ///    [`Reason::OtherProtocol`].
        /// 6. An extension header or port pair (4 bytes) beyond the packet's end
        ///    is [`Reason::FirstFragmentWithoutPorts`] where a fragment with
        ///    offset 0 and more to come was seen, else [`Reason::Truncated`].
        /// 7. The service of (protocol, destination port); none is
        ///    [`Reason::UnprotectedPort`]. Then the prefilter, if the service
        ///    has one, then the policy, if any rule selects it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Reason { $($(#[$doc])* $name = $code,)* }

        impl Reason {
            /// Every reason, by code.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)*];

            /// The verdict that goes with this reason.
            #[inline(always)]
            pub const fn verdict(self) -> Verdict {
                match self { $(Reason::$name => Verdict::$verdict,)* }
            }

            /// The name used in scenarios and reports, in kebab case.
            pub const fn slug(self) -> &'static str {
                match self { $(Reason::$name => $slug,)* }
            }

            /// The reason with this code.
            pub const fn from_code(code: u8) -> Option<Reason> {
                match code { $($code => Some(Reason::$name),)* _ => None }
            }
        }

        /// Number of reasons: the length of [`crate::map::COUNTERS`].
        pub const REASON_COUNT: usize = [$($code,)*].len();
    };
}

reasons! {
    /// Neither IPv4 nor IPv6: ARP, LLDP, the sentinel.
    NotIp = 0, "not-ip", Pass;
    /// IP, but no protocol with ports that the filter knows (ICMP, ESP, …).
    OtherProtocol = 1, "other-protocol", Pass;
    /// No service is protected at this protocol and port.
    UnprotectedPort = 2, "unprotected-port", Pass;
    /// A fragment with an offset: it carries no ports. It cannot be delivered
    /// without its first fragment, which is judged.
    LaterFragment = 3, "later-fragment", Pass;
    /// The prefilter's allow list holds the source, and it bypasses policy.
    PrefilterAllowBypass = 4, "prefilter-allow-bypass", Pass;
    /// The prefilter's allow list does not hold the source, its default is
    /// pass, and it bypasses policy.
    PrefilterDefaultBypass = 5, "prefilter-default-bypass", Pass;
    /// The prefilter, if any, let it on, and no policy rule selects the service.
    PolicyNotSelected = 6, "policy-not-selected", Pass;
    /// A policy rule allows the source.
    PolicyAllow = 7, "policy-allow", Pass;
    /// The pass-all image is in force: whatever else would have been decided.
    PassAll = 8, "pass-all", Pass;
    /// The prefilter's allow list does not hold the source; its default is drop.
    PrefilterDefaultDrop = 9, "prefilter-default-drop", Drop;
    /// A policy rule denies the source.
    PolicyDeny = 10, "policy-deny", Drop;
    /// A policy rule selects the service, and none allows the source.
    PolicyDefaultDeny = 11, "policy-default-deny", Drop;
    /// More VLAN tags than [`crate::MAX_TAGS`].
    TooManyTags = 12, "too-many-tags", Drop;
    /// The frame ends before what its headers announce.
    Truncated = 13, "truncated", Drop;
    /// An IP header with an impossible version, header length or total length.
    BadIpHeader = 14, "bad-ip-header", Drop;
    /// More IPv6 extension headers than [`crate::MAX_EXTENSION_HEADERS`].
    TooManyExtensionHeaders = 15, "too-many-extension-headers", Drop;
    /// A first fragment too short for its ports (RFC 1858, RFC 7112).
    FirstFragmentWithoutPorts = 16, "first-fragment-without-ports", Drop;
    /// A map that must have the entry has none: the program is broken.
    Impossible = 17, "impossible", Abort;
}

const _: () = {
    let mut code = 0;
    while code < REASON_COUNT {
        assert!(
            Reason::ALL[code] as usize == code,
            "codes are dense, from 0"
        );
        code += 1;
    }
};
