//! What became of each frame of a stream, and which policies may have judged it.

use std::ops::RangeInclusive;
use std::time::Instant;

use netverdict_abi::{Event, Hook, Reason};
use netverdict_policy::interpret::Proposal;

use super::{Shot, proposal_of};
use crate::filter::Installed;

/// A frame that is sent over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated<'a> {
    /// The frame. No two of a stream have one id.
    pub shot: Shot<'a>,
    /// How many hooks it comes by if all of them pass it, 1 or 2.
    pub hooks: usize,
}

/// One sending of a frame. The times are of `CLOCK_MONOTONIC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Number of the sending within its stream, from 0.
    pub number: u64,
    /// Index of the frame among those of the stream.
    pub shot: usize,
    /// Just before the call that sent it, and a few others.
    pub before: Instant,
    /// Just after that call.
    pub after: Instant,
    /// When everything that hooks reported of it had been read: all of them have
    /// judged it by then.
    pub seen: Instant,
    /// What they reported, in order.
    judged: [Option<Judged>; 2],
}

/// A hook's report on a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Which hook.
    pub hook: Hook,
    /// Under which generation: 0 or 1.
    pub generation: u8,
    /// Why it decided as it did.
    pub reason: Reason,
    /// The rule that decided, or 0.
    pub rule: u32,
    /// What the proposed policy says, where it was asked.
    pub proposed: Option<Proposal>,
}

impl Judged {
    /// `None` for codes that the layout does not have.
    pub(super) fn of(event: &Event) -> Option<Judged> {
        Some(Judged {
            hook: Hook::from_code(event.hook)?,
            generation: event.generation,
            reason: Reason::from_code(event.reason)?,
            rule: event.rule,
            proposed: proposal_of(event).ok()?,
        })
    }
}

impl Passage {
    pub(super) fn new(
        (number, shot): (u64, usize),
        [before, after, seen]: [Instant; 3],
        judged: [Option<Judged>; 2],
    ) -> Passage {
        Passage {
            number,
            shot,
            before,
            after,
            seen,
            judged,
        }
    }

    /// What the hooks reported, in order: one report or two.
    pub fn judged(&self) -> impl Iterator<Item = &Judged> {
        self.judged.iter().flatten()
    }
}

/// The policies of a stream: one was in force when it began, others came into
/// force later, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reign {
    swaps: Vec<Installed>,
}

impl Reign {
    /// The next policy came into force.
    pub fn succeed(&mut self, installed: Installed) {
        self.swaps.push(installed);
    }

    /// Which of the policies may have judged a frame, at any of its hooks: 0 is the
    /// one from before the first swap. Usually it is one; two if the frame was on
    /// its way during a swap.
    ///
    /// A frame of which everything was seen before the next policy began to come
    /// into force cannot have been judged by that, and one that was sent after it
    /// had come into force cannot have been judged by the one before.
    pub fn over(&self, passage: &Passage) -> RangeInclusive<usize> {
        let count = |came_first: &dyn Fn(&Installed) -> bool| {
            self.swaps
                .partition_point(|installed| came_first(installed))
        };
        let oldest = count(&|installed| installed.ended <= passage.before);
        let newest = count(&|installed| installed.started < passage.seen);
        oldest..=newest
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_a_frame_on_its_way_during_a_swap_may_see_either_policy() {
        let origin = Instant::now();
        let at = |micros| origin + Duration::from_micros(micros);
        let mut reign = Reign::default();
        for (generation, started, ended) in [(1, 100, 110), (0, 200, 210)] {
            reign.succeed(Installed {
                generation,
                started: at(started),
                ended: at(ended),
            });
        }
        for (before, seen, expected) in [
            (0, 100, 0..=0),
            (0, 101, 0..=1),
            (109, 150, 0..=1),
            (110, 150, 1..=1),
            (110, 200, 1..=1),
            (110, 201, 1..=2),
            (50, 205, 0..=2),
            (209, 220, 1..=2),
            (210, 220, 2..=2),
        ] {
            let passage = Passage::new((0, 0), [at(before), at(before), at(seen)], [None; 2]);
            assert_eq!(reign.over(&passage), expected, "{before} to {seen}");
        }
    }
}
