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
        /// oracle follows the same order, so that reasons can be compared. Steps
        /// 1 to 6 are the same at every [`crate::Hook`], but for 4.
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
        /// 4. At the uplink: a source on the prefilter's deny list for every
        ///    port is [`Reason::PrefilterDeny`].
        /// 5. IPv4: an offset other than 0 is a later fragment. IPv6: extension
        ///    headers (0, 43, 44, 51, 60, 135, 139, 140) are walked in order; one
        ///    more than [`crate::MAX_EXTENSION_HEADERS`] is
        ///    [`Reason::TooManyExtensionHeaders`] (before its bytes are looked
        ///    at); one that is not all inside the packet is judged by 6 at once,
        ///    whatever it names next; a fragment header with an offset other
        ///    than 0 is a later fragment at once. A later fragment takes protocol
        ///    and ports (of ICMP the type and an echo's identifier) from its first
        ///    fragment, if [`crate::Mode::TRACK`] and this hook remembers one,
        ///    and goes on at 7; else it is [`Reason::UntrackedFragment`].
        /// 6. The transport header: the port pair (4 bytes) of TCP, UDP and SCTP,
        ///    the first 8 bytes of ICMP in IPv4 and ICMPv6 in IPv6; of any other
        ///    protocol, nothing. An extension header, port pair or ICMP header
        ///    beyond the packet's end is [`Reason::FirstFragmentWithoutPorts`]
        ///    where a fragment with offset 0 and more to come was seen, else
        ///    [`Reason::Truncated`]. A fragment with offset 0 and more to come is
        ///    now remembered, if [`crate::Mode::TRACK`]. ICMP in IPv6 and ICMPv6 in
        ///    IPv4 are other protocols, with nothing to be read: where a type is
        ///    asked for, theirs is 0, and they are no echo and no error.
        /// 7. At the uplink: a protocol other than TCP, UDP and SCTP is
        ///    [`Reason::OtherProtocol`]. The prefilter of (protocol, destination
        ///    port); none is [`Reason::NoPrefilter`]. A source it denies is
        ///    [`Reason::PrefilterDeny`], whatever else lists it; then its allow
        ///    list, then its default. What bypasses the policy is remembered as
        ///    a flow (client, client's port, protocol).
        /// 8. At a workload: ICMPv6 types 133 to 137 with hop limit 255 are
        ///    [`Reason::NeighbourDiscovery`].
        /// 9. At egress the source must be an address of the workload whose link
        ///    this is ([`Reason::ForeignSource`]); at ingress the destination
        ///    must be one of a workload ([`Reason::ForeignDestination`]). Workloads
        ///    in the node's network have no address of their own.
        /// 10. At ingress, a remembered flow of (source, source port, protocol)
        ///     whose prefilter has this (workload, destination port) as a backend
        ///     is [`Reason::Bypassed`], by the rule that the prefilter let it pass
        ///     under. What was let under another policy, though it were the same
        ///     once more, is forgotten.
        /// 11. If [`crate::Mode::TRACK`]: the reverse of a connection whose first
        ///     packet passed the workload's *other* hook is [`Reason::Reply`]; of
        ///     ICMP and ICMPv6, nothing but an echo reply is the reverse of
        ///     anything.
        ///     An ICMP error (types 3, 11, 12; ICMPv6 1 to 4) about a packet (its
        ///     addresses, protocol and ports, read behind the 8 bytes of ICMP
        ///     header, an inner IPv4 header of any length or an inner IPv6 header
        ///     without extensions, offset 0) is [`Reason::Related`] if that packet
        ///     goes the way of a connection whose first packet passed the
        ///     workload's other hook, or is the reverse of a connection whose first
        ///     packet passed *this* hook: the workload sent it and learns at
        ///     ingress what became of it, or received it and complains at egress,
        ///     whoever began. The error must be for whoever sent the packet: the
        ///     inner source is the outer destination (Linux,
        ///     `nf_conntrack_inet_error`); at egress the inner destination must be
        ///     the outer source as well. Of ICMP, an echo request goes the way of a
        ///     connection and an echo reply is the reverse of one; no other message
        ///     is either.
        ///     What is read of it must lie inside the packet: its header, and of
        ///     TCP, UDP and SCTP 4 bytes, of ICMP 8. An error in fragments is
        ///     about a packet only in its first.
        /// 12. The policy of the workload's direction: not selected is
        ///     [`Reason::PolicyNotSelected`]. The peer (egress: destination,
        ///     ingress: source) has the identity of the longest prefix that holds
        ///     it, or is of the world. Its protocol and port (of ICMP the type)
        ///     are looked up under that identity and under any: if either entry
        ///     denies, [`Reason::PolicyDeny`]; if either allows,
        ///     [`Reason::PolicyAllow`]; else, where no policy asks for default
        ///     deny, [`Reason::PolicyNotSelected`]; else [`Reason::PolicyNoMatch`]
        ///     if any rule of this direction allows anybody anything,
        ///     [`Reason::PolicyDefaultDeny`] if none does. (A rule to allow does,
        ///     if it names a peer or is about anybody, and names a port or is
        ///     about all, whether or not such a peer exists; that the node reaches
        ///     its workloads is no rule.) Of two entries that
        ///     decide alike, the one with the longer protocol and port prefix is
        ///     reported, then the one of the identity itself.
        ///
        ///     Where policies in dry run are about the workload and direction, what
        ///     they and the enforced ones would say together is looked up likewise,
        ///     under a guard of its own, of every frame that this step decides
        ///     about. Its reason and rule are counted and reported beside the
        ///     frame's own; they decide nothing, neither about the frame nor about
        ///     what is remembered.
        /// 13. What 10 or 12 passes is remembered as a connection of this hook,
        ///     if [`crate::Mode::TRACK`]: TCP, UDP and SCTP by ports, an echo
        ///     request (type 8; ICMPv6 128) by its identifier as source port,
        ///     protocols other than ICMP (in IPv4) and ICMPv6 (in IPv6) by
        ///     addresses alone; other ICMP is not remembered. An echo reply (type
        ///     0; ICMPv6 129) has 0 as source port and its identifier as
        ///     destination port.
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
    /// At the uplink: IP, but no protocol with ports that the filter knows (ICMP,
    /// ESP, …).
    OtherProtocol = 1, "other-protocol", Pass;
    /// At the uplink: no prefilter stands at this protocol and port.
    NoPrefilter = 2, "no-prefilter", Pass;
    /// The prefilter's allow list holds the source; policy is next.
    PrefilterAllow = 3, "prefilter-allow", Pass;
    /// No list of the prefilter holds the source, and its default is pass; policy
    /// is next.
    PrefilterDefaultPass = 4, "prefilter-default-pass", Pass;
    /// The prefilter's allow list holds the source, and it bypasses policy.
    PrefilterAllowBypass = 5, "prefilter-allow-bypass", Pass;
    /// No list of the prefilter holds the source, its default is pass, and it
    /// bypasses policy.
    PrefilterDefaultBypass = 6, "prefilter-default-bypass", Pass;
    /// At a workload: router or neighbour discovery (RFC 4861 §4), which is good
    /// on the link only.
    NeighbourDiscovery = 7, "neighbour-discovery", Pass;
    /// At a workload: a prefilter let the flow bypass its policy.
    Bypassed = 8, "bypassed", Pass;
    /// A reply within a remembered connection.
    Reply = 9, "reply", Pass;
    /// An ICMP error about a remembered connection.
    Related = 10, "related", Pass;
    /// No policy that asks for default deny selects the workload for this
    /// direction, and no rule denies or allows it.
    PolicyNotSelected = 11, "policy-not-selected", Pass;
    /// A rule allows it.
    PolicyAllow = 12, "policy-allow", Pass;
    /// The pass-all image is in force: whatever else would have been decided.
    PassAll = 13, "pass-all", Pass;
    /// A deny list of the prefilter holds the source.
    PrefilterDeny = 14, "prefilter-deny", Drop;
    /// No list of the prefilter holds the source; its default is drop.
    PrefilterDefaultDrop = 15, "prefilter-default-drop", Drop;
    /// A rule denies it.
    PolicyDeny = 16, "policy-deny", Drop;
    /// A policy selects the workload, and no rule allows anybody anything.
    PolicyDefaultDeny = 17, "policy-default-deny", Drop;
    /// A policy selects the workload, and none of the rules that allow something
    /// allows this.
    PolicyNoMatch = 18, "policy-no-match", Drop;
    /// Sent by a workload under an address that is not its own.
    ForeignSource = 19, "foreign-source", Drop;
    /// At a workload's ingress, for an address that no workload has.
    ForeignDestination = 20, "foreign-destination", Drop;
    /// A later fragment whose first fragment is not remembered here.
    UntrackedFragment = 21, "untracked-fragment", Drop;
    /// More VLAN tags than [`crate::MAX_TAGS`].
    TooManyTags = 22, "too-many-tags", Drop;
    /// The frame ends before what its headers announce.
    Truncated = 23, "truncated", Drop;
    /// An IP header with an impossible version, header length or total length.
    BadIpHeader = 24, "bad-ip-header", Drop;
    /// More IPv6 extension headers than [`crate::MAX_EXTENSION_HEADERS`].
    TooManyExtensionHeaders = 25, "too-many-extension-headers", Drop;
    /// A first fragment too short for its ports (RFC 1858, RFC 7112).
    FirstFragmentWithoutPorts = 26, "first-fragment-without-ports", Drop;
    /// A map that must have the entry has none: the program is broken.
    Impossible = 27, "impossible", Abort;
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
