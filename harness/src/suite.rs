//! A scenario in a lane, and what is known of its frames.

use netverdict_policy::image::MapImage;
use netverdict_policy::oracle::Decision;
use netverdict_policy::scenario::{Case, Scenario};

use crate::event::SuiteId;
use crate::lane::Lane;
use crate::observation::Observation;
use crate::outcome::Outcome;

/// What a lane found out about one frame: an observation, or the reason why its
/// batch says nothing.
pub type Finding = Result<Observation, String>;

/// A frame with everything known about it.
#[derive(Debug)]
pub struct Judged<'a> {
    /// The frame as described.
    pub case: &'a Case,
    /// What the policy says.
    pub decision: &'a Decision,
    /// What was seen.
    pub finding: &'a Finding,
    /// The comparison; `None` where there is no observation.
    pub outcome: Option<Outcome>,
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
