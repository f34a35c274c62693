//! From what was seen of a scenario's frames to verdicts on its probes.

use std::time::Duration;

use netverdict_abi::Reason;
use netverdict_policy::journey::Point;
use netverdict_policy::model::RuleRef;
use netverdict_policy::oracle::Decision;
use netverdict_policy::scenario::Probe;

use crate::event::{CaseVerdict, PartyVerdict, ProbeOutcome, ProposedVerdict, SkipReason, Verdict};
use crate::explain;
use crate::observation::Witness;
use crate::outcome::{Blame, Inconclusive, Outcome, compare};
use crate::suite::{Finding, Judged, NoFinding, Suite};
use crate::words::{expect_name, seen_name, verdict_name};

impl Suite<'_> {
    /// Judges one probe by its cases' decisions and findings, in order.
    pub fn verdict(
        &self,
        probe: &Probe,
        decisions: &[Vec<Decision>],
        findings: &[Finding],
        time: Duration,
    ) -> Verdict {
        let judged: Vec<Judged<'_>> = (probe.cases.iter().zip(decisions).zip(findings))
            .map(|((case, decisions), finding)| Judged {
                case,
                decisions,
                finding,
                outcome: (finding.as_ref().ok())
                    .map(|seen| compare(probe, case, decisions, self.image, seen)),
            })
            .collect();
        let skipped = judged.iter().find_map(|judged| match judged.finding {
            Err(NoFinding::Skipped(reason)) => Some(*reason),
            Ok(_) | Err(NoFinding::Inconclusive(_)) => None,
        });
        // What the lane cannot judge says nothing about the others.
        let judged: Vec<Judged<'_>> = (judged.into_iter())
            .filter(|judged| !matches!(judged.finding, Err(NoFinding::Skipped(_))))
            .collect();
        if let (true, Some(reason)) = (judged.is_empty(), skipped) {
            return self.skip(probe, reason);
        }
        let xfail = (self.scenario.xfail.as_ref())
            .filter(|xfail| self.honour_xfail && xfail.probes.contains(&probe.name));
        let outcome = match xfail {
            None => plain_outcome(&judged),
            Some(_) => xfail_outcome(&judged),
        };
        let rerun = explain::rerun(self, probe);
        let explanation = match outcome {
            ProbeOutcome::Match | ProbeOutcome::Reproduced | ProbeOutcome::Skipped => String::new(),
            ProbeOutcome::PolicyMismatch
            | ProbeOutcome::FilterMismatch
            | ProbeOutcome::DeliveryMismatch
            | ProbeOutcome::UnexpectedPass
            | ProbeOutcome::Error => explain::probe(self, probe, outcome, &judged, &rerun),
        };
        let places = match outcome {
            ProbeOutcome::Match | ProbeOutcome::Skipped => Vec::new(),
            ProbeOutcome::Reproduced
            | ProbeOutcome::PolicyMismatch
            | ProbeOutcome::FilterMismatch
            | ProbeOutcome::DeliveryMismatch
            | ProbeOutcome::UnexpectedPass
            | ProbeOutcome::Error => explain::to_look_at(self, probe, &judged),
        };
        Verdict {
            suite: self.id(),
            probe: probe.name.clone(),
            location: probe.location.to_string(),
            outcome,
            skipped,
            cases: judged
                .iter()
                .map(|judged| self.case_verdict(probe, judged))
                .collect(),
            places,
            explanation,
            rerun,
            micros: u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
        }
    }

    /// A probe that is not run.
    pub fn skip(&self, probe: &Probe, reason: SkipReason) -> Verdict {
        Verdict {
            suite: self.id(),
            probe: probe.name.clone(),
            location: probe.location.to_string(),
            outcome: ProbeOutcome::Skipped,
            skipped: Some(reason),
            cases: Vec::new(),
            places: Vec::new(),
            explanation: String::new(),
            rerun: explain::rerun(self, probe),
            micros: 0,
        }
    }

    fn case_verdict(&self, probe: &Probe, judged: &Judged<'_>) -> CaseVerdict {
        let observation = judged.finding.as_ref().ok();
        let said = observation.map_or(&[][..], |observation| &observation.judged);
        CaseVerdict {
            label: judged.case.label.clone(),
            sent: netverdict_policy::frame::describe(judged.case.journey.frame()),
            expect: expect_name(probe.expect),
            policy: (judged.decisions.iter())
                .map(|decision| PartyVerdict {
                    proposed: (decision.proposed.as_ref())
                        .map(|proposed| self.proposed(proposed.reason, &proposed.rules)),
                    ..self.party(decision.point, decision.reason, &decision.rules)
                })
                .collect(),
            filter: (said.iter())
                .map(|filter| {
                    let rule = self.image.rule(filter.rule);
                    PartyVerdict {
                        proposed: filter.proposed.map(|proposed| {
                            let rule = self.image.rule(proposed.rule);
                            self.proposed(proposed.reason, rule.as_slice())
                        }),
                        ..self.party(filter.point, filter.reason, rule.as_slice())
                    }
                })
                .collect(),
            seen: observation.map_or("nothing", |observation| seen_name(observation.seen)),
            witness: observation
                .and_then(|seen| seen.witness)
                .map(|witness| match witness {
                    Witness::Arrives => "arrives",
                    Witness::LostBehind => "lost-behind",
                    Witness::Vacuous => "vacuous",
                }),
            outcome: match &judged.outcome {
                None => "inconclusive",
                Some(Outcome::Match { redundant: false }) => "match",
                Some(Outcome::Match { redundant: true }) => "redundant",
                Some(Outcome::Mismatch(Blame::Policy)) => "policy-mismatch",
                Some(Outcome::Mismatch(Blame::Filter)) => "filter-mismatch",
                Some(Outcome::Mismatch(Blame::Delivery)) => "delivery-mismatch",
                Some(Outcome::Error(Inconclusive::NotSeen)) => "not-seen",
                Some(Outcome::Error(Inconclusive::Unjudged)) => "unjudged",
                Some(Outcome::Error(Inconclusive::Vacuous)) => "vacuous",
                Some(Outcome::Error(Inconclusive::Lost)) => "lost",
                Some(Outcome::Error(Inconclusive::Rejected)) => "rejected",
            },
        }
    }

    fn party(&self, point: Point, reason: Reason, rules: &[RuleRef]) -> PartyVerdict {
        let name = |workload: usize| self.scenario.topology.workloads[workload].name.clone();
        PartyVerdict {
            hook: point.hook().slug(),
            workload: match point {
                Point::Uplink => None,
                Point::Egress(workload) | Point::Ingress(workload) => Some(name(workload)),
            },
            verdict: verdict_name(reason.verdict()),
            reason: reason.slug(),
            rules: self.places(rules),
            proposed: None,
        }
    }

    fn proposed(&self, reason: Reason, rules: &[RuleRef]) -> ProposedVerdict {
        ProposedVerdict {
            verdict: verdict_name(reason.verdict()),
            reason: reason.slug(),
            rules: self.places(rules),
        }
    }

    fn places(&self, rules: &[RuleRef]) -> Vec<String> {
        (rules.iter())
            .filter_map(|rule| self.scenario.policy.location(*rule))
            .map(ToString::to_string)
            .collect()
    }
}

