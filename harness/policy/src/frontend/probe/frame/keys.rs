//! The keys of `frame`.

use super::super::super::keys::{Key, Shape, Table};

pub(in crate::frontend::probe) const FRAME: Table = Table {
    what: "a frame",
    keys: &[
        Key::optional(
            "vlan",
            Shape::List {
                of: &Shape::AnyOf(&[
                    Shape::Integer {
                        least: 0,
                        most: 4095,
                    },
                    Shape::Mapping(&TAG),
                ]),
                least: 1,
            },
            "VLAN tags, outermost first, as ids; id 0 is a priority tag.",
        ),
        Key::optional(
            "ip_options",
            Shape::List {
                of: &Shape::AnyOf(&[
                    Shape::Choice(&["nop", "router-alert", "loose-source-route"]),
                    Shape::Mapping(&SIZED_OPTION),
                ]),
                least: 1,
            },
            "IPv4 options, in order, at most 40 bytes.",
        ),
        Key::optional(
            "extension_headers",
            Shape::List {
                of: &Shape::Choice(&[
                    "hop-by-hop",
                    "destination",
                    "routing",
                    "authentication",
                    "mobility",
                    "host-identity",
                    "shim6",
                ]),
                least: 1,
            },
            "IPv6 extension headers, in order; the fragment header comes by 'fragment'.",
        ),
        Key::optional(
            "fragment",
            Shape::AnyOf(&[
                Shape::Choice(&["first", "later"]),
                Shape::Mapping(&FRAGMENT),
            ]),
            "Send it as a fragment: the first of several, a later one, or as given.",
        ),
        Key::optional(
            "tcp_flags",
            Shape::AnyOf(&[
                Shape::Choice(&["none"]),
                Shape::List {
                    of: &Shape::Choice(&["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"]),
                    least: 1,
                },
            ]),
            "TCP flags; [syn] if not given.",
        ),
        Key::optional(
            "payload",
            Shape::Integer {
                least: 8,
                most: 65535,
            },
            "Bytes behind the transport header, at least the 8 that tell the probe.",
        ),
        Key::optional(
            "lengths",
            Shape::Mapping(&LENGTHS),
            "Header fields that lie.",
        ),
        Key::optional(
            "truncate",
            Shape::Integer {
                least: 14,
                most: 65535,
            },
            "Cut the frame to this many bytes, Ethernet header included.",
        ),
        Key::optional(
            "source_port",
            Shape::Integer {
                least: 0,
                most: 65535,
            },
            "Source port; 40000 and up if not given.",
        ),
        Key::optional(
            "source",
            Shape::Text,
            "Source address, if it is not the sender's own: an address, a host or a workload.",
        ),
        Key::optional(
            "family",
            Shape::AnyOf(&[
                Shape::Integer { least: 4, most: 4 },
                Shape::Integer { least: 6, most: 6 },
            ]),
            "4 or 6: frames of this family alone.",
        ),
        Key::optional(
            "hop_limit",
            Shape::Integer {
                least: 0,
                most: 255,
            },
            "Hops left (IPv4: time to live); 64 if not given.",
        ),
        Key::optional(
            "identifier",
            Shape::Integer {
                least: 0,
                most: 65535,
            },
            "Identifier of an echo request or reply; 40000 and up if not given.",
        ),
        Key::optional(
            "icmp_code",
            Shape::Integer {
                least: 0,
                most: 255,
            },
            "Code of an ICMP message; 0 if not given.",
        ),
        Key::optional(
            "about",
            Shape::Mapping(&ABOUT),
            "The packet that an ICMP error is about.",
        ),
    ],
};

pub(super) const ABOUT: Table = Table {
    what: "the packet that an ICMP error is about",
    keys: &[
        Key::required(
            "from",
            Shape::Text,
            "Who sent it: a workload, a host or an address.",
        ),
        Key::required(
            "to",
            Shape::Text,
            "Where to, as in a probe's 'to': WHO:PORT/PROTOCOL, WHO/icmp, WHO/icmp-echo-reply or \
             WHO/protocol-NUMBER.",
        ),
        Key::optional(
            "source_port",
            Shape::Integer {
                least: 0,
                most: 65535,
            },
            "Its source port, or the identifier of an echo; 40000 if not given.",
        ),
        Key::optional(
            "option_words",
            Shape::Integer { least: 0, most: 10 },
            "Words of 4 bytes of IPv4 options in its header, all of them no operation; none if not \
             given.",
        ),
        Key::optional(
            "later_fragment",
            Shape::Boolean,
            "Whether it was a fragment other than the first; false if not given.",
        ),
    ],
};

pub(super) const TAG: Table = Table {
    what: "a VLAN tag",
    keys: &[
        Key::required(
            "id",
            Shape::Integer {
                least: 0,
                most: 4095,
            },
            "VLAN id; 0 is a priority tag.",
        ),
        Key::optional(
            "priority",
            Shape::Integer { least: 0, most: 7 },
            "Priority code point; 0 if not given.",
        ),
        Key::optional(
            "tpid",
            Shape::Integer {
                least: 0x8100,
                most: 0x88a8,
            },
            "Tag protocol identifier: 0x8100 (if not given) or 0x88a8, the service tag of QinQ.",
        ),
    ],
};

pub(super) const SIZED_OPTION: Table = Table {
    what: "an IPv4 option",
    keys: &[
        Key::optional(
            "record-route",
            Shape::Integer { least: 1, most: 9 },
            "Record route, with room for this many addresses.",
        ),
        Key::optional(
            "timestamp",
            Shape::Integer { least: 1, most: 9 },
            "Timestamp, with room for this many.",
        ),
        Key::optional(
            "raw",
            Shape::Pattern("^([0-9A-Fa-f]{2}){1,40}$"),
            "Any bytes, in hexadecimal.",
        ),
    ],
};

pub(super) const FRAGMENT: Table = Table {
    what: "a fragment",
    keys: &[
        Key::required(
            "offset",
            Shape::Integer {
                least: 0,
                most: 65528,
            },
            "Offset in bytes, a multiple of 8.",
        ),
        Key::required("more", Shape::Boolean, "Whether more fragments follow."),
        Key::optional(
            "identification",
            Shape::Integer {
                least: 0,
                most: 4_294_967_295,
            },
            "What the fragments of one packet have in common, of IPv4 up to 65535; each probe's \
             own if not given.",
        ),
    ],
};

pub(super) const LENGTHS: Table = Table {
    what: "a header that lies",
    keys: &[
        Key::optional(
            "version",
            Shape::Integer { least: 0, most: 15 },
            "IP version field.",
        ),
        Key::optional(
            "ihl",
            Shape::Integer { least: 0, most: 4 },
            "IPv4 header length field, in units of 4 bytes; less than the real 5.",
        ),
        Key::optional(
            "total",
            Shape::Integer {
                least: 0,
                most: 65535,
            },
            "IPv4 total length field, or IPv6 payload length field, in bytes.",
        ),
    ],
};
