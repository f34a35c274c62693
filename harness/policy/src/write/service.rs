//! Writes Services for node ports.

use std::collections::BTreeSet;

use super::topology::labels;
use super::yaml::{Map, Yaml};
use super::{Unwritable, manifest};
use crate::model::{Labels, NodePort, Policy, Workload};

/// One object for each service, in order.
pub(super) fn write(policy: &Policy) -> Result<Vec<Yaml>, Unwritable> {
    policy
        .node_ports
        .chunk_by(|one, next| one.service == next.service)
        .map(|ports| service(policy, ports))
        .collect()
}

fn service(policy: &Policy, ports: &[NodePort]) -> Result<Yaml, Unwritable> {
    let name = &ports[0].service;
    let cannot = |why: &str| Unwritable::because(format!("service {name}"), why);
    let wanted: BTreeSet<usize> = (ports.iter())
        .flat_map(|port| &port.backends)
        .map(|backend| backend.workload)
        .collect();
    let selector = common(wanted.iter().map(|index| &policy.workloads[*index]));
    if selector.is_empty() {
        return Err(cannot("its backends have no label in common"));
    }
    let selects = |workload: &Workload| {
        let has = |(key, value)| workload.labels.get(key) == Some(value);
        workload.name.namespace == name.namespace && selector.iter().all(has)
    };
    let selected: Vec<usize> = (policy.workloads.iter().enumerate())
        .filter(|(_, workload)| selects(workload))
        .map(|(index, _)| index)
        .collect();
    let mut written = Vec::with_capacity(ports.len());
    for port in ports {
        let target = target(policy, port, &selected).ok_or_else(|| {
            cannot("no selector and target port lead to its backends and to nobody else")
        })?;
        let port = Map::default()
            .with("name", format!("port-{}", written.len()))
            .with("port", Yaml::number(port.node_port.port))
            .with("targetPort", target)
            .with("nodePort", Yaml::number(port.node_port.port))
            .with("protocol", port.node_port.protocol.name().to_uppercase());
        written.push(Yaml::from(port).on_one_line());
    }
    let metadata = Map::default()
        .with("name", name.name.as_str())
        .with("namespace", name.namespace.as_str());
    let spec = Map::default()
        .with("type", "NodePort")
        .with("selector", Yaml::from(labels(&selector)).on_one_line())
        .with("ports", Yaml::List(written));
    Ok(manifest("v1", "Service", metadata)
        .with("spec", spec)
        .into())
}

/// The number that all backends have, or a name that they and no other workload
/// that is selected have a port of.
fn target(policy: &Policy, port: &NodePort, selected: &[usize]) -> Option<Yaml> {
    let first = port.backends.first()?;
    let is_everybody =
        (port.backends.iter().map(|backend| backend.workload)).eq(selected.iter().copied());
    let is_same = (port.backends.iter()).all(|backend| backend.port == first.port);
    if is_everybody && is_same {
        return Some(Yaml::number(first.port));
    }
    let protocol = port.node_port.protocol;
    let leads_there = |name: &str| {
        let found = selected.iter().filter_map(|index| {
            let number = policy.workloads[*index].named_port(name, protocol)?;
            Some((*index, number))
        });
        let wanted = port
            .backends
            .iter()
            .map(|backend| (backend.workload, backend.port));
        found.eq(wanted)
    };
    (policy.workloads[first.workload].named_ports.iter())
        .find(|named| leads_there(&named.name))
        .map(|named| Yaml::text(&named.name))
}

/// The labels that all have, but for those that Cilium derives: a Service does not
/// see them.
fn common<'w>(mut workloads: impl Iterator<Item = &'w Workload>) -> Labels {
    let mut common = match workloads.next() {
        Some(first) => first.labels.clone(),
        None => return Labels::new(),
    };
    common.retain(|key, _| !key.starts_with("io.cilium.") && !key.starts_with("io.kubernetes."));
    for other in workloads {
        common.retain(|key, value| other.labels.get(key) == Some(value));
    }
    common
}
