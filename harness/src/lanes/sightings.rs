//! A batch's evidence, by probe.

use std::collections::BTreeMap;

use netverdict_abi::Verdict;
use netverdict_lab::wire::{BatchEvidence, Place};
use netverdict_policy::frame::ProbeId;
use netverdict_policy::scenario::{Case, Target};

use super::accounting::{self, Account};
use crate::judge::Finding;
use crate::observation::{Judged, Observation, Seen};

/// What was seen of each probe of a batch.
#[derive(Debug)]
pub(super) struct Sightings {
    judged: BTreeMap<ProbeId, Vec<Judged>>,
    tapped: BTreeMap<ProbeId, usize>,
    delivered: BTreeMap<ProbeId, Vec<Place>>,
    returned: usize,
}

impl Sightings {
    /// Sorts whole evidence.
    ///
    /// # Errors
    /// Where the filter reported something that is no probe's, or unknown.
    pub(super) fn of(evidence: &BatchEvidence) -> Result<Sightings, String> {
        let mut sightings = Sightings {
            judged: BTreeMap::new(),
            tapped: BTreeMap::new(),
            delivered: BTreeMap::new(),
            returned: evidence.returned.len(),
        };
        for event in &evidence.events {
            match accounting::read(event)? {
                Account::Probe(id, judged) => {
                    sightings.judged.entry(id).or_default().push(judged);
                }
                Account::Foreign => {
                    return Err("the filter reported a frame that is no probe".to_owned());
                }
            }
        }
        for id in evidence.tapped.iter().filter_map(|tapped| tapped.id) {
            *sightings.tapped.entry(id).or_default() += 1;
        }
        for delivery in &evidence.delivered {
            sightings
                .delivered
                .entry(delivery.id)
                .or_default()
                .push(delivery.place);
        }
        Ok(sightings)
    }

    /// What all the evidence together says of one probe.
    ///
    /// # Errors
    /// Where it contradicts itself.
    pub(super) fn finding(&self, id: ProbeId, case: &Case) -> Finding {
        let judged = match self.judged.get(&id).map_or(&[][..], Vec::as_slice) {
            [] => None,
            [judged] => Some(*judged),
            several => {
                return Err(format!(
                    "the filter judged the frame {} times",
                    several.len()
                ));
            }
        };
        let tapped = self.tapped.get(&id).copied().unwrap_or(0);
        let places = self.delivered.get(&id).map_or(&[][..], Vec::as_slice);
        if tapped > 1 || places.len() > 1 {
            let arrived = places.len();
            return Err(format!(
                "the frame was seen {tapped} times behind the filter, and arrived {arrived} times"
            ));
        }
        let seen = match (judged.map(|judged| judged.reason.verdict()), tapped) {
            (None, 0) => Seen::NotSeen,
            (Some(Verdict::Drop), 0) => Seen::Dropped,
            (Some(Verdict::Abort), 0) => Seen::Aborted,
            (Some(Verdict::Pass), 0) => {
                return Err(
                    "the filter says that it passed the frame, which was not seen behind it"
                        .to_owned(),
                );
            }
            (Some(Verdict::Drop | Verdict::Abort), _) => {
                return Err(
                    "the filter says that it dropped the frame, which was seen behind it"
                        .to_owned(),
                );
            }
            (None | Some(Verdict::Pass), _) if self.returned > 0 => Seen::Rejected,
            (None | Some(Verdict::Pass), _) => arrival(case, places.first().copied()),
        };
        Ok(Observation {
            seen,
            judged,
            witness: None,
        })
    }
}

/// What became of a frame behind the filter.
fn arrival(case: &Case, place: Option<Place>) -> Seen {
    let meant = match case.target {
        Target::Workload { workload, .. } => Place::Workload(workload),
        Target::Node => Place::Node,
        Target::Undeliverable(_) => return Seen::Passed,
    };
    if place == Some(meant) {
        Seen::Delivered
    } else {
        Seen::PassedThenLost
    }
}
