//! What the filter costs a packet, beside an empty program.

use std::net::{IpAddr, Ipv4Addr};

use netverdict::lanes::Work;
use netverdict::shuffle::order;
use netverdict_lab::filter::{Events, Filter};
use netverdict_lab::{LabError, UPLINK_MAC};
use netverdict_policy::frame::{
    Body, FrameSpec, IpPacket, Lengths, ProbeId, TcpFlags, Transport, build,
};
use netverdict_policy::image::{MapImage, PolicyImage, RuleId, ServiceImage, SourceVerdict};
use netverdict_policy::model::RuleRef;
use netverdict_policy::port::{ProtoPort, Protocol};
use netverdict_policy::prefix::Prefix;
use netverdict_policy::scenario::{Case, Target, Undeliverable};
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

/// Denies `prefixes` /24 prefixes from 11.0.0.0 on, every second one, and has no
/// word on those between: default deny.
pub(crate) fn policy(prefixes: usize) -> MapImage {
    let sources = (0..prefixes)
        .map(|index| {
            (
                Prefix::containing(block(2 * index), 24),
                SourceVerdict::Deny(RuleId(1)),
            )
        })
        .collect();
    let policy = PolicyImage {
        default_rule: RuleId(1),
        sources,
    };
    let service = ServiceImage {
        prefilter: None,
        policy: Some(policy),
    };
    MapImage {
        services: [(PORT, service)].into(),
        rules: vec![RuleRef::Policy {
            policy: 0,
            rule: 0,
            entry: 0,
        }],
        pass_all: false,
    }
}

fn block(index: usize) -> IpAddr {
    let base = Ipv4Addr::new(11, 0, 0, 0).to_bits();
    let offset = u32::try_from(index * 256).expect("within IPv4");
    Ipv4Addr::from_bits(base + offset).into()
}

/// SYNs from sources spread over the blocks of [`policy`], in random order.
pub(crate) fn frames_over(count: usize, prefixes: usize) -> (Vec<Case>, Vec<(ProbeId, Vec<u8>)>) {
    let spread = order(1, prefixes);
    let cases: Vec<Case> = (0..count)
        .map(|index| {
            let source = block(2 * spread[index % prefixes]);
            Case {
                label: String::new(),
                frame: FrameSpec {
                    tags: Vec::new(),
                    body: Body::Ip(IpPacket {
                        source,
                        destination: NODE.into(),
                        options: Vec::new(),
                        extension_headers: Vec::new(),
                        fragment: None,
                        lengths: Lengths::default(),
                        transport: Transport::Tcp {
                            source: 40_000,
                            destination: PORT.port,
                            flags: TcpFlags::SYN,
                        },
                        payload: 8,
                    }),
                    truncate: None,
                },
                target: Target::Undeliverable(Undeliverable::ForeignDestination),
            }
        })
        .collect();
    let frames = (cases.iter().zip(1..))
        .map(|(case, id)| {
            let id = ProbeId(id);
            (
                id,
                build(&case.frame, id, UPLINK_MAC).expect("a plain frame"),
            )
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
    frames: &[(ProbeId, Vec<u8>)],
) -> Work<'a> {
    Work {
        topology,
        image,
        order: (0..cases.len()).collect(),
        cases: cases.iter().collect(),
        frames: frames.to_vec(),
    }
}

/// Nanoseconds a packet at 1, 1,000 and 10,000 prefixes.
pub(crate) fn print(object: &[u8]) -> Result<(), LabError> {
    let empty = Program::empty().map_err(system("load an empty program"))?;
    let (_, frames) = frames_over(FRAMES, 1);
    let base = average(&empty, &frames)?;
    println!("empty program: {base:.0} ns a packet");
    for prefixes in [1, 1_000, 10_000] {
        let image = policy(prefixes);
        let mut filter = Filter::load(object, image.sizes())?;
        filter.install(&image, Events::None)?;
        let program = Program::by_id(filter.program_id()).map_err(system("get the program"))?;
        let (_, frames) = frames_over(FRAMES, prefixes);
        let cost = average(&program, &frames)?;
        println!(
            "filter, {prefixes} prefixes: {cost:.0} ns a packet, {:.1} times the empty program",
            cost / base
        );
        if prefixes == 1 {
            let count = filter.verified_instructions();
            println!("filter: {} instructions verified", count.unwrap_or(0));
        }
    }
    Ok(())
}

fn average(program: &Program, frames: &[(ProbeId, Vec<u8>)]) -> Result<f64, LabError> {
    let mut sum = 0.0;
    for (_, frame) in frames {
        sum += f64::from(
            program
                .test_run(frame, REPEAT)
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
