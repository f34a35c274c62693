//! The sum over scenarios.

use std::collections::BTreeMap;

use netverdict_policy::mutate::Operator;

use super::score::{Outcome, Score, Scored};

/// How many mutants came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Noticed by a probe.
    pub killed: usize,
    /// Noticed by none.
    pub survived: usize,
    /// Hidden by a bypass.
    pub masked: usize,
    /// No change at all.
    pub equivalent: usize,
    /// Nothing that a probe can send.
    pub out_of_reach: usize,
}

/// Of all scenarios together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// All mutants.
    pub all: Counts,
    /// Those of each operator that has any.
    pub by_operator: BTreeMap<Operator, Counts>,
    /// Scenarios whose mutants were judged.
    pub scenarios: usize,
    /// Scenarios with `xfail`.
    pub xfail: usize,
    /// Whether it was stopped early.
    pub interrupted: bool,
}

impl Counts {
    /// Of one scenario.
    pub fn of(score: &Score<'_>) -> Counts {
        let mut counts = Counts::default();
        (score.mutants.iter()).for_each(|judged| counts.add(&judged.outcome));
        counts
    }

    /// All of them.
    pub fn all(&self) -> usize {
        let Counts {
            killed,
            survived,
            masked,
            equivalent,
            out_of_reach,
        } = self;
        killed + survived + masked + equivalent + out_of_reach
    }

    /// How many percent of those that probes could notice are noticed; `None` if
    /// there are none.
    pub fn score(&self) -> Option<f64> {
        let noticeable = self.killed + self.survived;
        (noticeable > 0).then(|| 100.0 * self.killed as f64 / noticeable as f64)
    }

    fn add(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Killed(_) => &mut self.killed,
            Outcome::Survived(_) => &mut self.survived,
            Outcome::Masked(_) => &mut self.masked,
            Outcome::Equivalent => &mut self.equivalent,
            Outcome::OutOfReach => &mut self.out_of_reach,
        } += 1;
    }
}

impl Total {
    /// Of what was judged; `interrupted` if that is not everything.
    pub fn of(scored: &[Scored<'_>], interrupted: bool) -> Total {
        let mut total = Total {
            interrupted,
            ..Total::default()
        };
        for scored in scored {
            match scored {
                Scored::Xfail(_) => total.xfail += 1,
                Scored::NotGreen(..) => {}
                Scored::Score(score) => {
                    total.scenarios += 1;
                    for judged in &score.mutants {
                        total.all.add(&judged.outcome);
                        let operator = judged.mutation.operator;
                        total
                            .by_operator
                            .entry(operator)
                            .or_default()
                            .add(&judged.outcome);
                    }
                }
            }
        }
        total
    }

    /// The score over all scenarios.
    pub fn score(&self) -> Option<f64> {
        self.all.score()
    }
}
