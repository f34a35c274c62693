//! Services and namespaces that nothing guards.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{NAMESPACE_WITHOUT_DEFAULT_DENY, SERVICE_WITHOUT_POLICY};
use super::context::Context;
use super::public::is_public;
use super::{Found, finding, words};
use crate::diagnostic::{Location, Severity};
use crate::model::{
    DefaultAction, Direction, NetworkPolicy, ObjectName, Service, ServicePort, Subject,
};

pub(super) fn findings(context: &Context<'_>) -> Vec<Found> {
    let services = context.policy.objects.services.iter();
    let mut found: Vec<Found> = (services.filter(|service| service.is_exposed()))
        .filter_map(|service| unguarded(context, service))
        .collect();
    found.extend(open_namespaces(context));
    found
}

/// Backends of a Service that is reached from outside, which no policy selects.
fn unguarded(context: &Context<'_>, service: &Service) -> Option<Found> {
    let policy = context.policy;
    let isolated = |index: &usize| {
        let mut isolating = context.reading.isolating(*index, Direction::Ingress);
        isolating.next().is_some()
    };
    let open: Vec<usize> = (service.selected.iter().flatten().copied())
        .filter(|index| !isolated(index))
        .collect();
    if open.is_empty() {
        return None;
    }
    let names: Vec<String> = (open.iter())
        .map(|index| policy.workloads[*index].to_string())
        .collect();
    let ports: Vec<String> = (service.ports.iter())
        .map(|port| match port.node_port {
            Some(node_port) => format!("NodePort {node_port}/{}", port.port.protocol.name()),
            None => port.port.to_string(),
        })
        .collect();
    let mut message = format!(
        "no ingress policy selects {} behind the {} Service {} ({})",
        words::listed(&names),
        service.kind.name(),
        service.name,
        words::listed(&ports)
    );
    if open
        .iter()
        .all(|index| policy.workloads[*index].host_network)
    {
        message += ", in the node's network, where no policy for workloads applies";
    } else if (policy.prefilters.iter()).any(|prefilter| {
        let of_service = |port: &ServicePort| {
            port.node_port == Some(prefilter.node_port.port)
                && port.port.protocol == prefilter.node_port.protocol
        };
        prefilter.default == DefaultAction::Drop && service.ports.iter().any(of_service)
    }) {
        message += "; a prefilter guards a node port of it, and nothing the workload itself";
    } else if !service.source_ranges.is_empty() {
        message += "; loadBalancerSourceRanges does not guard its node ports";
    }
    let public = is_public(service, &policy.objects, &context.options.public);
    let severity = match public {
        true => Severity::Note,
        false => SERVICE_WITHOUT_POLICY.severity,
    };
    let object = policy.objects.get("Service", &service.name);
    let place = object.map_or(&service.location, |object| &object.location);
    let subject = format!("Service {}", service.name);
    let mut finding = finding(&SERVICE_WITHOUT_POLICY, place, subject, message).rated(severity);
    for index in open.iter().take(4) {
        finding = finding.with_place(&policy.workloads[*index].location, "open to everybody");
    }
    Some(Found::of(finding).about("Service", &service.name))
}

/// Namespaces with workloads, and no policy that selects everything in them.
fn open_namespaces(context: &Context<'_>) -> Vec<Found> {
    let policy = context.policy;
    let mut workloads: BTreeMap<&str, (usize, &Location)> = BTreeMap::new();
    let mut closed: BTreeSet<&str> = BTreeSet::new();
    for (index, workload) in policy.workloads.iter().enumerate() {
        if workload.host_network {
            continue;
        }
        let namespace = workload.name.namespace.as_str();
        let place = workloads.entry(namespace);
        place.or_insert((0, &workload.location)).0 += 1;
        let mut isolating = context.reading.isolating(index, Direction::Ingress);
        if isolating.any(|index| selects_everything(&policy.network_policies[index])) {
            closed.insert(namespace);
        }
    }
    (workloads.into_iter())
        .filter(|(namespace, _)| !closed.contains(namespace))
        .map(|(namespace, (count, first))| {
            let name = ObjectName {
                namespace: String::new(),
                name: namespace.to_owned(),
            };
            let object = policy.objects.get("Namespace", &name);
            let place = object.map_or(first, |object| &object.location);
            let (workloads, are) = match count {
                1 => ("workload", "is"),
                _ => ("workloads", "are"),
            };
            let message = format!(
                "no policy denies ingress to all of the namespace {namespace} by default; {count} \
                 {workloads} {are} there, and each new one that no policy selects is open"
            );
            let subject = format!("Namespace {namespace}");
            let finding = finding(&NAMESPACE_WITHOUT_DEFAULT_DENY, place, subject, message);
            Found::of(finding).about("Namespace", &name)
        })
        .collect()
}

/// Whether a policy selects whatever is in a namespace that it is about.
fn selects_everything(network_policy: &NetworkPolicy) -> bool {
    match &network_policy.subject {
        // Cilium writes the namespace itself as a label as well.
        Subject::Workloads(selector) => {
            (selector.labels.0.iter()).all(|required| required.key == "io.kubernetes.pod.namespace")
        }
        Subject::Nodes(_) => false,
    }
}
