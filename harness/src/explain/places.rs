//! Where to look when a probe is not as expected.

use netverdict_policy::scenario::Probe;

use crate::event::Place;
use crate::fault::{self, Passage};
use crate::outcome::{Blame, Outcome};
use crate::suite::{Judged, Suite};
use crate::words::expect_name;

/// Lines of the policy that are looked up for a probe, over all its frames.
const MOST: usize = 20;

/// The lines of the policy that suffice for a verdict nobody meant, those that decided
/// first; then what the author meant.
pub(crate) fn to_look_at(suite: &Suite<'_>, probe: &Probe, judged: &[Judged<'_>]) -> Vec<Place> {
    let by_policy = |judged: &&Judged<'_>| judged.outcome == Some(Outcome::Mismatch(Blame::Policy));
    let mut found: Vec<(bool, Place)> = Vec::new();
    for judged in judged.iter().filter(by_policy) {
        let faults = fault::sufficient(&Passage {
            topology: &suite.scenario.topology,
            policy: &suite.scenario.policy,
            journey: &judged.case.journey,
            decisions: judged.decisions,
        });
        for fault in faults {
            let Some(location) = &fault.location else {
                continue;
            };
            let place = Place::new(location, fault.text);
            let known = (found.iter())
                .any(|(_, known)| (&known.file, known.line) == (&place.file, place.line));
            if !known {
                found.push((!fault.decided, place));
            }
        }
        if found.len() >= MOST {
            break;
        }
    }
    found.sort_by_key(|(masked, _)| *masked);
    let mut places: Vec<Place> = found.into_iter().map(|(_, place)| place).collect();
    let meant = format!("probe {}: expect {}", probe.name, expect_name(probe.expect));
    places.push(Place::new(&probe.expect_location, meant));
    places
}
