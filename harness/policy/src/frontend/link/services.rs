//! Node ports and who stands behind them.

use std::collections::BTreeMap;

use super::super::manifest::{Remark, Remarks, Service, ServicePort, TargetPort};
use super::super::network::Network;
use super::super::problems::Problems;
use super::super::suggest::did_you_mean;
use super::Setting;
use super::index::Index;
use crate::diagnostic::{Diagnostic, Location};
use crate::model::{self, Backend, NodePort, Workload};
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Family;

/// Every service with whom it selects, in the order of the manifests.
pub(super) fn described(
    services: &[Service],
    workloads: &[Workload],
    index: &Index<'_>,
) -> Vec<model::Service> {
    (services.iter())
        .map(|service| {
            let selected = (service.selector.as_ref())
                .map(|(labels, _)| index.selected(&service.name, labels));
            let port = |port: &ServicePort| model::ServicePort {
                name: port.name.clone(),
                port: ProtoPort {
                    port: port.number,
                    protocol: port.protocol,
                },
                node_port: port.node_port,
                backends: (selected.as_ref())
                    .and_then(|selected| backends(&port.target, port.protocol, selected, workloads))
                    .unwrap_or_default(),
                location: port.location.clone(),
            };
            model::Service {
                name: service.name.clone(),
                kind: service.kind,
                ports: service.ports.iter().map(port).collect(),
                selected,
                source_ranges: service.source_ranges.clone(),
                balancers: service.balancers.clone(),
                keeps_client: service.keeps_client,
                location: service.location.clone(),
            }
        })
        .collect()
}

/// The node ports of all services, in the order of the manifests.
pub(super) fn node_ports(
    services: Vec<Service>,
    workloads: &[Workload],
    index: &Index<'_>,
    network: &Network,
    setting: Setting,
    remarks: &mut Remarks,
    problems: &mut Problems,
) -> Vec<NodePort> {
    let mut node_ports: Vec<NodePort> = Vec::new();
    let mut taken: BTreeMap<ProtoPort, Location> = BTreeMap::new();
    for service in services {
        let Some((selector, place)) = &service.selector else {
            continue;
        };
        let at_node = service.ports.iter().any(|port| port.node_port.is_some());
        if at_node {
            check_families(&service, network, setting, remarks, problems);
        }
        let selected = index.selected(&service.name, selector);
        if selected.is_empty() {
            let problem = Diagnostic::error(
                "service-without-backend",
                place,
                format!("the Service {} selects no workload", service.name),
                index.near(&service.name, selector),
            );
            problems.push(match setting {
                Setting::Scenario if at_node => problem,
                Setting::Scenario | Setting::Cluster(_) => problem.into_warning(),
            });
        }
        for port in &service.ports {
            let Some(node_port) = port.at_node() else {
                if !selected.is_empty() {
                    backends(&port.target, port.protocol, &selected, workloads)
                        .or_else(|| unnamed(&service, port, &selected, workloads, problems));
                }
                continue;
            };
            if let Some(earlier) = taken.get(&node_port) {
                problems.push(
                    Diagnostic::error(
                        "duplicate-node-port",
                        &port.location,
                        format!("node port {node_port} is taken"),
                        "give each port of each Service a node port of its own",
                    )
                    .with_label(earlier, "by this port"),
                );
                continue;
            }
            taken.insert(node_port, port.location.clone());
            if selected.is_empty() {
                continue;
            }
            let found = backends(&port.target, port.protocol, &selected, workloads)
                .or_else(|| unnamed(&service, port, &selected, workloads, problems));
            if let Some(backends) = found {
                node_ports.push(NodePort {
                    service: service.name.clone(),
                    node_port,
                    backends,
                    location: port.location.clone(),
                });
            }
        }
    }
    node_ports
}

/// The workloads with their ports; those that have no port of the name are no
/// backends. `None` if none has.
fn backends(
    target: &TargetPort,
    protocol: Protocol,
    selected: &[usize],
    workloads: &[Workload],
) -> Option<Vec<Backend>> {
    let found: Vec<Backend> = (selected.iter())
        .filter_map(|number| {
            let port = match target {
                TargetPort::Number(port) => *port,
                TargetPort::Named(name) => workloads[*number].named_port(name, protocol)?,
            };
            Some(Backend {
                workload: *number,
                port,
            })
        })
        .collect();
    (!found.is_empty()).then_some(found)
}

/// Says that no backend has the port that a service names.
fn unnamed(
    service: &Service,
    port: &ServicePort,
    selected: &[usize],
    workloads: &[Workload],
    problems: &mut Problems,
) -> Option<Vec<Backend>> {
    let TargetPort::Named(name) = &port.target else {
        return None;
    };
    let all = || (selected.iter()).flat_map(|number| &workloads[*number].named_ports);
    let help = match all().find(|named| named.name == *name) {
        Some(other) => format!("there it is {}: write its protocol", other.port),
        None => {
            let names: std::collections::BTreeSet<&str> =
                all().map(|named| named.name.as_str()).collect();
            did_you_mean(name, names)
        }
    };
    problems.warn(
        "port-without-backend",
        &port.target_location,
        format!(
            "no workload behind the Service {} has a {} port '{name}'",
            service.name, port.protocol
        ),
        help,
    );
    None
}

/// A Service of one family alone is not reached by the other; here every node
/// port is delivered at every address of the node.
fn check_families(
    service: &Service,
    network: &Network,
    setting: Setting,
    remarks: &mut Remarks,
    problems: &mut Problems,
) {
    let Some((families, location)) = &service.families else {
        return;
    };
    let node = network.families();
    if node.len() == 1 && families.is_empty() {
        return;
    }
    let missing: Vec<String> = (node.iter())
        .filter(|family| !families.contains(family))
        .map(Family::to_string)
        .collect();
    if missing.is_empty() {
        return;
    }
    match setting {
        Setting::Cluster(_) => remarks.add(Remark::OneFamily, location),
        Setting::Scenario => problems.error(
            "unsupported-field",
            location,
            format!(
                "the Service {} would not be reached by {}, but the node has such an address",
                service.name,
                missing.join(" and ")
            ),
            "this version delivers a node port at every address of the node: use 'ipFamilyPolicy: \
             PreferDualStack', or give the node addresses of the Service's family only",
        ),
    }
}
