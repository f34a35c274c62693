//! Images of a size, and frames that are spread all over them.

use std::net::Ipv4Addr;
use std::sync::Arc;

use netverdict::shuffle::order;
use netverdict_lab::filter::{Connections, Events, Install, Links};
use netverdict_policy::diagnostic::{Location, SourceFile};
use netverdict_policy::frame::{IpPacket, TcpFlags, Transport};
use netverdict_policy::image::{
    EndpointImage, GuardImage, IdentityId, L4Prefix, MapImage, PolicyEntry, PrefilterImage, RuleId,
    Verdict,
};
use netverdict_policy::journey::{Journey, Leg, Point, Target};
use netverdict_policy::model::RuleRef;
use netverdict_policy::port::{ProtoPort, Protocol};
use netverdict_policy::prefix::Prefix;
use netverdict_policy::scenario::{Case, Expect, OfPolicy, Probe, Undeliverable};
use netverdict_policy::topology::TopologyPlan;

const NODE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
const NODE_PORT: ProtoPort = ProtoPort {
    port: 30007,
    protocol: Protocol::Tcp,
};
/// The one workload of [`policy`].
const WORKLOAD: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 2);
/// Ports that [`policy`] allows each peer, from this one on.
const FIRST_PORT: u16 = 8000;
const PORTS: usize = 10;
const CLIENT_PORT: u16 = 40_000;

/// For frames each of which is judged by itself, without a word about it.
pub(crate) const SILENT: Install = Install {
    events: Events::None,
    track: false,
    links: Links::Unchecked,
    connections: Connections::Forget,
};

/// A prefilter that denies `prefixes` /24 prefixes from 11.0.0.0 on, every second
/// one, and drops by default what comes from between.
pub(crate) fn prefilter(prefixes: usize) -> MapImage {
    let stage = PrefilterImage {
        default_rule: RuleId(1),
        sources: (0..prefixes)
            .map(|index| {
                let prefix = Prefix::containing(block(index).into(), 24);
                (prefix, Verdict::Deny(RuleId(1)))
            })
            .collect(),
        ..PrefilterImage::default()
    };
    MapImage {
        prefilters: [(NODE_PORT, stage)].into(),
        rules: one_rule(),
        ..MapImage::default()
    }
}

/// A workload that may be called by, and may call, one peer for each ten `entries`,
/// at ten ports; nobody else.
pub(crate) fn policy(entries: usize) -> MapImage {
    let entry = |index: usize| {
        let port = FIRST_PORT + u16::try_from(index % PORTS).expect("a small number");
        let l4 = L4Prefix::Ports {
            protocol: Protocol::Tcp.number(),
            port,
            bits: 16,
        };
        let identity = Some(identity(index / PORTS));
        (PolicyEntry { identity, l4 }, Verdict::Allow(RuleId(1)))
    };
    let guard = GuardImage {
        default_deny: Some(RuleId(1)),
        allows: true,
        entries: (0..entries).map(entry).collect(),
    };
    let endpoint = EndpointImage {
        number: 0,
        egress: Some(0),
        ingress: Some(0),
        proposed_egress: None,
        proposed_ingress: None,
    };
    let of_peer = |index| (Prefix::containing(peer(index).into(), 32), identity(index));
    MapImage {
        endpoints: [(WORKLOAD.into(), endpoint)].into(),
        guards: vec![guard],
        identities: (0..peers(entries)).map(of_peer).collect(),
        rules: one_rule(),
        ..MapImage::default()
    }
}

/// Frames to the port of [`prefilter`], from sources all over its prefixes.
pub(crate) fn from_outside(count: usize, prefixes: usize) -> Probe {
    let spread = order(1, prefixes);
    let frame = |index: usize| {
        let source = Ends {
            address: block(spread[index % prefixes]),
            port: CLIENT_PORT,
        };
        let node = Ends {
            address: NODE,
            port: NODE_PORT.port,
        };
        case(Point::Uplink, source, node, TcpFlags::SYN)
    };
    probe((0..count).map(frame).collect())
}

