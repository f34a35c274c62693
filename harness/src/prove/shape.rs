//! Shapes of packets: whatever a policy says holds in each of them.

use std::net::IpAddr;

use netverdict_policy::frame::{ExtensionHeader, Fragment, FrameSpec, IpOption, IpPacket, VlanTag};

/// How a packet is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Nothing special.
    Plain,
    /// Behind one VLAN tag (IEEE Std 802.1Q).
    Vlan,
    /// Behind two (IEEE Std 802.1ad).
    QinQ,
    /// With IPv4 options, or IPv6 extension headers.
    Options,
    /// The first of several fragments.
    FirstFragment,
    /// Another one, without its first.
    LaterFragment,
}

/// A service tag, and a customer tag behind it.
const OUTER: VlanTag = VlanTag {
    tpid: 0x88a8,
    id: 7,
    priority: 0,
};
const INNER: VlanTag = VlanTag {
    tpid: 0x8100,
    id: 21,
    priority: 3,
};

impl Shape {
    /// Every shape.
    pub const ALL: [Shape; 6] = [
        Shape::Plain,
        Shape::Vlan,
        Shape::QinQ,
        Shape::Options,
        Shape::FirstFragment,
        Shape::LaterFragment,
    ];

    /// The packet in this shape.
    pub fn of(self, mut packet: IpPacket) -> FrameSpec {
        let mut tags = Vec::new();
        match self {
            Shape::Plain => {}
            Shape::Vlan => tags.push(INNER),
            Shape::QinQ => tags.extend([OUTER, INNER]),
            Shape::Options => match packet.source {
                IpAddr::V4(_) => packet.options = vec![IpOption::Nop, IpOption::RouterAlert],
                IpAddr::V6(_) => {
                    packet.extension_headers =
                        vec![ExtensionHeader::HopByHop, ExtensionHeader::Destination];
                }
            },
            Shape::FirstFragment => packet.fragment = Some(fragment(0, true)),
            Shape::LaterFragment => packet.fragment = Some(fragment(1480, false)),
        }
        FrameSpec {
            tags,
            ..packet.into()
        }
    }

    /// Behind "as": nothing for plain packets.
    pub const fn name(self) -> &'static str {
        match self {
            Shape::Plain => "plain",
            Shape::Vlan => "vlan",
            Shape::QinQ => "qinq",
            Shape::Options => "options",
            Shape::FirstFragment => "first-fragment",
            Shape::LaterFragment => "later-fragment",
        }
    }

    /// Behind "tried".
    pub const fn words(self) -> &'static str {
        match self {
            Shape::Plain => "plain",
            Shape::Vlan => "behind a VLAN tag",
            Shape::QinQ => "behind two VLAN tags",
            Shape::Options => "with IP options or extension headers",
            Shape::FirstFragment => "as a first fragment",
            Shape::LaterFragment => "as a later fragment",
        }
    }
}

/// Of a packet of its own.
const fn fragment(offset: u16, more: bool) -> Fragment {
    Fragment {
        offset,
        more,
        identification: None,
    }
}
