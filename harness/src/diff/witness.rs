//! A packet for each change, tried under both policies.

use netverdict_abi::Verdict;
use netverdict_lab::filter::{Events, Filter};
use netverdict_policy::diff::{Change, Difference, Legs, Side, legs, word};
use netverdict_policy::frame::{Frame, describe};
use netverdict_policy::journey::Leg;
use netverdict_policy::topology::TopologyPlan;

use super::pairing::{Pair, Stage};
use crate::matrix::ask::Lane;
use crate::matrix::judge::install;
use crate::prove::exact::Witness;
use crate::prove::party::ProveError;
use crate::words::hook_name;

/// What became of a packet on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The packet at the first hook that it comes by.
    pub packet: String,
    /// Whether it got through.
    pub passes: bool,
    /// Why, in a word.
    pub reason: &'static str,
    /// Where that was decided.
    pub hook: String,
    /// The frames that were judged, from the Ethernet header on.
    pub frames: Vec<Frame>,
    /// What is wrong with the filter or the compiler, if it did not do what the
    /// policy says.
    pub wrong: Option<String>,
}

/// What became of a packet on both sides; `None` where it has nowhere to go.
pub type Both = [Option<Tried>; 2];

/// Tries a packet of each change.
///
/// # Errors
/// Where the lane fails.
pub fn tried(
    pair: &Pair<'_>,
    difference: &Difference,
    lane: Lane<'_>,
) -> Result<Vec<Both>, ProveError> {
    let mut all: Vec<Both> = vec![[None, None]; difference.changes.len()];
    if difference.changes.is_empty() {
        return Ok(all);
    }
    for side in Side::BOTH {
        let Some(stage) = pair.stages[side as usize] else {
            continue;
        };
        let ways: Vec<Option<Legs>> = (difference.changes.iter())
            .map(|change| legs(stage.policy, &difference.pairs, side, &change.witness))
            .collect();
        let mut filter;
        let mut party = match lane {
            Lane::Model => Witness::model(stage.image),
            Lane::TestRun(object) | Lane::Wire(object, _) => {
                filter = Filter::load(object, stage.image.sizes())?;
                filter.install(stage.image, install(Events::All))?;
                Witness::kernel(&mut filter)?
            }
        };
        for (both, legs) in all.iter_mut().zip(ways) {
            if let Some(legs) = legs {
                both[side as usize] = Some(one(&mut party, &stage, &legs)?);
            }
        }
    }
    Ok(all)
}

fn one(party: &mut Witness<'_>, stage: &Stage<'_>, legs: &[Leg]) -> Result<Tried, ProveError> {
    party.forget()?;
    let expected = word(stage.policy, legs);
    let topology: &TopologyPlan = &stage.subject.topology;
    let mut frames = Vec::with_capacity(legs.len());
    let mut wrong = None;
    let mut passes = true;
    let mut decided = None;
    for (leg, decision) in legs.iter().zip(&expected.decisions) {
        let (said, frame) = party.judge(leg.point, &leg.frame)?;
        frames.push(frame);
        if !said.agrees(decision, stage.image) {
            let did = said
                .why
                .map_or("nothing that it reports", |it| it.reason.slug());
            wrong = Some(format!(
                "{}: it did {did}, by the policy it is {}",
                hook_name(topology, leg.point),
                decision.reason.slug()
            ));
        }
        passes = said.verdict == Verdict::Pass;
        decided = Some((leg, said.why.map_or("unreported", |it| it.reason.slug())));
        if !passes {
            break;
        }
    }
    let (leg, reason) = decided.unwrap_or((&legs[0], "unreported"));
    Ok(Tried {
        packet: describe(&legs[0].frame),
        passes,
        reason,
        hook: hook_name(topology, leg.point),
        frames,
        wrong,
    })
}

/// Whether what was tried shows the change.
pub fn shows(change: &Change, both: &Both) -> bool {
    Side::BOTH.iter().all(|side| {
        let passes = both[*side as usize].as_ref().is_some_and(|it| it.passes);
        passes == (change.effect.passing() == *side)
    })
}
