//! What in either policy brings a change about.

use netverdict_abi::{Reason, Verdict};

use super::verdict::{Word, legs, word};
use super::{Pairs, Side, Witness, World};
use crate::diagnostic::Location;
use crate::journey::Point;
use crate::model::{Direction, Policy, RuleRef};
use crate::oracle::{Decision, Stage};

/// Something in a policy that decides about packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A rule.
    Rule(RuleRef),
    /// A prefilter that lets sources skip the policy.
    Bypass {
        /// Index into [`Policy::prefilters`].
        prefilter: usize,
    },
    /// No policy selects the workload for this direction.
    NotSelected(Direction),
    /// No prefilter stands at the port.
    NoPrefilter,
    /// There is no such workload or node port.
    Absent,
}

impl Cause {
    /// Where it stands; `None` for what no line says.
    ///
    /// # Panics
    /// If it is not of this policy.
    pub fn location<'a>(&self, policy: &'a Policy) -> Option<&'a Location> {
        match *self {
            Cause::Rule(rule) => policy.location(rule),
            Cause::Bypass { prefilter } => Some(&policy.prefilters[prefilter].bypass_location),
            Cause::NotSelected(_) | Cause::NoPrefilter | Cause::Absent => None,
        }
    }
}

/// What decides at the hooks whose verdict changed, of each side, each cause once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Causes {
    /// Before the change.
    pub old: Vec<Cause>,
    /// After it.
    pub new: Vec<Cause>,
}

impl Causes {
    /// Those of a side.
    pub fn of(&self, side: Side) -> &[Cause] {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    /// Adds what decides about this packet.
    pub(super) fn add(
        &mut self,
        worlds: &[Option<World<'_>>; 2],
        pairs: &Pairs,
        witness: &Witness,
    ) {
        let words = Side::BOTH.map(|side| {
            let policy = worlds[side as usize]?.policy;
            let legs = legs(policy, pairs, side, witness)?;
            Some(word(policy, &legs))
        });
        match words {
            [Some(old), Some(new)] => {
                let differs = |(old, new): &(&Decision, &Decision)| old.verdict() != new.verdict();
                let both = old.decisions.iter().zip(&new.decisions);
                // What is policy on the one side may be bypassed on the other.
                let hooks: Vec<usize> = (both.enumerate())
                    .filter(|(_, both)| differs(both))
                    .map(|(hook, _)| hook)
                    .collect();
                put(&mut self.old, causes(&old, &hooks));
                put(&mut self.new, causes(&new, &hooks));
            }
            [one, other] => {
                for (word, here) in [(one, &mut self.old), (other, &mut self.new)] {
                    match word {
                        None => put(here, [Cause::Absent]),
                        Some(word) => {
                            let hooks: Vec<usize> = (0..word.decisions.len()).collect();
                            put(here, causes(&word, &hooks));
                        }
                    }
                }
            }
        }
    }
}

fn put(all: &mut Vec<Cause>, more: impl IntoIterator<Item = Cause>) {
    for cause in more {
        if !all.contains(&cause) {
            all.push(cause);
        }
    }
}

fn causes(word: &Word, hooks: &[usize]) -> Vec<Cause> {
    let mut all = Vec::new();
    for hook in hooks {
        let decision = &word.decisions[*hook];
        match decision.reason {
            Reason::Bypassed => all.extend(bypass(word)),
            Reason::PolicyNotSelected => all.push(Cause::NotSelected(match decision.point {
                Point::Egress(_) => Direction::Egress,
                Point::Uplink | Point::Ingress(_) => Direction::Ingress,
            })),
            Reason::NoPrefilter | Reason::OtherProtocol => {
                // Nobody is let in by what is not there, if somebody else decides.
                let decides = word.decisions.len() == 1;
                all.extend(decides.then_some(Cause::NoPrefilter));
            }
            _ => all.extend(decision.rules.iter().map(|rule| Cause::Rule(*rule))),
        }
    }
    all
}

/// The prefilter that lets it skip the policy.
fn bypass(word: &Word) -> Option<Cause> {
    let first = word.decisions.first()?;
    match &first.stage {
        Some(Stage::Prefilter(stage)) if first.verdict() == Verdict::Pass => Some(Cause::Bypass {
            prefilter: stage.prefilter,
        }),
        _ => None,
    }
}
