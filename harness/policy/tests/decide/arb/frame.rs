//! Frames of every shape, mostly to guarded ports.

use std::net::IpAddr;

use netverdict_policy::frame::{
    Body, ExtensionHeader, Fragment, FrameSpec, IcmpKind, IpOption, IpPacket, Lengths, ProbeId,
    TcpFlags, Transport, VlanTag, build, length,
};
use netverdict_policy::port::{ProtoPort, Protocol};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::policy::guarded_port;
use super::prefix::address;
use crate::parties::packet;

/// Frames from anywhere, or from one of the given addresses.
pub(crate) fn frame() -> impl Strategy<Value = Recipe> {
    let cut = prop_oneof![8 => Just(None), 1 => any::<Index>().prop_map(Some)];
    let tags = prop_oneof![4 => Just(Vec::new()), 1 => vec(tag(), 1..=3)];
    let source = prop_oneof![3 => any::<Index>().prop_map(Source::OneOf), 1 => address().prop_map(Source::Anywhere)];
    (tags, body(), source, cut).prop_map(|(tags, body, source, cut)| Recipe {
        tags,
        body,
        source,
        cut,
    })
}

/// A frame but for what depends on the policy.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    tags: Vec<VlanTag>,
    body: BodyRecipe,
    source: Source,
    cut: Option<Index>,
}

#[derive(Clone, Debug)]
enum Source {
    OneOf(Index),
    Anywhere(IpAddr),
}

impl Recipe {
    /// The frame, from one of `sources` or from anywhere. A description that
    /// has no bytes is not tried.
    pub(crate) fn frame(&self, sources: &[IpAddr]) -> Option<FrameSpec> {
        let source = match &self.source {
            Source::OneOf(index) => *index.get(sources),
            Source::Anywhere(address) => *address,
        };
        let body = match &self.body {
            BodyRecipe::Arp => Body::Arp {
                sender: [198, 51, 100, 7].into(),
                target: [192, 0, 2, 10].into(),
            },
            BodyRecipe::Other => Body::Other { ethertype: 0x88cc },
            BodyRecipe::Ip(recipe) => Body::Ip(recipe.packet(source)),
        };
        let mut spec = FrameSpec {
            tags: self.tags.clone(),
            body,
            truncate: None,
        };
        if let Some(index) = self.cut {
            let whole = length(&spec);
            spec.truncate = Some(14 + index.index(whole + 1 - 14));
        }
        build(&spec, ProbeId(0), [0; 6]).is_ok().then_some(spec)
    }
}

#[derive(Clone, Debug)]
enum BodyRecipe {
    Arp,
    Other,
    Ip(IpRecipe),
}

/// Parts of a packet; each family takes its own.
#[derive(Clone, Debug)]
struct IpRecipe {
    to: ProtoPort,
    flags: u8,
    /// Instead of the protocol of `to`.
    other: Option<Transport>,
    options: Vec<IpOption>,
    extension_headers: Vec<ExtensionHeader>,
    fragment: Option<Fragment>,
    version: Option<u8>,
    ihl: Option<u8>,
    total: Option<u16>,
    /// A first fragment that ends this many bytes behind its last IP header.
    first_fragment: Option<u16>,
    payload: usize,
}

impl IpRecipe {
    fn packet(&self, source: IpAddr) -> IpPacket {
        let plain = packet(source, self.to);
        let transport = match (self.other, plain.transport) {
            (Some(other), _) => other,
            (
                None,
                Transport::Tcp {
                    source,
                    destination,
                    flags: _,
                },
            ) => Transport::Tcp {
                source,
                destination,
                flags: TcpFlags(self.flags),
            },
            (None, transport) => transport,
        };
        let v4 = source.is_ipv4();
        if let Some(bytes) = self.first_fragment {
            return IpPacket {
                fragment: Some(Fragment {
                    offset: 0,
                    more: true,
                }),
                lengths: Lengths {
                    // The IPv4 header, or the fragment header of IPv6.
                    total: Some(bytes + if v4 { 20 } else { 8 }),
                    ..Lengths::default()
                },
                transport,
                ..plain
            };
        }
        IpPacket {
            options: if v4 { self.options.clone() } else { Vec::new() },
            extension_headers: if v4 {
                Vec::new()
            } else {
                self.extension_headers.clone()
            },
            fragment: self.fragment,
            lengths: Lengths {
                version: self.version,
                ihl: self.ihl.filter(|_| v4),
                total: self.total,
            },
            transport,
            payload: self.payload,
            ..plain
        }
    }
}

