//! Two policies that take turns on the wire while frames flow past every hook.

use std::time::Duration;

use netverdict_lab::filter::{Events, Filter, Install, Links};
use netverdict_lab::wire::{Judged, Passage, Reign, Repeated, Shot, StreamEnd};
use netverdict_lab::{Lab, LabError, XdpMode};
use netverdict_policy::image::MapImage;
use netverdict_policy::scenario::Connections;

use super::staged::kept;
use super::wire::attached;
use crate::live::Traffic;
use crate::live::exact::{Expected, Turns};

/// Frames that are known about between two changes, at least: more than are under
/// way at a time (128).
const BETWEEN: u64 = 200;

/// The same before the first change and after the last.
const AROUND: u64 = 2_000;

/// Wrong frames that are kept to be shown.
const SHOWN: usize = 3;

/// How the policy changes.
#[derive(Clone, Copy, Debug)]
pub struct Swaps<'a> {
    /// Before, and after.
    pub images: [&'a MapImage; 2],
    /// What becomes of connections.
    pub connections: Connections,
    /// How often one takes the other's place, at least once.
    pub count: u32,
    /// Whether the run is to end early.
    pub stop: fn() -> bool,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Swapped {
    /// How often one policy took the other's place.
    pub swaps: u32,
    /// Frames judged.
    pub frames: u64,
    /// Of these, frames that were on their way during a change.
    pub between: u64,
    /// Of these, frames whose hooks judged by different policies.
    pub mixed: u64,
    /// Frames that were judged as neither policy says.
    pub wrong: u64,
    /// The first of them.
    pub shown: Vec<Wrong>,
    /// How long each change took, in order.
    pub windows: Vec<Duration>,
    /// What keeps all this from being evidence.
    pub unsound: Option<String>,
}

/// A frame that was judged as neither policy says.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// Index into [`Traffic::frames`].
    pub frame: usize,
    /// Turns of the policies that it may have seen.
    pub turns: (usize, usize),
    /// What the hooks said, each with the turn (0 or 1) that its generation goes
    /// with.
    pub said: Vec<(usize, Judged)>,
}

/// Lets two policies take turns while the frames flow, each held against what the
/// oracle says (`expected`, by number of the case).
///
/// # Errors
/// Where the kernel refuses.
pub fn run(
    lab: &mut Lab,
    filter: &mut Filter,
    mode: XdpMode,
    swaps: &Swaps<'_>,
    traffic: &Traffic<'_>,
    expected: &[Expected],
) -> Result<Swapped, LabError> {
    let how = Install {
        events: Events::All,
        track: false,
        links: Links::OfLab,
        connections: kept(swaps.connections),
    };
    let first = filter.install(swaps.images[0], how)?;
    let turns = Turns {
        images: swaps.images,
        first_generation: first.generation,
    };
    let frames: Vec<Repeated<'_>> = (traffic.frames.iter())
        .map(|frame| Repeated {
            shot: Shot {
                id: frame.id,
                from: frame.from,
                frame: &frame.bytes,
            },
            hooks: frame.case.journey.legs.len(),
        })
        .collect();
    let before = attached("before", &lab.attachments()?, filter, mode);
    let events = filter.events();
    let mut reign = Reign::default();
    let mut swapped = Swapped::default();
    let take = |swapped: &mut Swapped, reign: &Reign, passages: &[Passage]| {
        for passage in passages {
            let expected = &expected[traffic.frames[passage.shot].number];
            swapped.add(&turns, expected, reign, passage);
        }
    };
    let (beside, end) = lab.stream(&events, &frames, |stream| -> Result<(), LabError> {
        stream.wait_for(AROUND)?;
        for swap in 1..=swaps.count {
            if (swaps.stop)() {
                break;
            }
            stream.wait_for(BETWEEN)?;
            filter.settle()?;
            // Where many wait to be looked at, none are sent.
            take(&mut swapped, &reign, &stream.take());
            let image = swaps.images[usize::from(swap % 2 == 1)];
            let installed = filter.install(image, how)?;
            swapped.swaps += 1;
            (swapped.windows).push(installed.ended - installed.started);
            reign.succeed(installed);
            stream.wait_for(BETWEEN)?;
            take(&mut swapped, &reign, &stream.take());
        }
        stream.wait_for(AROUND)
    })?;
    take(&mut swapped, &reign, &end.rest);
    let after = attached("after", &lab.attachments()?, filter, mode);
    swapped.unsound = (before.and(after))
        .and(whole(&end, swapped.frames))
        .and(beside.map_err(|error| format!("failed to {error}")))
        .err();
    Ok(swapped)
}

/// Every frame must have left its whole trace.
fn whole(end: &StreamEnd, judged: u64) -> Result<(), String> {
    let StreamEnd {
        sent,
        rest: _,
        missing,
        stray,
        lost_events,
    } = end;
    if *lost_events > 0 {
        return Err(format!("{lost_events} events of the filter were lost"));
    }
    if let Some(id) = missing.first() {
        let (count, id) = (missing.len(), id.0);
        return Err(format!(
            "{count} frames left no trace, or none of one of their hooks; the first is probe {id}"
        ));
    }
    if let Some(event) = stray.first() {
        return Err(format!(
            "the filter reported frames that were not under way, the first as {event:?}"
        ));
    }
    match judged == *sent {
        true => Ok(()),
        false => Err(format!("{sent} frames were sent and {judged} judged")),
    }
}

impl Swapped {
    /// How long a change took: the median, and the longest.
    pub fn windows(&self) -> (Duration, Duration) {
        let mut sorted = self.windows.clone();
        sorted.sort_unstable();
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        (at(sorted.len() / 2), at(sorted.len().saturating_sub(1)))
    }

    fn add(&mut self, turns: &Turns<'_>, expected: &Expected, reign: &Reign, passage: &Passage) {
        let over = reign.over(passage);
        let said: Vec<Judged> = passage.judged().copied().collect();
        self.frames += 1;
        self.between += u64::from(over.start() != over.end());
        let mixed = |two: &[Judged]| two[0].generation != two[1].generation;
        self.mixed += u64::from(said.windows(2).any(mixed));
        if turns.allow(expected, over.clone(), &said) {
            return;
        }
        self.wrong += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(Wrong {
                frame: passage.shot,
                turns: (*over.start(), *over.end()),
                said: (said.into_iter())
                    .map(|judged| (turns.turn_of(&judged), judged))
                    .collect(),
            });
        }
    }
}
