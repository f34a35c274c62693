//! Changes of the policy under traffic: what is judged before and after each, and
//! what flows meanwhile.

pub mod exact;
mod stage;
mod traffic;
mod verdict;

use netverdict_policy::frame::{FrameError, ProbeId};
use netverdict_policy::oracle::Decision;

use crate::lanes::{Staged, Work};
use crate::select::Selected;

pub use stage::{Stage, decisions as decisions_of_stages};
pub use traffic::{LeftOut, Streamed, Traffic, Why};
pub use verdict::Under;

/// Everything about the steps of a scenario that does not depend on the lane.
#[derive(Debug)]
pub struct Live<'a> {
    /// The scenario before the first step, and after each.
    pub stages: &'a [Stage],
    /// The frames that are judged in each.
    pub staged: Vec<Staged<'a>>,
    /// What the oracle decides about them, stage by stage, frame by frame, hook by
    /// hook.
    pub decisions: Vec<Vec<Vec<Decision>>>,
    /// What is sent over and over while the policy changes.
    pub traffic: Traffic<'a>,
}

/// How many ids the frames need.
pub fn ids(selected: &Selected) -> usize {
    if !selected.steps {
        return 0;
    }
    let judged: usize = (selected.live_probes())
        .map(|probe| probe.cases.len())
        .sum();
    judged + traffic::ids(&selected.scenario)
}

impl<'a> Live<'a> {
    /// Builds the frames, with ids from `first` on.
    ///
    /// # Errors
    /// For a description without bytes.
    pub fn of(stages: &'a [Stage], first: ProbeId) -> Result<Live<'a>, FrameError> {
        let mut next = first;
        let mut staged = Vec::with_capacity(stages.len());
        for stage in stages {
            let probes: Vec<_> = stage.scenario.probes.iter().collect();
            let work = Work::of(&stage.scenario.topology, &stage.image, &probes, next, 0)?;
            next = after(next, work.len());
            staged.push(Staged {
                work,
                connections: stage.connections,
            });
        }
        Ok(Live {
            stages,
            staged,
            decisions: stage::decisions(stages),
            traffic: Traffic::of(stages, next)?,
        })
    }

    /// Frames that are judged by themselves, over all stages.
    pub fn frames(&self) -> usize {
        self.staged.iter().map(|staged| staged.work.len()).sum()
    }
}

fn after(id: ProbeId, count: usize) -> ProbeId {
    ProbeId(id.0.wrapping_add(u32::try_from(count).unwrap_or(u32::MAX)))
}
