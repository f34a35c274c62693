//! Policies that select nobody, do nothing, or wait for somebody.

use std::collections::BTreeSet;

use super::catalogue::{
    DRY_RUN_LEFT_ON, POLICY_SELECTS_NOTHING, POLICY_WITHOUT_EFFECT, UNVALIDATED_POLICY,
};
use super::context::Context;
use super::{Found, finding, words};
use crate::model::{
    DRY_RUN, Direction, NetworkPolicy, PolicyKind, RuleAction, Subject, XDP_VALIDATED,
};

pub(super) fn findings(context: &Context<'_>) -> Vec<Found> {
    let policy = context.policy;
    let mut selected: Vec<Vec<usize>> = vec![Vec::new(); policy.network_policies.len()];
    for workload in 0..policy.workloads.len() {
        for index in context.reading.selecting(workload) {
            selected[*index].push(workload);
        }
    }
    let mut found = Vec::new();
    for (network_policy, selected) in policy.network_policies.iter().zip(&selected) {
        let own = [
            selects_nothing(context, network_policy, selected),
            without_effect(context, network_policy, selected),
        ];
        let own = own.into_iter().flatten();
        found.extend(own.map(|it| it.about(network_policy.kind.name(), &network_policy.name)));
    }
    found.extend(annotated(context));
    found
}

fn selects_nothing(
    context: &Context<'_>,
    network_policy: &NetworkPolicy,
    selected: &[usize],
) -> Option<Found> {
    let Subject::Workloads(selector) = &network_policy.subject else {
        return None;
    };
    // Endpoints of Cilium's own are no workloads, and reported as a gap.
    let reserved = (selector.labels.0.iter()).any(|label| label.key.starts_with("reserved:"));
    if !selected.is_empty() || reserved || context.policy.workloads.is_empty() {
        return None;
    }
    let name = words::policy(network_policy);
    let place = &network_policy.location;
    let message = format!("{name} selects no workload");
    let mut one = finding(&POLICY_SELECTS_NOTHING, place, name, message);
    // The front end has looked for what may have been meant.
    let said = (context.world.diagnostics.iter()).find(|diagnostic| {
        let first = diagnostic.labels.first().map(|label| &label.location);
        diagnostic.code == "policy-selects-nothing" && first == Some(place)
    });
    if let Some(said) = said {
        one = one.with_fix(&*said.help);
    }
    Some(Found::of(one))
}

fn without_effect(
    context: &Context<'_>,
    network_policy: &NetworkPolicy,
    selected: &[usize],
) -> Option<Found> {
    let NetworkPolicy {
        isolates_ingress,
        isolates_egress,
        rules,
        location,
        subject,
        ..
    } = network_policy;
    let denies = rules.iter().any(|rule| rule.action == RuleAction::Deny);
    if *isolates_ingress || *isolates_egress || denies || matches!(subject, Subject::Nodes(_)) {
        return None;
    }
    let name = words::policy(network_policy);
    let message = match rules.is_empty() {
        true => format!("{name} has no section with a rule: it enforces nothing"),
        false => {
            // It may allow what another policy denies by default.
            let adds = |direction| {
                rules.iter().any(|rule| rule.direction == direction)
                    && (selected.iter()).any(|workload| {
                        let mut isolating = context.reading.isolating(*workload, direction);
                        isolating.next().is_some()
                    })
            };
            if selected.is_empty() || adds(Direction::Ingress) || adds(Direction::Egress) {
                return None;
            }
            format!(
                "{name} allows without default deny, and nothing else denies anything to whom it \
                 selects: it enforces nothing"
            )
        }
    };
    Some(Found::of(finding(
        &POLICY_WITHOUT_EFFECT,
        location,
        name,
        message,
    )))
}

/// What annotations say, or do not, of each policy object.
fn annotated(context: &Context<'_>) -> Vec<Found> {
    let policy = context.policy;
    let objects: BTreeSet<_> = (policy.all_network_policies())
        .map(|it| (it.kind, &it.name))
        .collect();
    let mut found = Vec::new();
    for (kind, name) in objects {
        let Some(object) = policy.objects.get(kind.name(), name) else {
            continue;
        };
        let subject = format!("{} {name}", kind.name());
        if let Some(dry_run) = object.set(DRY_RUN) {
            let message = format!("{subject} is in dry run: it counts what it would drop");
            let one = finding(&DRY_RUN_LEFT_ON, &dry_run.location, &*subject, message);
            found.push(Found::of(one).about(kind.name(), name));
        }
        if kind != PolicyKind::Kubernetes && object.set(XDP_VALIDATED).is_none() {
            let message = format!("{subject} does not say {XDP_VALIDATED}: \"true\"");
            let place = (object.annotations.get(XDP_VALIDATED))
                .map_or(&object.location, |annotation| &annotation.location);
            let one = finding(&UNVALIDATED_POLICY, place, &*subject, message);
            found.push(Found::of(one).about(kind.name(), name));
        }
    }
    found
}
