//! Networks, policies and frames that the tests are about.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use netverdict_abi::Identity;
use netverdict_lab::filter::{Connections, Events, Filter, Install, Links};
use netverdict_lab::wire::Shot;
use netverdict_lab::{UPLINK_MAC, workload_gateway_mac};
use netverdict_policy::frame::{Body, Frame, FrameSpec, IpPacket, ProbeId, Transport, build};
use netverdict_policy::image::{
    EndpointImage, GuardImage, IdentityId, ImageSizes, L4Prefix, MapImage, PolicyEntry,
    PrefilterImage, RuleId, Verdict,
};
use netverdict_policy::journey::Sender;
use netverdict_policy::port::{ProtoPort, Protocol};
use netverdict_policy::topology::{Forward, HostPlan, TopologyPlan, WorkloadPlan, Zone};

/// Addresses of the node.
pub(crate) const NODE_V4: &str = "192.0.2.10";
pub(crate) const NODE_V6: &str = "2001:db8::10";

/// The workloads, by number, and their addresses.
pub(crate) const INVENTORY: usize = 0;
pub(crate) const INVENTORY_V4: &str = "172.30.0.2";
pub(crate) const INVENTORY_V6: &str = "fd00:30::2";
pub(crate) const BILLING: usize = 1;
pub(crate) const BILLING_V4: &str = "172.30.0.3";
pub(crate) const BILLING_V6: &str = "fd00:30::3";
pub(crate) const WEB: usize = 2;
pub(crate) const WEB_V4: &str = "172.30.0.4";
pub(crate) const WEB_V6: &str = "fd00:30::4";
/// In the node's network.
pub(crate) const EXPORTER: usize = 3;

/// Rules of [`image`].
pub(crate) mod rule {
    pub(crate) const INVENTORY_DEFAULT: u32 = 1;
    pub(crate) const INSIDE: u32 = 2;
    pub(crate) const EXCEPT: u32 = 3;
    pub(crate) const FROM_WEB: u32 = 4;
    pub(crate) const WEB_DEFAULT: u32 = 5;
    pub(crate) const TO_ANY: u32 = 6;
    pub(crate) const NOT_BILLING: u32 = 7;
    pub(crate) const PREFILTER_DEFAULT: u32 = 8;
    pub(crate) const PREFILTER_ALLOW: u32 = 9;
}

/// A port of the node with a prefilter, which nobody stands behind.
pub(crate) const PREFILTERED: u16 = 30099;

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

/// In a lab, every frame judged as if it were the first.
pub(crate) fn install(events: Events) -> Install {
    Install {
        events,
        track: false,
        links: Links::OfLab,
        connections: Connections::Forget,
    }
}