fn body() -> impl Strategy<Value = BodyRecipe> {
    prop_oneof![
        1 => Just(BodyRecipe::Arp),
        1 => Just(BodyRecipe::Other),
        40 => ip().prop_map(BodyRecipe::Ip),
    ]
}

fn ip() -> impl Strategy<Value = IpRecipe> {
    let to = prop_oneof![4 => guarded_port(), 1 => any_port()];
    let options = prop_oneof![3 => Just(Vec::new()), 1 => vec(option(), 1..=4)];
    let headers = prop_oneof![3 => Just(Vec::new()), 1 => vec(extension_header(), 1..=9)];
    let parts = (
        (to, any::<u8>(), mostly_none(other_transport())),
        (options, headers, mostly_none(fragment())),
        (
            mostly_none(0..16_u8),
            mostly_none(0..5_u8),
            mostly_none(total()),
            mostly_none(0..6_u16),
        ),
        0..40_usize,
    );
    parts.prop_map(
        |((to, flags, other), (options, extension_headers, fragment), lies, payload)| {
            let (version, ihl, total, first_fragment) = lies;
            IpRecipe {
                to,
                flags,
                other,
                options,
                extension_headers,
                fragment,
                version,
                ihl,
                total,
                first_fragment,
                payload,
            }
        },
    )
}

fn mostly_none<T: Clone + std::fmt::Debug>(
    strategy: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.12, strategy)
}

fn any_port() -> impl Strategy<Value = ProtoPort> {
    (any::<u16>(), select(Protocol::ALL.to_vec()))
        .prop_map(|(port, protocol)| ProtoPort { port, protocol })
}

fn tag() -> impl Strategy<Value = VlanTag> {
    (select(vec![0x8100, 0x88a8]), 0..4096_u16, 0..8_u8).prop_map(|(tpid, id, priority)| VlanTag {
        tpid,
        id,
        priority,
    })
}

/// Numbers that some filter takes for a header of its own.
fn other_transport() -> impl Strategy<Value = Transport> {
    prop_oneof![
        Just(Transport::Icmp(IcmpKind::EchoRequest)),
        Just(Transport::Icmp(IcmpKind::NeighbourSolicitation)),
        select(vec![1, 2, 4, 33, 41, 47, 50, 51, 58, 59, 136, 253])
            .prop_map(|protocol| { Transport::Other { protocol } }),
    ]
}

fn option() -> impl Strategy<Value = IpOption> {
    prop_oneof![
        Just(IpOption::Nop),
        Just(IpOption::RouterAlert),
        (1..=4_u8).prop_map(IpOption::RecordRoute),
        (1..=4_u8).prop_map(IpOption::Timestamp),
        Just(IpOption::LooseSourceRoute),
        vec(any::<u8>(), 0..=9).prop_map(IpOption::Raw),
    ]
}

fn extension_header() -> impl Strategy<Value = ExtensionHeader> {
    select(vec![
        ExtensionHeader::HopByHop,
        ExtensionHeader::Destination,
        ExtensionHeader::Routing,
        ExtensionHeader::Authentication,
        ExtensionHeader::Mobility,
        ExtensionHeader::HostIdentity,
        ExtensionHeader::Shim6,
    ])
}

fn fragment() -> impl Strategy<Value = Fragment> {
    let offset = prop_oneof![
        3 => Just(0_u16),
        1 => select(vec![8, 256, 2048, 32_768, 65_528]),
        1 => (0..8192_u16).prop_map(|units| units * 8),
    ];
    (offset, any::<bool>()).prop_map(|(offset, more)| Fragment { offset, more })
}

fn total() -> impl Strategy<Value = u16> {
    prop_oneof![4 => 0..160_u16, 1 => any::<u16>()]
}
