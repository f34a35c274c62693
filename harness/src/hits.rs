//! Which rules decided about the frames of a scenario, by what a lane said of them.

mod lines;
mod maps;
mod stage;

use netverdict_policy::image::Key;
use netverdict_policy::oracle::Decision;
use netverdict_policy::scenario::Probe;

use crate::event::{RuleHits, SuiteId};
use crate::lane::Lane;
use crate::lanes::{Work, model};
use crate::live::Live;
use crate::select::Selected;
use crate::suite::Finding;
use lines::Lines;
use stage::{Frames, Stage};

/// What the lane said whose word counts.
#[derive(Debug, Default)]
pub struct Heard {
    said: Option<Said>,
}

/// What a lane said of the frames of a scenario.
#[derive(Debug)]
struct Said {
    lane: Lane,
    /// Of those that do not depend on steps.
    plain: Vec<Finding>,
    /// Of those that are judged before the first step and after each.
    staged: Vec<Finding>,
}

/// The frames that do not depend on steps.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    /// Their probes.
    pub probes: &'a [&'a Probe],
    /// The frames themselves, in the same order.
    pub work: &'a Work<'a>,
    /// What the oracle decides about each, hook by hook.
    pub decisions: &'a [Vec<Decision>],
}

impl Said {
    /// Whether the kernel said it, and of how many frames something was said.
    fn weight(&self) -> (bool, usize) {
        let all = self.plain.iter().chain(&self.staged);
        let judged = all.filter(|finding| finding.is_ok()).count();
        (judged > 0 && self.lane.needs_privileges(), judged)
    }
}

impl Heard {
    /// Takes in what a lane said. The word of the kernel counts for more than the
    /// interpreter's, then what is about more frames, then what was said last.
    pub fn take(&mut self, lane: Lane, plain: Vec<Finding>, staged: Vec<Finding>) {
        let said = Said {
            lane,
            plain,
            staged,
        };
        match &self.said {
            Some(before) if before.weight() > said.weight() => {}
            _ => self.said = Some(said),
        }
    }

    /// What decided; `None` if no lane judged a frame.
    pub fn event(
        self,
        selected: &Selected,
        plain: Plain<'_>,
        live: Option<&Live<'_>>,
    ) -> Option<RuleHits> {
        let said = self.said.filter(|said| said.weight().1 > 0)?;
        let scenario = &selected.scenario;
        let mut names = Vec::new();
        let mut first = Stage::new(None, &scenario.policy, &selected.image);
        let found = Found::by(plain.work.len(), |note| {
            model::run_noting(plain.work, &mut |frame, key| note(frame, key))
        });
        first.take(
            &mut names,
            Frames {
                probes: plain.probes.to_vec(),
                decisions: plain.decisions,
                said: &said.plain,
                modelled: &found.modelled,
                keys: &found.keys,
            },
        );
        let mut stages = vec![first];
        if let Some(live) = live {
            let found = Found::by(live.frames(), |note| {
                model::in_stages_noting(&live.staged, &mut |frame, key| note(frame, key))
            });
            let mut from = 0;
            for (number, (of, decisions)) in live.stages.iter().zip(&live.decisions).enumerate() {
                if let Some(step) = number.checked_sub(1) {
                    let name = scenario.steps[step].name.as_str();
                    stages.push(Stage::new(Some(name), &of.scenario.policy, &of.image));
                }
                let frames = from..from + decisions.len();
                from = frames.end;
                stages[number].take(
                    &mut names,
                    Frames {
                        probes: of.scenario.probes.iter().collect(),
                        decisions,
                        said: &said.staged[frames.clone()],
                        modelled: &found.modelled[frames.clone()],
                        keys: &found.keys[frames],
                    },
                );
            }
        }
        let mut lines = Lines::default();
        stages.iter().for_each(|stage| lines.add(stage));
        Some(RuleHits {
            suite: SuiteId {
                scenario: scenario.file.path.clone(),
                lane: said.lane.name(),
                mode: said.lane.mode(),
            },
            named_by: match said.lane {
                Lane::Model => "interpreter",
                Lane::TestRun | Lane::Wire(_) => "kernel",
            },
            frames: stages.iter().map(|stage| stage.frames).sum(),
            rules: lines.into_lines(&names),
            maps: stages.iter().flat_map(maps::parts).collect(),
            unknown_lookups: stages.iter().map(|stage| stage.unknown_lookups).sum(),
        })
    }
}

/// What the interpreter makes of frames, and the entries that it found for each.
struct Found {
    modelled: Vec<Finding>,
    keys: Vec<Vec<Key>>,
}

impl Found {
    fn by(
        frames: usize,
        interpret: impl FnOnce(&mut dyn FnMut(usize, Key)) -> Vec<Finding>,
    ) -> Found {
        let mut keys = vec![Vec::new(); frames];
        let modelled = interpret(&mut |frame, key| keys[frame].push(key));
        Found { modelled, keys }
    }
}
