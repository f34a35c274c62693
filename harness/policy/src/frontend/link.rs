//! Puts workloads, services and policies together.

use std::collections::BTreeMap;

use super::addresses::Addresses;
use super::checks;
use super::manifest::policy::ServiceFacts;
use super::manifest::{self, Objects, Service};
use super::network::Network;
use super::prefilter::Prefilters;
use super::problems::Problems;
use super::suggest::closest;
use crate::diagnostic::{Diagnostic, Location};
use crate::model::{Backend, Choices, Labels, Node, NodePort, ObjectName, Policy, Workload};
use crate::port::ProtoPort;
use crate::topology::{Forward, TopologyPlan, WorkloadPlan};

/// The policy that the scenario's parts make.
pub(super) fn link(
    network: &Network,
    objects: Objects,
    prefilters: Prefilters,
    choices: Choices,
    problems: &mut Problems,
) -> Policy {
    let workloads = workloads(network);
    let mut node_ports: Vec<NodePort> = Vec::new();
    let mut taken: BTreeMap<ProtoPort, Location> = BTreeMap::new();
    let service_facts: Vec<ServiceFacts> = (objects.services.iter())
        .map(|service| ServiceFacts {
            name: service.name.clone(),
            labels: Labels::new(),
            selector: service.selector.clone(),
        })
        .collect();
    for service in objects.services {
        check_families(&service, network, problems);
        let backends = selected(&workloads, &service.name, &service.selector);
        if backends.is_empty() {
            let help = near_label(&workloads, &service.name.namespace, &service.selector);
            problems.error(
                "service-without-backend",
                &service.selector_location,
                format!("the Service {} selects no workload", service.name),
                help,
            );
        }
        for port in service.ports {
            if let Some(earlier) = taken.get(&port.node_port) {
                problems.push(
                    Diagnostic::error(
                        "duplicate-node-port",
                        &port.location,
                        format!("node port {} is taken", port.node_port),
                        "give each port of each Service a node port of its own",
                    )
                    .with_label(earlier, "by this port"),
                );
                continue;
            }
            taken.insert(port.node_port, port.location.clone());
            if !backends.is_empty() {
                node_ports.push(NodePort {
                    service: service.name.clone(),
                    node_port: port.node_port,
                    backends: (backends.iter())
                        .map(|workload| Backend {
                            workload: *workload,
                            port: port.target_port,
                        })
                        .collect(),
                    location: port.location,
                });
            }
        }
    }
    let mut policy = Policy {
        namespaces: (network.namespaces.iter())
            .map(|(name, (labels, _))| (name.clone(), labels.clone()))
            .collect(),
        node: Node {
            addresses: network.node.clone(),
            labels: network.node_labels.clone(),
        },
        workloads,
        known_hosts: network.known_hosts.clone(),
        node_ports,
        deny_list: prefilters.deny_list,
        prefilters: prefilters.of_ports,
        network_policies: Vec::new(),
        choices,
    };
    let linked = manifest::policy::link(
        objects.policies,
        &objects.cidr_groups,
        &service_facts,
        problems,
    );
    policy.network_policies = linked.policies;
    checks::check(&policy, problems);
    policy
}

/// The workloads of the topology, each with an address for each family of the
/// node.
fn workloads(network: &Network) -> Vec<Workload> {
    let mut free = Addresses::new(&network.claims);
    (network.workloads.iter())
        .map(|workload| {
            let addresses = match workload.host_network {
                true => network.node.clone(),
                false => free.complete(&workload.addresses, &network.families()),
            };
            Workload {
                name: workload.name.clone(),
                kind: "Pod".to_owned(),
                labels: workload.labels.clone(),
                known_addresses: addresses.clone(),
                addresses,
                named_ports: workload.named_ports.clone(),
                host_network: workload.host_network,
                location: workload.location.clone(),
            }
        })
        .collect()
}

/// The network that goes with the policy.
pub(super) fn topology(network: &Network, policy: &Policy) -> TopologyPlan {
    let listen = |workload: &Workload| {
        let declared = (network.workloads.iter()).find(|declared| declared.name == workload.name);
        declared.map_or_else(Vec::new, |declared| declared.listen.clone())
    };
    TopologyPlan {
        node: network.node.clone(),
        hosts: (network.hosts.iter())
            .map(|(host, _)| host.clone())
            .collect(),
        workloads: (policy.workloads.iter())
            .map(|workload| WorkloadPlan {
                name: short_name(policy, workload),
                addresses: workload.addresses.clone(),
                host_network: workload.host_network,
                listen: listen(workload),
            })
            .collect(),
        forwards: forwards(policy),
        mtu: network.mtu,
    }
}

/// The name alone where no other workload has it, else with the namespace.
fn short_name(policy: &Policy, workload: &Workload) -> String {
    let alike = (policy.workloads.iter()).filter(|other| other.name.name == workload.name.name);
    match alike.count() {
        1 => workload.name.name.clone(),
        _ => workload.name.to_string(),
    }
}

/// Where frames to node ports are delivered: the first backend.
fn forwards(policy: &Policy) -> Vec<Forward> {
    (policy.node_ports.iter())
        .filter_map(|port| {
            let Backend {
                workload,
                port: target_port,
            } = *port.backends.first()?;
            Some(Forward {
                node_port: port.node_port,
                workload,
                target_port,
            })
        })
        .collect()
}

/// Workloads of the object's namespace that have all the labels.
fn selected(workloads: &[Workload], object: &ObjectName, selector: &Labels) -> Vec<usize> {
    let matches = |workload: &Workload| {
        workload.name.namespace == object.namespace
            && (selector.iter()).all(|(key, value)| workload.labels.get(key) == Some(value))
    };
    (workloads.iter().enumerate())
        .filter(|(_, workload)| matches(workload))
        .map(|(index, _)| index)
        .collect()
}

/// What a selector that matches nothing may have meant.
fn near_label(workloads: &[Workload], namespace: &str, selector: &Labels) -> String {
    let here: Vec<&Workload> = (workloads.iter())
        .filter(|workload| workload.name.namespace == namespace)
        .collect();
    if here.is_empty() {
        return format!("the namespace '{namespace}' has no workload");
    }
    let labels: Vec<String> = (here.iter())
        .flat_map(|workload| &workload.labels)
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    for (key, value) in selector {
        let wanted = format!("{key}: {value}");
        if !labels.contains(&wanted) {
            let near = closest(&wanted, labels.iter().map(String::as_str));
            return match near {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("no workload of the namespace '{namespace}' has '{wanted}'"),
            };
        }
    }
    "each label is there, but no workload has all of them".to_owned()
}

/// A Service of one family alone is not reached by the other; here every node
/// port is delivered at every address of the node.
fn check_families(service: &Service, network: &Network, problems: &mut Problems) {
    let Some((families, location)) = &service.families else {
        return;
    };
    let node = network.families();
    if node.len() == 1 && families.is_empty() {
        return;
    }
    let missing: Vec<String> = (node.iter())
        .filter(|family| !families.contains(family))
        .map(ToString::to_string)
        .collect();
    if !missing.is_empty() {
        problems.error(
            "unsupported-field",
            location,
            format!(
                "the Service {} would not be reached by {}, but the node has such an address",
                service.name,
                missing.join(" and ")
            ),
            "this version delivers a node port at every address of the node: use 'ipFamilyPolicy: \
             PreferDualStack', or give the node addresses of the Service's family only",
        );
    }
}
