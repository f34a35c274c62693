//! The evidence, by probe.

use netverdict_abi::Verdict;
use netverdict_lab::wire::{BatchEvidence, Place};
use netverdict_policy::frame::ProbeId;
use netverdict_policy::scenario::{Case, Target, Undeliverable};

use super::accounting::{self, Account};
use crate::observation::{Judged, Observation, Seen};
use crate::suite::Finding;

/// What was seen of each probe, batch after batch.
#[derive(Debug)]
pub(super) struct Sightings {
    /// The smallest id; those of one work follow each other.
    first: u32,
    traces: Vec<Trace>,
}

/// What was seen of one probe.
#[derive(Clone, Copy, Debug, Default)]
struct Trace {
    judged: Option<Judged>,
    judgements: usize,
    tapped: usize,
    place: Option<Place>,
    arrivals: usize,
    /// Whether something came back while its batch was out.
    answered: bool,
}

impl Sightings {
    /// Of these frames, none yet.
    pub(super) fn new(frames: &[(ProbeId, Vec<u8>)]) -> Sightings {
        let first = frames.iter().map(|(id, _)| id.0).min().unwrap_or(0);
        Sightings {
            first,
            traces: vec![Trace::default(); frames.len()],
        }
    }

    fn trace(&mut self, id: ProbeId) -> Result<&mut Trace, String> {
        let index =
            id.0.checked_sub(self.first)
                .and_then(|index| usize::try_from(index).ok());
        (index.and_then(|index| self.traces.get_mut(index)))
            .ok_or_else(|| format!("probe {} was seen, which was not sent", id.0))
    }

    /// Sorts the whole evidence of a batch of these probes.
    ///
    /// # Errors
    /// Where the filter reported something that is no probe's, or unknown.
    pub(super) fn add(
        &mut self,
        batch: &[(ProbeId, &[u8])],
        evidence: &BatchEvidence,
    ) -> Result<(), String> {
        for event in &evidence.events {
            match accounting::read(event)? {
                Account::Probe(id, judged) => {
                    let trace = self.trace(id)?;
                    trace.judged = Some(judged);
                    trace.judgements += 1;
                }
                Account::Foreign => {
                    return Err("the filter reported a frame that is no probe".to_owned());
                }
            }
        }
        for id in evidence.tapped.iter().filter_map(|tapped| tapped.id) {
            self.trace(id)?.tapped += 1;
        }
        for delivery in &evidence.delivered {
            let trace = self.trace(delivery.id)?;
            trace.place = Some(delivery.place);
            trace.arrivals += 1;
        }
        if !evidence.returned.is_empty() {
            for (id, _) in batch {
                self.trace(*id)?.answered = true;
            }
        }
        Ok(())
    }

    /// What all the evidence together says of one probe.
    ///
    /// # Errors
    /// Where it contradicts itself.
    pub(super) fn finding(&mut self, id: ProbeId, case: &Case) -> Finding {
        let trace = *self.trace(id)?;
        if trace.judgements > 1 {
            return Err(format!(
                "the filter judged the frame {} times",
                trace.judgements
            ));
        }
        if trace.tapped > 1 || trace.arrivals > 1 {
            return Err(format!(
                "the frame was seen {} times behind the filter, and arrived {} times",
                trace.tapped, trace.arrivals,
            ));
        }
        let judged = trace.judged;
        let seen = match (judged.map(|judged| judged.reason.verdict()), trace.tapped) {
            (None, 0) => Seen::NotSeen,
            (Some(Verdict::Drop), 0) => Seen::Dropped,
            (Some(Verdict::Abort), 0) => Seen::Aborted,
            // The stack drops a tag that is cut short before any tap can see it
            // (net/core/skbuff.c, skb_vlan_untag).
            (Some(Verdict::Pass), 0) if is_malformed(case) => Seen::PassedThenLost,
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
            (None | Some(Verdict::Pass), _) if trace.answered => Seen::Rejected,
            (None | Some(Verdict::Pass), _) => arrival(case, trace.place),
        };
        Ok(Observation {
            seen,
            judged,
            witness: None,
        })
    }
}

fn is_malformed(case: &Case) -> bool {
    case.target == Target::Undeliverable(Undeliverable::Malformed)
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

#[cfg(test)]
mod tests;
