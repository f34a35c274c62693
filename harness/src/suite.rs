//! A scenario in a lane, and what is known of its frames.

use netverdict_policy::image::MapImage;
use netverdict_policy::oracle::Decision;
use netverdict_policy::scenario::{Case, Scenario};

use crate::event::{SkipReason, SuiteId};
use crate::lane::Lane;
use crate::observation::Observation;
use crate::outcome::Outcome;

/// What a lane found out about one frame, if anything.
pub type Finding = Result<Observation, NoFinding>;

/// Why a lane has no observation of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoFinding {
    /// Its batch says nothing: why.
    Inconclusive(String),
    /// The lane cannot judge such a frame, and did not try.
    Skipped(SkipReason),
}

impl From<String> for NoFinding {
    fn from(why: String) -> NoFinding {
        NoFinding::Inconclusive(why)
    }
}

/// A frame with everything known about it.
#[derive(Debug)]
pub struct Judged<'a> {
    /// The frame as described.
    pub case: &'a Case,
    /// What the policy says at each hook up to the one that decides, at least one.
    pub decisions: &'a [Decision],
    /// What was seen.
    pub finding: &'a Finding,
    /// The comparison; `None` where there is no observation.
    pub outcome: Option<Outcome>,
}

impl Judged<'_> {
    /// The decision that counts.
    ///
    /// # Panics
    /// If there is none, which no journey allows.
    pub fn deciding(&self) -> &Decision {
        self.decisions.last().expect("at least one hook decides")
    }
}

/// A scenario whose frames are judged in a lane.
#[derive(Clone, Copy, Debug)]
pub struct Suite<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its compiled policy.
    pub image: &'a MapImage,
    /// The lane.
    pub lane: Lane,
    /// Whether `xfail` counts.
    pub honour_xfail: bool,
}

impl Suite<'_> {
    /// The suite's name in events.
    pub fn id(&self) -> SuiteId {
        SuiteId {
            scenario: self.scenario.file.path.clone(),
            lane: self.lane.name(),
            mode: self.lane.mode(),
        }
    }
}
