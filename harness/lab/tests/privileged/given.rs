//! Networks, policies and frames that the tests are about.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use netverdict_lab::filter::Filter;
use netverdict_policy::frame::{
    Body, Frame, FrameSpec, IpPacket, Lengths, ProbeId, TcpFlags, Transport, build,
};
use netverdict_policy::image::{
    ImageSizes, MapImage, PolicyImage, RuleId, ServiceImage, SourceVerdict,
};
use netverdict_policy::port::{ProtoPort, Protocol};
use netverdict_policy::topology::{Forward, HostPlan, TopologyPlan, WorkloadPlan, Zone};

/// Addresses of the node.
pub(crate) const NODE_V4: &str = "192.0.2.10";
pub(crate) const NODE_V6: &str = "2001:db8::10";

/// The filter as committed, or another build of it.
pub(crate) fn object() -> Vec<u8> {
    let path = std::env::var_os("NETVERDICT_FILTER").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../ebpf/prebuilt/netverdict-filter.o"
            ))
        },
        PathBuf::from,
    );
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn filter() -> Filter {
    Filter::load(&object(), ImageSizes::default()).expect("the committed object loads")
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A node with two workloads of both families, and two hosts.
pub(crate) fn plan(mtu: u16) -> TopologyPlan {
    let host = |name: &str, zone, addresses: &[&str]| HostPlan {
        name: name.to_owned(),
        zone,
        addresses: addresses.iter().copied().map(address).collect(),
    };
    let workload = |name: &str, addresses: &[&str], port| WorkloadPlan {
        name: name.to_owned(),
        addresses: addresses.iter().copied().map(address).collect(),
        listen: vec![tcp(port)],
    };
    TopologyPlan {
        node: vec![address(NODE_V4), address(NODE_V6)],
        hosts: vec![
            host("monitoring", Zone::Internal, &["10.20.0.5"]),
            host(
                "scanner",
                Zone::External,
                &["198.51.100.7", "2001:db8:bad::7"],
            ),
        ],
        workloads: vec![
            workload("inventory", &["172.30.0.2", "fd00:30::2"], 50051),
            workload("billing", &["172.30.0.3", "fd00:30::3"], 8080),
        ],
        forwards: vec![
            forward(tcp(30007), 0, 50051),
            forward(tcp(30008), 1, 8080),
            forward(
                ProtoPort {
                    port: 30053,
                    protocol: Protocol::Udp,
                },
                1,
                53,
            ),
            forward(
                ProtoPort {
                    port: 30132,
                    protocol: Protocol::Sctp,
                },
                1,
                132,
            ),
        ],
        mtu,
    }
}

fn forward(node_port: ProtoPort, workload: usize, target_port: u16) -> Forward {
    Forward {
        node_port,
        workload,
        target_port,
    }
}

pub(crate) fn tcp(port: u16) -> ProtoPort {
    ProtoPort {
        port,
        protocol: Protocol::Tcp,
    }
}

/// Only 10.0.0.0/8 and 2001:db8:a::/48 may reach 30007/tcp, except 10.66.0.0/16.
pub(crate) fn image() -> MapImage {
    let prefix = |text: &str| text.parse().expect("a prefix");
    MapImage {
        services: BTreeMap::from([(
            tcp(30007),
            ServiceImage {
                prefilter: None,
                policy: Some(PolicyImage {
                    default_rule: RuleId(1),
                    sources: BTreeMap::from([
                        (prefix("10.0.0.0/8"), SourceVerdict::Allow(RuleId(2))),
                        (prefix("10.66.0.0/16"), SourceVerdict::Deny(RuleId(3))),
                        (prefix("2001:db8:a::/48"), SourceVerdict::Allow(RuleId(4))),
                    ]),
                }),
            },
        )]),
        ..MapImage::default()
    }
}

/// A packet from `source` to the node's address of its family.
pub(crate) fn packet(source: &str, transport: Transport) -> FrameSpec {
    let source = address(source);
    let destination = address(if source.is_ipv4() { NODE_V4 } else { NODE_V6 });
    FrameSpec {
        tags: Vec::new(),
        body: Body::Ip(IpPacket {
            source,
            destination,
            options: Vec::new(),
            extension_headers: Vec::new(),
            fragment: None,
            lengths: Lengths::default(),
            transport,
            payload: 16,
        }),
        truncate: None,
    }
}

/// The same with changes to the IP packet.
pub(crate) fn with(mut spec: FrameSpec, change: impl FnOnce(&mut IpPacket)) -> FrameSpec {
    match &mut spec.body {
        Body::Ip(packet) => change(packet),
        other => panic!("not a packet: {other:?}"),
    }
    spec
}

/// A new TCP connection to a port.
pub(crate) fn syn(destination: u16) -> Transport {
    Transport::Tcp {
        source: 40000,
        destination,
        flags: TcpFlags::SYN,
    }
}

/// Bytes for the node's uplink.
pub(crate) fn frame(spec: &FrameSpec, id: ProbeId) -> Frame {
    build(spec, id, [0x02, 0x76, 0, 0, 0, 1]).unwrap_or_else(|error| panic!("{spec:?}: {error}"))
}