/// Who begins, and who is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    /// The workload of [`policy`] calls; its egress.
    Egress,
    /// It is called; its ingress.
    Ingress,
    /// It is answered by whom it called; its ingress.
    Reply,
}

/// Frames between the workload of [`policy`] and its peers, at the ports that they
/// may use.
pub(crate) fn of_workload(call: Call, count: usize, entries: usize) -> Probe {
    let spread = order(1, entries);
    let frame = |index: usize| {
        let entry = spread[index % entries];
        let caller = |address| Ends {
            address,
            port: CLIENT_PORT + u16::try_from(index % 4096).expect("below 4096"),
        };
        let called = |address| Ends {
            address,
            port: FIRST_PORT + u16::try_from(entry % PORTS).expect("a small number"),
        };
        let peer = peer(entry / PORTS);
        match call {
            Call::Egress => case(
                Point::Egress(0),
                caller(WORKLOAD),
                called(peer),
                TcpFlags::SYN,
            ),
            Call::Ingress => case(
                Point::Ingress(0),
                caller(peer),
                called(WORKLOAD),
                TcpFlags::SYN,
            ),
            Call::Reply => case(
                Point::Ingress(0),
                called(peer),
                caller(WORKLOAD),
                TcpFlags(0x12),
            ),
        }
    };
    probe((0..count).map(frame).collect())
}

/// A node with nobody behind it.
pub(crate) fn topology() -> TopologyPlan {
    TopologyPlan {
        node: vec![NODE.into()],
        hosts: Vec::new(),
        workloads: Vec::new(),
        forwards: Vec::new(),
        mtu: 1500,
    }
}

/// They were written down nowhere, and nobody expects anything of them.
fn probe(cases: Vec<Case>) -> Probe {
    let file = SourceFile {
        path: String::new(),
        text: String::new(),
    };
    let location = Location::new(&Arc::new(file), 0, 0);
    Probe {
        name: String::new(),
        expect: Expect::Drop,
        reason: None,
        of_policy: OfPolicy::InForce,
        proposed: None,
        cases,
        sequence: None,
        expect_location: location.clone(),
        location,
    }
}

#[derive(Clone, Copy)]
struct Ends {
    address: Ipv4Addr,
    port: u16,
}

fn case(point: Point, from: Ends, to: Ends, flags: TcpFlags) -> Case {
    let transport = Transport::Tcp {
        source: from.port,
        destination: to.port,
        flags,
    };
    let packet = IpPacket {
        payload: 16,
        ..IpPacket::plain(from.address.into(), to.address.into(), transport)
    };
    let frame = packet.into();
    Case {
        label: String::new(),
        journey: Journey {
            legs: vec![Leg { point, frame }],
            target: Target::Undeliverable(Undeliverable::ForeignDestination),
        },
    }
}

fn one_rule() -> Vec<RuleRef> {
    vec![RuleRef::PrefilterDefault { prefilter: 0 }]
}

/// Every second /24.
fn block(index: usize) -> Ipv4Addr {
    after(Ipv4Addr::new(11, 0, 0, 0), 512 * index)
}

fn peer(index: usize) -> Ipv4Addr {
    after(Ipv4Addr::new(10, 245, 0, 0), index)
}

fn after(first: Ipv4Addr, offset: usize) -> Ipv4Addr {
    let offset = u32::try_from(offset).expect("within IPv4");
    Ipv4Addr::from_bits(first.to_bits() + offset)
}

fn peers(entries: usize) -> usize {
    entries.div_ceil(PORTS)
}

fn identity(peer: usize) -> IdentityId {
    let offset = u32::try_from(peer).expect("few peers");
    IdentityId(netverdict_abi::Identity::FIRST_FREE + offset)
}
