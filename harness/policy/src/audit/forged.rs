//! Guards that go by private source addresses alone.

use netverdict_abi::{Reason, Verdict};

use super::catalogue::FORGEABLE_SOURCE;
use super::context::Context;
use super::{Found, finding, words};
use crate::diagnostic::Severity;
use crate::meaning::bypasses;
use crate::model::{Backend, DefaultAction, Direction, NodePort};
use crate::region::Region;

pub(super) fn findings(context: &Context<'_>) -> Vec<Found> {
    if !context.world.outside_reaches {
        return Vec::new();
    }
    let mut found = Vec::new();
    for node_port in &context.policy.node_ports {
        // One backend says what there is to be said of the port.
        found.extend((node_port.backends.iter()).find_map(|it| at(context, node_port, it)));
    }
    found
}

fn at(context: &Context<'_>, node_port: &NodePort, backend: &Backend) -> Option<Found> {
    let policy = context.policy;
    let through = context.reading.through_node_port(node_port, backend);
    let passed = through.region(|reason| reason.verdict() == Verdict::Pass);
    let passed = passed.minus(&context.own);
    // Whoever comes from outside comes in anyway, or nobody does.
    if passed.is_empty() || !passed.intersect(&context.outside).is_empty() {
        return None;
    }
    let port = node_port.node_port;
    let mut prefilters = policy.prefilters.iter();
    let prefilter = prefilters.find(|it| it.node_port == port && !it.allow.is_empty());
    let guards = prefilter.filter(|it| it.default == DefaultAction::Drop);
    let bypassed =
        !(through.region(|reason| *reason == Reason::Bypassed || bypasses(*reason))).is_empty();
    let workload = backend.workload;
    let mut isolating = context.reading.isolating(workload, Direction::Ingress);
    let policy_asks = !bypassed && isolating.next().is_some();
    // The cluster's own addresses would cut prefixes to pieces.
    let prefixes: Vec<String> = (passed.union(&context.own).prefixes().iter())
        .filter(|prefix| !context.own.covers(&Region::of(**prefix)))
        .map(ToString::to_string)
        .collect();
    let what = format!(
        "NodePort {port} of {} lets in {} and nobody else: a host outside that writes such a \
         source address gets its packets through",
        node_port.service,
        words::listed(&prefixes)
    );
    let (place, severity, message) = match guards {
        Some(guard) if !policy_asks => (
            &guard.allow_location,
            FORGEABLE_SOURCE.severity,
            format!("{what}; the prefilter's allow list is the only guard"),
        ),
        Some(guard) => (
            &guard.allow_location,
            Severity::Note,
            format!("{what}; the policy behind the prefilter goes by the same addresses"),
        ),
        None => {
            let first = context
                .reading
                .isolating(workload, Direction::Ingress)
                .next()?;
            (
                &policy.network_policies[first].location,
                Severity::Note,
                format!("{what}; the policy goes by addresses alone"),
            )
        }
    };
    let subject = format!("NodePort {port} of {}", node_port.service);
    let finding = finding(&FORGEABLE_SOURCE, place, subject, message).rated(severity);
    let finding = finding.with_place(&node_port.location, "what is reached");
    Some(Found::of(finding))
}
