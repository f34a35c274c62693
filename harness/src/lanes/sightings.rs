//! The evidence, by probe.

use netverdict_abi::{Hook, Verdict};
use netverdict_lab::point_of;
use netverdict_lab::wire::{BatchEvidence, Place, Shot};
use netverdict_policy::frame::ProbeId;
use netverdict_policy::journey::{Journey, Point, Target};
use netverdict_policy::scenario::{Case, Undeliverable};

use super::Frames;
use super::accounting;
use crate::observation::{Judged, Observation, Seen};

/// What was seen of each probe, batch after batch.
#[derive(Debug)]
pub(super) struct Sightings {
    /// The smallest id; those of one work follow each other.
    first: u32,
    traces: Vec<Trace>,
}

/// What was seen of one probe.
#[derive(Clone, Debug, Default)]
struct Trace {
    /// In the order of the events.
    judged: Vec<Judged>,
    /// Behind which first hook.
    tapped: Vec<Point>,
    /// Where it arrived.
    places: Vec<Place>,
    /// Whether something came back while its batch was out.
    answered: bool,
}

impl Sightings {
    /// Of these frames, none yet.
    pub(super) fn new(frames: &[Frames]) -> Sightings {
        let first = frames.iter().map(|frames| frames.id.0).min().unwrap_or(0);
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

    /// Sorts the whole evidence of a batch of these probes. Where it is one whose
    /// end, with the id in it, may have been cut off (`cut`), what enters a
    /// workload without an id is what is left of it: nothing is read from that.
    ///
    /// # Errors
    /// Where the filter reported something that is no probe's, or unknown.
    pub(super) fn add(
        &mut self,
        batch: &[Shot<'_>],
        cut: bool,
        evidence: &BatchEvidence,
    ) -> Result<(), String> {
        for event in &evidence.events {
            let account = accounting::read(event)?;
            if cut && account.probe.is_none() && account.hook == Hook::Ingress {
                continue;
            }
            let Some(id) = account.probe else {
                return Err("the filter reported a frame that is no probe".to_owned());
            };
            let Some(point) = point_of(account.hook, event.ifindex) else {
                let (hook, link) = (account.hook.slug(), event.ifindex);
                return Err(format!(
                    "the program of the {hook} hook ran on interface {link}, where it is not \
                     attached"
                ));
            };
            self.trace(id)?.judged.push(Judged {
                point,
                reason: account.reason,
                rule: account.rule,
                proposed: account.proposed,
            });
        }
        for tapped in &evidence.tapped {
            if let Some(id) = tapped.id {
                self.trace(id)?.tapped.push(tapped.point);
            }
        }
        for delivery in &evidence.delivered {
            self.trace(delivery.id)?.places.push(delivery.place);
        }
        if !evidence.returned.is_empty() {
            for shot in batch {
                self.trace(shot.id)?.answered = true;
            }
        }
        Ok(())
    }

    /// What all the evidence together says of one probe.
    ///
    /// # Errors
    /// Where it contradicts itself.
    pub(super) fn finding(&mut self, id: ProbeId, case: &Case) -> Result<Observation, String> {
        let trace = self.trace(id)?.clone();
        let journey = &case.journey;
        let judged = trace.in_order(journey)?;
        trace.once(journey)?;
        let behind = trace.behind(journey);
        for judged in &judged {
            let index = (journey.legs.iter()).position(|leg| leg.point == judged.point);
            let seen_behind = index.is_some_and(|index| behind[index]);
            match (judged.reason.verdict(), seen_behind) {
                (Verdict::Drop | Verdict::Abort, true) => {
                    return Err(
                        "the filter says that it dropped the frame, which was seen behind it"
                            .to_owned(),
                    );
                }
                // The stack drops a tag that is cut short before any tap can see
                // it (net/core/skbuff.c, skb_vlan_untag).
                (Verdict::Pass, false) if !is_malformed(journey) => {
                    return Err(
                        "the filter says that it passed the frame, which was not seen behind it"
                            .to_owned(),
                    );
                }
                (Verdict::Pass, _) | (Verdict::Drop | Verdict::Abort, false) => {}
            }
        }
        let seen = match judged.last().map(|last| last.reason.verdict()) {
            None if behind.iter().all(|seen| !seen) => Seen::NotSeen,
            Some(Verdict::Drop) => Seen::Dropped,
            Some(Verdict::Abort) => Seen::Aborted,
            None | Some(Verdict::Pass) if trace.answered => Seen::Rejected,
            None | Some(Verdict::Pass) if !behind[0] => Seen::PassedThenLost,
            None | Some(Verdict::Pass) => trace.arrival(journey),
        };
        Ok(Observation {
            seen,
            judged,
            witness: None,
        })
    }
}

impl Trace {
    /// What the filter said at each hook of the way, in the order of the way.
    fn in_order(&self, journey: &Journey) -> Result<Vec<Judged>, String> {
        let on_the_way =
            |judged: &&Judged| (journey.legs.iter()).any(|leg| leg.point == judged.point);
        if let Some(stray) = self.judged.iter().find(|judged| !on_the_way(judged)) {
            return Err(format!(
                "the filter judged the frame at the {} hook of another's, where it was not meant \
                 to come by",
                stray.point.hook().slug()
            ));
        }
        let mut judged = Vec::with_capacity(journey.legs.len());
        for leg in &journey.legs {
            let here: Vec<&Judged> = (self.judged.iter())
                .filter(|judged| judged.point == leg.point)
                .collect();
            match here.as_slice() {
                [] => break,
                [one] => judged.push(**one),
                several => {
                    return Err(format!(
                        "the filter judged the frame {} times at the {} hook",
                        several.len(),
                        leg.point.hook().slug()
                    ));
                }
            }
        }
        if judged.len() < self.judged.len() {
            return Err("the filter judged the frame at a later hook, but not before".to_owned());
        }
        Ok(judged)
    }

    /// Nothing is seen twice, nor where it did not enter.
    fn once(&self, journey: &Journey) -> Result<(), String> {
        let first = journey.first().point;
        let elsewhere = self.tapped.iter().any(|point| *point != first);
        if elsewhere || self.tapped.len() > 1 || self.places.len() > 1 {
            return Err(format!(
                "the frame was seen {} times behind the filter{}, and arrived {} times",
                self.tapped.len(),
                if elsewhere { ", at another's link" } else { "" },
                self.places.len(),
            ));
        }
        Ok(())
    }

    /// Behind which hooks of the way it was seen.
    fn behind(&self, journey: &Journey) -> Vec<bool> {
        (journey.legs.iter())
            .map(|leg| match leg.point {
                Point::Uplink | Point::Egress(_) => !self.tapped.is_empty(),
                Point::Ingress(workload) => self.places.contains(&Place::Workload(workload)),
            })
            .collect()
    }

    /// What became of a frame behind the filter.
    fn arrival(&self, journey: &Journey) -> Seen {
        let meant = match journey.target {
            Target::Workload { workload, .. } => Place::Workload(workload),
            Target::Node => Place::Node,
            Target::Outside(_) => Place::Outside,
            Target::Undeliverable(_) => return Seen::Passed,
        };
        if self.places.contains(&meant) {
            Seen::Delivered
        } else {
            Seen::PassedThenLost
        }
    }
}

fn is_malformed(journey: &Journey) -> bool {
    journey.target == Target::Undeliverable(Undeliverable::Malformed)
}

#[cfg(test)]
mod tests;
