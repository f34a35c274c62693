//! Oracle, interpreter and kernel on 100,000 pairs of a policy and a packet, drawn at
//! random: the same reason and the same rule at every hook.

use std::collections::BTreeMap;

use libtest_mimic::{Failed, Trial};
use netverdict::fuzz::parties::{Parties, PartiesError, World};
use netverdict_abi::Reason;
use netverdict_lab::filter::Filter;
use netverdict_policy::frame::describe;
use netverdict_policy::generate::{self, Draw};
use netverdict_policy::image::{ImageSizes, MapImage};
use netverdict_policy::journey::{Journey, route};
use netverdict_policy::lower;
use netverdict_policy::model::Policy;
use netverdict_policy::topology::TopologyPlan;

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
        let world = World {
            policy: &drawn.policy,
            image: &drawn.image,
            interpreted: &drawn.image,
        };
        for (track, journeys) in [(false, alone), (true, sequence)] {
            let mut parties = Parties::under(world, Some(&mut filter), track)?;
            for (index, journey) in journeys.iter().enumerate() {
                let reasons = parties.travel(journey).map_err(|error| {
                    let words = told(&error, &drawn.image);
                    let before = journeys[..index].iter().map(|j| describe(j.frame()));
                    let before = before.collect::<Vec<_>>().join("\n");
                    format!("seed {seed}: {before}\n{words}\n{:#?}", drawn.policy)
                })?;
                tally.add(&reasons);
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

fn told(error: &PartiesError, image: &MapImage) -> String {
    match error {
        PartiesError::Differ(difference) => difference.words(image).join("\n"),
        PartiesError::Kernel(_) | PartiesError::Frame(_) => format!("failed to {error}"),
    }
}

/// What was judged.
#[derive(Default)]
struct Tally {
    pairs: usize,
    reasons: BTreeMap<Reason, usize>,
}

impl Tally {
    fn add(&mut self, reasons: &[Reason]) {
        self.pairs += usize::from(!reasons.is_empty());
        for reason in reasons {
            *self.reasons.entry(*reason).or_default() += 1;
        }
    }
}
