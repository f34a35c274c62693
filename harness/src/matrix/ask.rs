//! Every connection is asked about twice: the lane says what is, the oracle what
//! should be, side by side.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use netverdict_policy::lower::lower;
use netverdict_policy::matrix::{Connection, Expected, Plan, Survey, World};
use netverdict_policy::topology::TopologyPlan;
use thiserror::Error;

use super::judge::{Judge, JudgeError, unbalanced};
use super::wire::OnWire;
use crate::lane::{LaneKind, Mode};

/// Connections between two looks at the clock.
const BATCH: usize = 8192;
/// Batches that the oracle may be ahead.
const AHEAD: usize = 16;

/// All answers of one world.
#[derive(Debug)]
pub struct Asked {
    /// The answers.
    pub survey: Survey,
    /// Reasons that were not given as often as they had to be, in words.
    pub unbalanced: Vec<String>,
    /// Ranges of outside addresses all of which are somebody's here: what is said
    /// of strangers there was tried with those moved elsewhere.
    pub crowded: usize,
    /// Connections that the lane could not try.
    pub untried: u64,
    /// Time that the verdicts alone took.
    pub verdicts: Duration,
    /// Time that everything took.
    pub everything: Duration,
}

/// Why there are no answers. The texts fit behind "failed to".
#[derive(Debug, Error)]
pub enum AskError {
    /// The lane failed.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The policy does not compile once workloads have moved.
    #[error("compile the policy for strangers at addresses of workloads")]
    Moved,
}

/// Tries every connection of the world in the lane; a wire is one of `topology`.
///
/// # Errors
/// Where the lane fails.
pub fn ask(world: &World<'_>, topology: &TopologyPlan, lane: Lane<'_>) -> Result<Asked, AskError> {
    let started = Instant::now();
    let mut asked = Asked {
        survey: Survey::new(),
        unbalanced: Vec::new(),
        crowded: 0,
        untried: 0,
        verdicts: Duration::ZERO,
        everything: Duration::ZERO,
    };
    asked.all(world, &Plan::new(world), topology, lane)?;
    if world.is_crowded() {
        asked.crowded = (world.cells.iter())
            .filter(|cell| cell.representative.is_none())
            .count();
        let policy = world.moved().ok_or(AskError::Moved)?;
        let image = lower(&policy).map_err(|_| AskError::Moved)?;
        let world = world.of_moved(&policy, &image);
        asked.all(&world, &Plan::new(&world).outside_only(), topology, lane)?;
    }
    asked.everything = started.elapsed();
    Ok(asked)
}

/// A lane that judges connections.
#[derive(Clone, Copy, Debug)]
pub enum Lane<'a> {
    /// The interpreter.
    Model,
    /// Test runs of this object.
    TestRun(&'a [u8]),
    /// Frames on a wire, past this object, attached.
    Wire(&'a [u8], Mode),
}

impl Lane<'_> {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Model => "model",
            Lane::TestRun(_) => "testrun",
            Lane::Wire(_, Mode::Native) => "wire/native",
            Lane::Wire(_, Mode::Generic) => "wire/generic",
        }
    }

    /// The lane of this kind.
    pub fn of(kind: LaneKind, mode: Mode, object: &[u8]) -> Lane<'_> {
        match kind {
            LaneKind::Model => Lane::Model,
            LaneKind::Testrun => Lane::TestRun(object),
            LaneKind::Wire => Lane::Wire(object, mode),
        }
    }
}

impl Asked {
    fn all(
        &mut self,
        world: &World<'_>,
        plan: &Plan<'_>,
        topology: &TopologyPlan,
        lane: Lane<'_>,
    ) -> Result<(), AskError> {
        std::thread::scope(|scope| {
            // The oracle thinks while the filter is loaded and run: neither sees the
            // other, and it never gets far ahead.
            let (ahead, batches) = sync_channel(AHEAD);
            scope.spawn(move || {
                for batch in plan.batches(BATCH) {
                    let expected = expect(world, &batch);
                    if ahead.send((batch, expected)).is_err() {
                        // The lane failed: nobody asks any more.
                        return;
                    }
                }
            });
            self.lane(world, topology, lane, batches)
        })
    }

    fn lane(
        &mut self,
        world: &World<'_>,
        topology: &TopologyPlan,
        lane: Lane<'_>,
        batches: Receiver<(Vec<Connection>, Vec<Expected>)>,
    ) -> Result<(), AskError> {
        let mut judge = match lane {
            Lane::Model => Judge::model(world.image)?,
            Lane::TestRun(object) => Judge::test_run(object, world.image)?,
            Lane::Wire(object, mode) => {
                let lab = OnWire::load(object, mode, topology, world.policy, world.image)?;
                Judge::wire(lab)?
            }
        };
        let mut survey = Survey::new();
        for (batch, expected) in batches {
            let seen = judge.answer(world, &batch)?;
            for ((connection, expected), seen) in batch.iter().zip(expected).zip(seen) {
                match seen {
                    Some(seen) => survey.add(world, connection, expected, seen),
                    None => self.untried += 1,
                }
            }
        }
        self.verdicts += judge.spent;
        self.unbalanced
            .extend(unbalanced(&survey.reasons, &judge.reasons()?));
        self.survey.join(survey);
        Ok(())
    }

    /// Whether every answer was right.
    pub fn is_right(&self) -> bool {
        self.survey.disagreed == 0 && self.unbalanced.is_empty()
    }
}

fn expect(world: &World<'_>, batch: &[Connection]) -> Vec<Expected> {
    let expected = batch.iter().map(|connection| connection.expected(world));
    expected.collect()
}
