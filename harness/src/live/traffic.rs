//! The frames that are sent over and over while policies change.

use std::collections::BTreeSet;
use std::fmt;

use netverdict_lab::{UPLINK_MAC, workload_gateway_mac};
use netverdict_policy::frame::{self, FrameError, ProbeId};
use netverdict_policy::journey::{Point, Sender, Target};
use netverdict_policy::model::Policy;
use netverdict_policy::scenario::{Case, Probe, Scenario, Undeliverable};

use super::exact::Expected;
use super::{Stage, after};
use crate::lanes::flow;

/// Frames of a stream, at least: as many as the lab keeps under way, so that
/// something is at a hook whenever the policy changes. Few flows are sent by
/// several frames each.
const FRAMES: usize = 96;

/// What is sent over and over.
#[derive(Debug)]
pub struct Traffic<'a> {
    /// The frames.
    pub frames: Vec<Streamed<'a>>,
    /// Cases that cannot be sent in this way.
    pub left_out: Vec<LeftOut<'a>>,
}

/// One frame of a stream.
#[derive(Debug)]
pub struct Streamed<'a> {
    /// The case that it is a copy of, by number from 0 among those that are sent.
    pub number: usize,
    /// Its probe.
    pub probe: &'a Probe,
    /// The case.
    pub case: &'a Case,
    /// The id in it.
    pub id: ProbeId,
    /// Who sends it.
    pub from: Sender,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A case that is no part of the stream.
#[derive(Clone, Debug)]
pub struct LeftOut<'a> {
    /// Its probe.
    pub probe: &'a Probe,
    /// The case.
    pub case: &'a Case,
    /// Why.
    pub why: Why,
}

/// Why a case is no part of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// What becomes of it between two hooks is up to the network stack.
    Undeliverable(Undeliverable),
    /// Another one is of the same flow, which a prefilter may let bypass the
    /// policy: what became of one would decide about the other.
    SharesFlow,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Undeliverable(why) => write!(f, "a host cannot deliver it: {why}"),
            Why::SharesFlow => f.write_str("another frame is of the same flow"),
        }
    }
}

/// How many ids the frames need at most.
pub(super) fn ids(scenario: &Scenario) -> usize {
    let plain = (scenario.probes.iter()).filter(|probe| probe.sequence.is_none());
    FRAMES + plain.map(|probe| probe.cases.len()).sum::<usize>()
}

impl<'a> Traffic<'a> {
    /// Builds the frames, with ids from `first` on.
    pub(super) fn of(stages: &'a [Stage], first: ProbeId) -> Result<Traffic<'a>, FrameError> {
        let bypasses = (stages.iter())
            .flat_map(|stage| stage.image.prefilters.values())
            .any(|prefilter| !prefilter.backends.is_empty());
        let mut left_out = Vec::new();
        let mut taken: Vec<(&Probe, &Case, bool)> = Vec::new();
        let mut flows = BTreeSet::new();
        let plain = stages.iter().flat_map(|stage| &stage.plain);
        for (probe, case) in
            plain.flat_map(|probe| probe.cases.iter().map(move |case| (probe, case)))
        {
            let flow = flow(case).filter(|_| bypasses);
            let why = match case.journey.target {
                Target::Undeliverable(why) => Some(Why::Undeliverable(why)),
                Target::Workload { .. } | Target::Node | Target::Outside(_) => {
                    (flow.is_some_and(|flow| !flows.insert(flow))).then_some(Why::SharesFlow)
                }
            };
            match why {
                Some(why) => left_out.push(LeftOut { probe, case, why }),
                None => taken.push((probe, case, flow.is_none())),
            }
        }
        let alone = taken.iter().filter(|(_, _, copied)| !copied).count();
        let copied = taken.len() - alone;
        let copies = match copied {
            0 => 1,
            _ => (FRAMES.saturating_sub(alone) / copied).max(1),
        };
        let mut frames = Vec::new();
        for (number, (probe, case, copied)) in taken.into_iter().enumerate() {
            for _ in 0..if copied { copies } else { 1 } {
                frames.push(streamed(number, probe, case, after(first, frames.len()))?);
            }
        }
        Ok(Traffic { frames, left_out })
    }
}

impl Traffic<'_> {
    /// What the oracle says of each case under two policies, by its number.
    pub fn expected(&self, policies: [&Policy; 2]) -> Vec<Expected> {
        let mut expected: Vec<Expected> = Vec::new();
        for frame in &self.frames {
            if frame.number == expected.len() {
                expected.push(Expected::of(policies, &frame.case.journey));
            }
        }
        expected
    }
}

fn streamed<'a>(
    number: usize,
    probe: &'a Probe,
    case: &'a Case,
    id: ProbeId,
) -> Result<Streamed<'a>, FrameError> {
    let (from, mac) = match case.journey.first().point {
        Point::Egress(workload) => (Sender::Workload(workload), workload_gateway_mac(workload)),
        Point::Uplink | Point::Ingress(_) => (Sender::Outside, UPLINK_MAC),
    };
    Ok(Streamed {
        number,
        probe,
        case,
        id,
        from,
        bytes: frame::build(case.journey.frame(), id, mac)?,
    })
}
