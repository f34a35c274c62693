//! Oracle, interpreter and kernel on 100,000 pairs of a policy and a packet, drawn at
//! random: the same reason and the same rule at every hook.

use std::collections::BTreeMap;
use std::fmt::Write;

use libtest_mimic::{Failed, Trial};
use netverdict_abi::{Event, Reason, Verdict};
use netverdict_lab::filter::{Connections, Events, Filter, Install, Links};
use netverdict_policy::frame::{Body, ProbeId, build, describe, id_of_tail};
use netverdict_policy::generate::{self, Draw};
use netverdict_policy::image::{ImageSizes, MapImage, RuleId};
use netverdict_policy::journey::{Journey, Leg, Point, route};
use netverdict_policy::model::Policy;
use netverdict_policy::topology::TopologyPlan;
use netverdict_policy::{interpret, lower, oracle};

use crate::program::{privileged, workspace};

/// Policies, and packets for each, half of them in a sequence.
const POLICIES: u64 = 1_000;
const PACKETS: usize = 104;

/// Pairs that have to be judged at least: a packet whose sender a test run cannot
/// tell is none.
const PAIRS: usize = 100_000;

pub(crate) fn trials() -> Vec<Trial> {
    vec![privileged(
        "agreement: three parties on 100,000 drawn pairs",
        agreement,
    )]
}

struct Drawn {
    policy: Policy,
    image: MapImage,
    topology: TopologyPlan,
    draw: Draw,
}

impl Drawn {
    fn new(seed: u64) -> Result<Drawn, Failed> {
        let mut draw = Draw::seeded(seed);
        let policy = generate::policy(&mut draw);
        let image = lower::lower(&policy).map_err(|problems| format!("{problems:?}"))?;
        let topology = generate::topology(&policy);
        Ok(Drawn {
            policy,
            image,
            topology,
            draw,
        })
    }
}

fn agreement() -> Result<(), Failed> {
    let mut sizes = ImageSizes::default();
    for seed in 0..POLICIES {
        sizes = sizes.max(Drawn::new(seed)?.image.sizes());
    }
    let object = std::fs::read(workspace().join("ebpf/prebuilt/netverdict-filter.o"))?;
    let mut filter = Filter::load(&object, sizes)?;
    let mut tally = Tally::default();
    for seed in 0..POLICIES {
        let mut drawn = Drawn::new(seed)?;
        let alone: Vec<Journey> = (0..PACKETS / 2)
            .map(|_| {
                let (sender, frame) = generate::packet(&mut drawn.draw, &drawn.policy);
                route(&drawn.topology, sender, frame)
            })
            .collect();
        let sequence =
            generate::sequence(&mut drawn.draw, &drawn.policy, &drawn.topology, PACKETS / 2);
        for (track, journeys) in [(false, alone), (true, sequence)] {
            let mut parties = Parties::new(&mut filter, &drawn, track)?;
            for journey in &journeys {
                parties.travel(journey, &mut tally).map_err(|difference| {
                    format!("seed {seed}: {difference}\n{:#?}", drawn.policy)
                })?;
            }
        }
    }
    let Tally { pairs, reasons } = tally;
    let all: Vec<Reason> = (Reason::ALL.iter().copied())
        .filter(|reason| !reasons.contains_key(reason))
        .collect();
    // What no packet on its way comes to.
    let never = [
        Reason::PassAll,
        Reason::ForeignDestination,
        Reason::Impossible,
    ];
    if pairs < PAIRS || all != never {
        return Err(format!("{pairs} pairs, never {all:?}: {reasons:?}").into());
    }
    Ok(())
}

/// What was judged.
#[derive(Default)]
struct Tally {
    pairs: usize,
    reasons: BTreeMap<Reason, usize>,
}

/// The parties under one policy, each with a memory of its own.
struct Parties<'a> {
    drawn: &'a Drawn,
    filter: &'a mut Filter,
    oracle: oracle::Memory,
    interpreter: interpret::Memory,
    /// No identification that a description gives, also in its low 16 bits.
    id: u32,
    before: String,
}

