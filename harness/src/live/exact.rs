//! What may be seen of a frame while one policy takes another's place: at each
//! hook what the one says or what the other says, and nothing else.

use std::ops::RangeInclusive;

use netverdict_abi::Verdict;
use netverdict_lab::wire::Judged;
use netverdict_policy::image::{MapImage, RuleId};
use netverdict_policy::interpret::Judgement;
use netverdict_policy::journey::{Journey, Leg};
use netverdict_policy::model::Policy;
use netverdict_policy::oracle::{Decision, Memory, judge};

use crate::outcome::says_the_same;

/// What the oracle says of one frame under two policies that take turns.
///
/// Nothing is remembered but what a prefilter lets bypass the policy, and that
/// until the policy changes: between two hooks that judge by different policies
/// nothing is remembered at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    first: [Decision; 2],
    behind: Option<Behind>,
}

/// At the second hook.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Behind {
    /// If the first hook judged by the same policy; `None` if it let nothing
    /// through.
    same: [Option<Decision>; 2],
    /// If the first hook judged by another policy.
    other: [Decision; 2],
}

impl Expected {
    /// Asks the oracle.
    ///
    /// # Panics
    /// For a journey past more than two hooks: there is none.
    pub fn of(policies: [&Policy; 2], journey: &Journey) -> Expected {
        let at = |policy: &Policy, leg: &Leg, memory: &mut Memory| {
            judge(policy, leg.point, &leg.frame, memory)
        };
        let (first, behind) = match journey.legs.as_slice() {
            [first] => (first, None),
            [first, second] => (first, Some(second)),
            legs => panic!("a journey past {} hooks", legs.len()),
        };
        let mut memories = [Memory::untracked(), Memory::untracked()];
        let [before, after] = &mut memories;
        let at_first = [
            at(policies[0], first, before),
            at(policies[1], first, after),
        ];
        let behind = behind.map(|second| {
            let mut same = |turn: usize| {
                let goes_on = at_first[turn].verdict() == Verdict::Pass;
                goes_on.then(|| at(policies[turn], second, &mut memories[turn]))
            };
            Behind {
                same: [same(0), same(1)],
                other: policies.map(|policy| at(policy, second, &mut Memory::untracked())),
            }
        });
        Expected {
            first: at_first,
            behind,
        }
    }

    /// What each hook says under the policy of this turn, up to the one that
    /// decides.
    pub fn under(&self, turn: usize) -> impl Iterator<Item = &Decision> {
        let behind = self.behind.as_ref();
        let second = behind.and_then(|behind| behind.same[turn % 2].as_ref());
        [&self.first[turn % 2]].into_iter().chain(second)
    }

    /// Whether the frame passes under one policy and not under the other.
    pub fn flips(&self) -> bool {
        let last = |turn| self.under(turn).last().map(Decision::verdict);
        last(0) != last(1)
    }
}

/// The policies of a stream: they take turns, beginning with the first.
#[derive(Clone, Copy, Debug)]
pub struct Turns<'a> {
    /// What they are compiled to.
    pub images: [&'a MapImage; 2],
    /// The filter's generation under the policy of turn 0; it changes with every
    /// turn.
    pub first_generation: u8,
}

impl Turns<'_> {
    /// Whether what hooks said of a frame is what it may be: each hook, by one
    /// policy out of those in force while the frame was on its way, and none by an
    /// earlier one than the hook before it.
    pub fn allow(
        &self,
        expected: &Expected,
        turns: RangeInclusive<usize>,
        said: &[Judged],
    ) -> bool {
        let (first, second) = match said {
            [first] => (first, None),
            [first, second] => (first, Some(second)),
            _ => return false,
        };
        let last = *turns.end();
        turns.into_iter().any(|turn| {
            let decision = &expected.first[turn % 2];
            if !self.is_so(turn, decision, first) {
                return false;
            }
            let behind = (expected.behind.as_ref()).filter(|_| decision.verdict() == Verdict::Pass);
            match (behind, second) {
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
                (Some(behind), Some(second)) => (turn..=last).any(|later| {
                    let decision = match later == turn {
                        true => behind.same[turn % 2].as_ref(),
                        false => Some(&behind.other[later % 2]),
                    };
                    decision.is_some_and(|decision| self.is_so(later, decision, second))
                }),
            }
        })
    }

    /// Which of the two policies the filter took itself to be under: 0 or 1.
    pub fn turn_of(&self, said: &Judged) -> usize {
        usize::from(self.first_generation != said.generation)
    }

    fn is_so(&self, turn: usize, decision: &Decision, said: &Judged) -> bool {
        let word = Judgement {
            reason: said.reason,
            rule: RuleId(said.rule),
            proposed: said.proposed,
        };
        decision.point.hook() == said.hook
            && self.turn_of(said) == turn % 2
            && says_the_same(decision, word, self.images[turn % 2])
    }
}

#[cfg(test)]
mod tests;
