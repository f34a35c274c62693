//! What the filter costs a packet, beside an empty program.

use std::net::{IpAddr, Ipv4Addr};

use netverdict::lanes::{Frames, Work};
use netverdict::shuffle::order;
use netverdict_abi::{Hook, Identity};
use netverdict_lab::filter::{Connections, Events, Filter, Install, Links};
use netverdict_lab::{LabError, UPLINK_MAC};
use netverdict_policy::frame::{
    Body, FrameSpec, IpPacket, Lengths, ProbeId, TcpFlags, Transport, build,
};
use netverdict_policy::image::{
    EndpointImage, GuardImage, IdentityId, L4Prefix, MapImage, PolicyEntry, PrefilterImage, RuleId,
    Verdict,
};
use netverdict_policy::journey::{Journey, Leg, Point, Target};
use netverdict_policy::model::RuleRef;
use netverdict_policy::port::{ProtoPort, Protocol};
use netverdict_policy::prefix::Prefix;
use netverdict_policy::scenario::{Case, Undeliverable};
use netverdict_policy::topology::TopologyPlan;

use super::bare::Program;

const PORT: ProtoPort = ProtoPort {
    port: 30007,
    protocol: Protocol::Tcp,
};
const NODE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

/// Frames whose cost is averaged, and runs of each.
const FRAMES: usize = 512;
const REPEAT: u32 = 4_000;

/// A prefilter that denies `prefixes` /24 prefixes from 11.0.0.0 on, every second
/// one, and has no word on those between: its default is to drop.
pub(crate) fn prefilter(prefixes: usize) -> MapImage {
    let sources = (0..prefixes)
        .map(|index| {
            let prefix = Prefix::containing(block(2 * index), 24);
            (prefix, Verdict::Deny(RuleId(1)))
        })
        .collect();
    let stage = PrefilterImage {
        default_rule: RuleId(1),
        sources,
        ..PrefilterImage::default()
    };
    MapImage {
        prefilters: [(PORT, stage)].into(),
        rules: vec![RULE],
        ..MapImage::default()
    }
}

/// A workload that takes the port from the sources of [`prefilter`], each an
/// identity of its own.
fn policy(entries: usize) -> MapImage {
    let identity = |index: usize| {
        IdentityId(Identity::FIRST_FREE + u32::try_from(index).expect("few entries"))
    };
    let l4 = L4Prefix::Ports {
        protocol: PORT.protocol.number(),
        port: PORT.port,
        bits: 16,
    };
    let guard = GuardImage {
        default_deny: Some(RuleId(1)),
        allows: true,
        entries: (0..entries)
            .map(|index| {
                let identity = Some(identity(index));
                (PolicyEntry { identity, l4 }, Verdict::Allow(RuleId(1)))
            })
            .collect(),
    };
    let endpoint = EndpointImage {
        number: 0,
        egress: None,
        ingress: Some(0),
    };
    MapImage {
        endpoints: [(NODE.into(), endpoint)].into(),
        guards: vec![guard],
        identities: (0..entries)
            .map(|index| (Prefix::containing(block(2 * index), 24), identity(index)))
            .collect(),
        rules: vec![RULE],
        ..MapImage::default()
    }
}

const RULE: RuleRef = RuleRef::Policy {
    policy: 0,
    rule: 0,
    peer: 0,
};

/// Nothing is reported, nor remembered.
pub(crate) const SILENT: Install = Install {
    events: Events::None,
    track: false,
    links: Links::Unchecked,
    connections: Connections::Forget,
};

fn block(index: usize) -> IpAddr {
    let base = Ipv4Addr::new(11, 0, 0, 0).to_bits();
    let offset = u32::try_from(index * 256).expect("within IPv4");
    Ipv4Addr::from_bits(base + offset).into()
}

/// SYNs from sources spread over the blocks of [`prefilter`], in random order.
pub(crate) fn frames_over(count: usize, prefixes: usize) -> (Vec<Case>, Vec<Frames>) {
    let spread = order(1, prefixes);
    let cases: Vec<Case> = (0..count)
        .map(|index| {
            let source = block(2 * spread[index % prefixes]);
            let frame = FrameSpec {
                tags: Vec::new(),
                body: Body::Ip(IpPacket {
                    source,
                    destination: NODE.into(),
                    options: Vec::new(),
                    extension_headers: Vec::new(),
                    fragment: None,
                    hop_limit: None,
                    lengths: Lengths::default(),
                    transport: Transport::Tcp {
                        source: 40_000,
                        destination: PORT.port,
                        flags: TcpFlags::SYN,
                    },
                    payload: 8,
                }),
                truncate: None,
            };
            Case {
                label: String::new(),
                journey: Journey {
                    legs: vec![Leg {
                        point: Point::Uplink,
                        frame,
                    }],
                    target: Target::Undeliverable(Undeliverable::ForeignDestination),
                },
            }
        })
        .collect();
    let frames = (cases.iter().zip(1..))
        .map(|(case, id)| {
            let id = ProbeId(id);
            let frame = build(case.journey.frame(), id, UPLINK_MAC).expect("a plain frame");
            Frames {
                id,
                legs: vec![frame],
            }
        })
        .collect();
    (cases, frames)
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

/// The frames, in their order.
pub(crate) fn work<'a>(
    topology: &'a TopologyPlan,
    image: &'a MapImage,
    cases: &'a [Case],
    frames: &[Frames],
) -> Work<'a> {
    Work {
        topology,
        image,
        alone: (0..cases.len()).collect(),
        sequences: Vec::new(),
        cases: cases.iter().collect(),
        frames: frames.to_vec(),
    }
}

/// Nanoseconds a packet: the prefilter at the uplink, up to 100,000 prefixes, and
/// the policy before a workload, up to 10,000 entries.
pub(crate) fn print(object: &[u8]) -> Result<(), LabError> {
    let empty = Program::empty().map_err(system("load an empty program"))?;
    let (_, frames) = frames_over(FRAMES, 1);
    let base = average(&empty, &frames)?;
    println!("empty program: {base:.0} ns a packet");
    let prefilters = [1, 1_000, 10_000, 100_000].map(|size| (Hook::Uplink, size, prefilter(size)));
    let policies = [10, 1_000, 10_000].map(|size| (Hook::Ingress, size, policy(size)));
    for (hook, size, image) in prefilters.into_iter().chain(policies) {
        let mut filter = Filter::load(object, image.sizes())?;
        filter.install(&image, SILENT)?;
        let program = Program::by_id(filter.program_id(hook)).map_err(system("get the program"))?;
        let (_, frames) = frames_over(FRAMES, size);
        let cost = average(&program, &frames)?;
        let what = match hook {
            Hook::Uplink => "prefilter, prefixes",
            Hook::Egress | Hook::Ingress => "policy, entries",
        };
        println!(
            "{what} {size}: {cost:.0} ns a packet, {:.1} times the empty program",
            cost / base
        );
        if size <= 10 {
            let count = filter.verified_instructions(hook).unwrap_or(0);
            println!("{}: {count} instructions verified", hook.program());
        }
    }
    Ok(())
}

fn average(program: &Program, frames: &[Frames]) -> Result<f64, LabError> {
    let mut sum = 0.0;
    for frame in frames {
        sum += f64::from(
            program
                .test_run(&frame.legs[0], REPEAT)
                .map_err(system("run the program"))?,
        );
    }
    Ok(sum / frames.len() as f64)
}

pub(crate) fn system(doing: &'static str) -> impl Fn(std::io::Error) -> LabError {
    move |source| LabError::System {
        doing: doing.to_owned(),
        source,
    }
}