impl<'a> Parties<'a> {
    fn new(filter: &'a mut Filter, drawn: &'a Drawn, track: bool) -> Result<Self, Failed> {
        filter.install(
            &drawn.image,
            Install {
                events: Events::All,
                track,
                links: Links::Unchecked,
                connections: Connections::Forget,
            },
        )?;
        Ok(Parties {
            drawn,
            filter,
            oracle: match track {
                true => oracle::Memory::tracking(),
                false => oracle::Memory::untracked(),
            },
            interpreter: match track {
                true => interpret::Memory::tracking(),
                false => interpret::Memory::untracked(),
            },
            id: 0x0700_4000,
            before: String::new(),
        })
    }

    fn travel(&mut self, journey: &Journey, tally: &mut Tally) -> Result<(), String> {
        if is_disguised(&self.drawn.policy, journey.first()) {
            return Ok(());
        }
        self.id += 1;
        tally.pairs += 1;
        for leg in &journey.legs {
            let reason = self.judge(leg)?;
            *tally.reasons.entry(reason).or_default() += 1;
            if reason.verdict() != Verdict::Pass {
                break;
            }
        }
        Ok(())
    }

    fn judge(&mut self, leg: &Leg) -> Result<Reason, String> {
        let Leg { point, frame } = leg;
        let id = ProbeId(self.id);
        let bytes = build(frame, id, [2, 0, 0, 0, 0, 1]).map_err(|error| error.to_string())?;
        let decision = oracle::judge(&self.drawn.policy, *point, frame, &mut self.oracle);
        let image = &self.drawn.image;
        let judgement = interpret::judge(image, *point, &bytes, &mut self.interpreter);
        let (event, action) = self.run(*point, &bytes)?;
        let named = image.rule(RuleId(event.rule));
        let oracle_agrees = event.reason == decision.reason as u8
            && match named {
                Some(rule) => decision.rules.contains(&rule),
                None => event.rule == 0 && decision.rules.is_empty(),
            };
        let interpreter_agrees =
            (event.reason, event.rule) == (judgement.reason as u8, judgement.rule.0);
        let is_told = event.hook == point.hook() as u8
            && id_of_tail(event.tail) == bytes.last_chunk().copied().and_then(id_of_tail);
        // `XDP_PASS` and `XDP_DROP`.
        let is_done = action
            == if decision.verdict() == Verdict::Pass {
                2
            } else {
                1
            };
        let line = format!("at {point:?}: {}", describe(frame));
        if oracle_agrees && interpreter_agrees && is_told && is_done {
            let slug = decision.reason.slug();
            writeln!(self.before, "{line}: {slug}").expect("a string takes any text");
            return Ok(decision.reason);
        }
        let said = Reason::from_code(event.reason);
        Err(format!(
            "{}{line}\n{frame:?}\noracle {decision:?}\nimage {judgement:?}\n\
             kernel {said:?} by {named:?}, action {action}: {event:?}",
            self.before
        ))
    }

    fn run(&mut self, point: Point, bytes: &[u8]) -> Result<(Event, u32), String> {
        let mut events = Vec::with_capacity(1);
        let run = self.filter.test_run(point.hook(), bytes);
        let action = run.map_err(|error| format!("failed to {error}"))?;
        self.filter.drain(|event| events.push(event));
        match events[..] {
            [event] => Ok((event, action)),
            _ => Err(format!("{} events of one frame", events.len())),
        }
    }
}

/// Whether a workload sends under the address of another: a test run has no link that
/// would show it.
fn is_disguised(policy: &Policy, leg: &Leg) -> bool {
    let (Point::Egress(sender), Body::Ip(packet)) = (leg.point, &leg.frame.body) else {
        return false;
    };
    (policy.workloads.iter().enumerate()).any(|(index, workload)| {
        index != sender && !workload.host_network && workload.addresses.contains(&packet.source)
    })
}