/// The worst of the cases: an inconclusive one hides what the others say, a
/// wrong filter what the policy says.
fn plain_outcome(judged: &[Judged<'_>]) -> ProbeOutcome {
    (judged.iter())
        .map(|judged| match &judged.outcome {
            None | Some(Outcome::Error(_)) => ProbeOutcome::Error,
            Some(Outcome::Match { .. }) => ProbeOutcome::Match,
            Some(Outcome::Mismatch(Blame::Policy)) => ProbeOutcome::PolicyMismatch,
            Some(Outcome::Mismatch(Blame::Filter)) => ProbeOutcome::FilterMismatch,
            Some(Outcome::Mismatch(Blame::Delivery)) => ProbeOutcome::DeliveryMismatch,
        })
        .max()
        .unwrap_or(ProbeOutcome::Error)
}

/// Every case must mismatch, and by fault of the policy.
fn xfail_outcome(judged: &[Judged<'_>]) -> ProbeOutcome {
    let all_by_policy =
        (judged.iter()).all(|judged| judged.outcome == Some(Outcome::Mismatch(Blame::Policy)));
    match plain_outcome(judged) {
        _ if judged.is_empty() => ProbeOutcome::Error,
        ProbeOutcome::PolicyMismatch if all_by_policy => ProbeOutcome::Reproduced,
        ProbeOutcome::PolicyMismatch | ProbeOutcome::Match => ProbeOutcome::UnexpectedPass,
        worse @ (ProbeOutcome::FilterMismatch
        | ProbeOutcome::DeliveryMismatch
        | ProbeOutcome::UnexpectedPass
        | ProbeOutcome::Error
        | ProbeOutcome::Reproduced
        | ProbeOutcome::Skipped) => worse,
    }
}
