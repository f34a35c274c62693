//! What policies in dry run would change.

use netverdict_abi::Verdict;
use netverdict_policy::frame;
use netverdict_policy::model::{Policy, RuleRef};

use super::{Frames, Known};
use crate::event::{Changed, ChangedFrame, Totals, WouldChange};

/// What would change, over all policies that were in force in turn.
#[derive(Debug, Default)]
pub(super) struct DryRun {
    current: Totals,
    proposed: Totals,
    policies: Vec<WouldChange>,
}

impl DryRun {
    /// Takes frames in.
    pub(super) fn take(&mut self, frames: &Frames<'_>) {
        let policy = &frames.scenario.policy;
        let places: Vec<usize> = (policy.dry_run.iter())
            .map(|it| {
                self.place(WouldChange {
                    kind: it.kind.name(),
                    name: it.name.to_string(),
                    location: it.location.to_string(),
                    newly_drops: Changed::default(),
                    newly_passes: Changed::default(),
                })
            })
            .collect();
        for known in frames.known() {
            let (passes, would_pass) = (known.passes(), known.would_pass());
            self.current.take(passes);
            self.proposed.take(would_pass);
            if passes == would_pass {
                continue;
            }
            let Some((index, rule)) = (known.said.iter())
                .filter_map(|said| Some((said, said.proposed?)))
                .find(|(said, proposed)| said.reason.verdict() != proposed.reason.verdict())
                .and_then(|(_, proposed)| named(policy, frames.image.rule(proposed.rule)?))
            else {
                continue;
            };
            let policy = &mut self.policies[places[index]];
            let changed = match would_pass {
                true => &mut policy.newly_passes,
                false => &mut policy.newly_drops,
            };
            changed.frames += 1;
            changed.example.get_or_insert_with(|| ChangedFrame {
                probe: known.probe.name.clone(),
                sent: frame::describe(known.case.journey.frame()),
                rule,
            });
        }
    }

    /// Where the policy stands among those that were taken in.
    fn place(&mut self, policy: WouldChange) -> usize {
        let same = |it: &WouldChange| {
            (it.kind, &it.name, &it.location) == (policy.kind, &policy.name, &policy.location)
        };
        match self.policies.iter().position(same) {
            Some(place) => place,
            None => {
                self.policies.push(policy);
                self.policies.len() - 1
            }
        }
    }

    /// What became of the frames, what would, and by which policies.
    pub(super) fn into_counts(self) -> (Totals, Option<Totals>, Vec<WouldChange>) {
        let proposed = (!self.policies.is_empty()).then_some(self.proposed);
        (self.current, proposed, self.policies)
    }
}

/// The policy in dry run that the rule is of, and the rule's place.
fn named(policy: &Policy, rule: RuleRef) -> Option<(usize, String)> {
    let (RuleRef::Policy { policy: index, .. } | RuleRef::DefaultDeny { policy: index }) = rule
    else {
        return None;
    };
    let in_dry_run = index.checked_sub(policy.network_policies.len())?;
    Some((in_dry_run, policy.location(rule)?.to_string()))
}

impl Known<'_> {
    /// Whether every hook that judged it would pass it under the proposed policy.
    fn would_pass(&self) -> bool {
        self.said.iter().all(|said| {
            let reason = said
                .proposed
                .map_or(said.reason, |proposed| proposed.reason);
            reason.verdict() == Verdict::Pass
        })
    }
}

impl Totals {
    fn take(&mut self, passes: bool) {
        match passes {
            true => self.passed += 1,
            false => self.dropped += 1,
        }
    }
}
