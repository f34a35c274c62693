//! Prefilters that keep nobody out, and those that skip the policy.

use std::collections::BTreeMap;

use super::catalogue::{PREFILTER_BYPASS, PREFILTER_DEFAULT_PASS, PREFILTER_EMPTY_ALLOW_LIST};
use super::context::Context;
use super::{Found, finding, words};
use crate::diagnostic::Severity;
use crate::model::{DefaultAction, Direction, NodePort, Prefilter};
use crate::prove::{Override, overrides};
use crate::region::Region;

pub(super) fn findings(context: &Context<'_>) -> Vec<Found> {
    let policy = context.policy;
    if policy.prefilters.is_empty() {
        return Vec::new();
    }
    let mut overridden: BTreeMap<usize, Vec<Override>> = BTreeMap::new();
    for one in overrides(&context.reading) {
        overridden.entry(one.prefilter).or_default().push(one);
    }
    let mut found = Vec::new();
    for (index, prefilter) in policy.prefilters.iter().enumerate() {
        let mut services = policy.node_ports.iter();
        let service = services.find(|it| it.node_port == prefilter.node_port);
        let at = At {
            context,
            prefilter,
            service,
            overridden: overridden.remove(&index).unwrap_or_default(),
        };
        found.extend(at.empty_allow_list());
        found.extend(at.default_pass());
        found.extend(at.bypass());
    }
    found
}

/// A prefilter, and what stands behind it.
struct At<'c, 'a> {
    context: &'c Context<'a>,
    prefilter: &'a Prefilter,
    service: Option<&'a NodePort>,
    /// What it lets past the policy that would be denied there.
    overridden: Vec<Override>,
}

impl At<'_, '_> {
    fn name(&self) -> String {
        let port = self.prefilter.node_port;
        match self.service {
            Some(service) => format!("the prefilter of {port} ({})", service.service),
            None => format!("the prefilter of {port}, a port that no Service has,"),
        }
    }

    fn subject(&self) -> String {
        match self.service {
            Some(service) => format!("prefilter {} {}", self.prefilter.node_port, service.service),
            None => format!("prefilter {}", self.prefilter.node_port),
        }
    }

    /// Whether policies guard every backend that has a hook.
    fn is_guarded_behind(&self) -> bool {
        let isolated = |workload| {
            let mut isolating = self.context.reading.isolating(workload, Direction::Ingress);
            isolating.next().is_some()
        };
        self.service.is_some_and(|service| {
            (service.backends.iter()).all(|backend| isolated(backend.workload))
        })
    }

    fn empty_allow_list(&self) -> Option<Found> {
        let Prefilter {
            deny,
            allow,
            default,
            allow_location,
            ..
        } = self.prefilter;
        let name = self.name();
        let message = match default {
            DefaultAction::Pass if allow.is_empty() && deny.is_empty() => {
                format!("{name} has an empty allow list and passes by default: it keeps nobody out")
            }
            DefaultAction::Drop if allow.is_empty() => {
                format!("{name} has an empty allow list and drops by default: nobody passes")
            }
            DefaultAction::Pass | DefaultAction::Drop => return None,
        };
        let kind = &PREFILTER_EMPTY_ALLOW_LIST;
        Some(Found::of(finding(
            kind,
            allow_location,
            self.subject(),
            message,
        )))
    }

    fn default_pass(&self) -> Option<Found> {
        if self.prefilter.default != DefaultAction::Pass {
            return None;
        }
        let name = self.name();
        let (severity, behind) = match (self.prefilter.bypass_policy, self.is_guarded_behind()) {
            (true, _) => (
                Severity::Error,
                "and bypasses the policy: whom it does not list is let in",
            ),
            (false, false) => (Severity::Error, "and no policy guards what stands behind"),
            (false, true) => (
                PREFILTER_DEFAULT_PASS.severity,
                "so that the policy behind decides alone",
            ),
        };
        let message = format!("{name} passes sources that it does not list, {behind}");
        let place = &self.prefilter.default_location;
        let finding = finding(&PREFILTER_DEFAULT_PASS, place, self.subject(), message);
        Some(Found::of(finding.rated(severity)))
    }

    fn bypass(&self) -> Option<Found> {
        let policy = self.context.policy;
        let service = self.service.filter(|_| self.prefilter.bypass_policy)?;
        let mut skipped: Vec<usize> = (service.backends.iter())
            .flat_map(|backend| self.context.reading.selecting(backend.workload))
            .copied()
            .filter(|index| {
                let it = &policy.network_policies[*index];
                it.isolates_ingress
                    || (it.rules.iter()).any(|rule| rule.direction == Direction::Ingress)
            })
            .collect();
        skipped.sort_unstable();
        skipped.dedup();
        let first = *skipped.first()?;
        let names: Vec<String> = (skipped.iter())
            .map(|index| words::policy(&policy.network_policies[*index]))
            .collect();
        let past = Region::union_of(self.overridden.iter().map(|one| &one.region));
        let past = past.minus(&self.context.own);
        let past = match past.is_empty() {
            true => "today that would deny nobody whom the prefilter passes".to_owned(),
            false => {
                let outside = past.intersect(&self.context.outside);
                format!(
                    "{} get in that it denies",
                    match outside.is_empty() {
                        true => "private addresses".to_owned(),
                        false => words::amount(&outside, self.context),
                    }
                )
            }
        };
        let message = format!("{} bypasses {}: {past}", self.name(), words::listed(&names));
        let place = &self.prefilter.bypass_location;
        let finding = finding(&PREFILTER_BYPASS, place, self.subject(), message);
        let skipped = &policy.network_policies[first].location;
        Some(Found::of(finding.with_place(skipped, "never asked")))
    }
}