/// In a lab, with replies.
pub(crate) fn tracking(events: Events) -> Install {
    Install {
        track: true,
        ..install(events)
    }
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A node with three workloads of both families and one in its own network, and
/// two hosts.
pub(crate) fn plan(mtu: u16) -> TopologyPlan {
    let host = |name: &str, zone, addresses: &[&str]| HostPlan {
        name: name.to_owned(),
        zone,
        addresses: addresses.iter().copied().map(address).collect(),
    };
    let workload = |name: &str, addresses: [&str; 2], port| WorkloadPlan {
        name: name.to_owned(),
        addresses: addresses.map(address).to_vec(),
        host_network: addresses == [NODE_V4, NODE_V6],
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
            workload("inventory", [INVENTORY_V4, INVENTORY_V6], 50051),
            workload("billing", [BILLING_V4, BILLING_V6], 8080),
            workload("web", [WEB_V4, WEB_V6], 80),
            workload("exporter", [NODE_V4, NODE_V6], 9100),
        ],
        forwards: vec![
            forward(tcp(30007), INVENTORY, 50051),
            forward(tcp(30008), BILLING, 8080),
            forward(
                ProtoPort {
                    port: 30053,
                    protocol: Protocol::Udp,
                },
                BILLING,
                53,
            ),
            forward(
                ProtoPort {
                    port: 30132,
                    protocol: Protocol::Sctp,
                },
                BILLING,
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

/// `inventory` is reached at 50051/tcp by 10.0.0.0/8 without 10.66.0.0/16, by
/// 2001:db8:a::/48 and by `web`. `web` reaches 50051/tcp of everybody but
/// `billing`. Nothing else is restricted, but for a prefilter at a port.
pub(crate) fn image() -> MapImage {
    let prefix = |text: &str| text.parse().expect("a prefix");
    let [node, inside, except, inventory, billing, web] =
        [1, 256, 257, 258, 259, 260].map(IdentityId);
    let grpc = L4Prefix::Ports {
        protocol: 6,
        port: 50051,
        bits: 16,
    };
    let entry = |identity, l4| PolicyEntry { identity, l4 };
    let guard = |default: u32, entries: &[(PolicyEntry, Verdict)]| GuardImage {
        default_deny: Some(RuleId(default)),
        allows: true,
        entries: entries.iter().copied().collect(),
    };
    let endpoint = |number: usize, egress, ingress| EndpointImage {
        number: u32::try_from(number).expect("few"),
        egress,
        ingress,
        proposed_egress: None,
        proposed_ingress: None,
    };
    let allow = |rule| Verdict::Allow(RuleId(rule));
    let deny = |rule| Verdict::Deny(RuleId(rule));
    MapImage {
        prefilters: BTreeMap::from([(
            tcp(PREFILTERED),
            PrefilterImage {
                default_rule: RuleId(rule::PREFILTER_DEFAULT),
                sources: BTreeMap::from([(prefix("10.0.0.0/8"), allow(rule::PREFILTER_ALLOW))]),
                ..PrefilterImage::default()
            },
        )]),
        endpoints: [
            (INVENTORY_V4, endpoint(INVENTORY, None, Some(0))),
            (INVENTORY_V6, endpoint(INVENTORY, None, Some(0))),
            (BILLING_V4, endpoint(BILLING, None, None)),
            (BILLING_V6, endpoint(BILLING, None, None)),
            (WEB_V4, endpoint(WEB, Some(1), None)),
            (WEB_V6, endpoint(WEB, Some(1), None)),
        ]
        .map(|(text, endpoint)| (address(text), endpoint))
        .into(),
        guards: vec![
            guard(
                rule::INVENTORY_DEFAULT,
                &[
                    (entry(Some(inside), grpc), allow(rule::INSIDE)),
                    (entry(Some(except), L4Prefix::All), deny(rule::EXCEPT)),
                    (entry(Some(web), grpc), allow(rule::FROM_WEB)),
                ],
            ),
            guard(
                rule::WEB_DEFAULT,
                &[
                    (entry(None, grpc), allow(rule::TO_ANY)),
                    (entry(Some(billing), L4Prefix::All), deny(rule::NOT_BILLING)),
                ],
            ),
        ],
        identities: [
            ("10.0.0.0/8", inside),
            ("10.66.0.0/16", except),
            ("2001:db8:a::/48", inside),
            ("172.30.0.2/32", inventory),
            ("fd00:30::2/128", inventory),
            ("172.30.0.3/32", billing),
            ("fd00:30::3/128", billing),
            ("172.30.0.4/32", web),
            ("fd00:30::4/128", web),
            ("192.0.2.10/32", node),
            ("2001:db8::10/128", node),
        ]
        .map(|(text, identity)| (prefix(text), identity))
        .into(),
        ..MapImage::default()
    }
}

const _: () = assert!(Identity::FIRST_FREE == 256);

/// A packet from one address to another.
pub(crate) fn between(source: &str, destination: &str, transport: Transport) -> FrameSpec {
    IpPacket {
        payload: 16,
        ..IpPacket::plain(address(source), address(destination), transport)
    }
    .into()
}

/// A packet from `source` to the node's address of its family.
pub(crate) fn packet(source: &str, transport: Transport) -> FrameSpec {
    let node = if source.contains(':') {
        NODE_V6
    } else {
        NODE_V4
    };
    between(source, node, transport)
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
    Transport::opening(Protocol::Tcp, 40000, destination)
}

/// A probe of the tests: its number, who sends it, its bytes.
pub(crate) struct Probe {
    pub(crate) id: ProbeId,
    pub(crate) from: Sender,
    pub(crate) frame: Frame,
}

impl Probe {
    /// Bytes for the link by which the sender's frames enter the node.
    pub(crate) fn new(id: u32, from: Sender, spec: &FrameSpec) -> Probe {
        let id = ProbeId(id);
        let destination = match from {
            Sender::Outside => UPLINK_MAC,
            Sender::Workload(number) => workload_gateway_mac(number),
        };
        let frame =
            build(spec, id, destination).unwrap_or_else(|error| panic!("{spec:?}: {error}"));
        Probe { id, from, frame }
    }

    pub(crate) fn shot(&self) -> Shot<'_> {
        Shot {
            id: self.id,
            from: self.from,
            frame: &self.frame,
        }
    }
}

/// Probes numbered from 1.
pub(crate) fn numbered(specs: &[(Sender, FrameSpec)]) -> Vec<Probe> {
    (specs.iter().zip(1..))
        .map(|((from, spec), id)| Probe::new(id, *from, spec))
        .collect()
}

pub(crate) fn shots(probes: &[Probe]) -> Vec<Shot<'_>> {
    probes.iter().map(Probe::shot).collect()
}
