//! Puts workloads, services and policies together.

mod cast;
mod index;
mod keys;
mod replicas;
mod services;
mod settle;
mod stand_in;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::checks;
use super::manifest::policy::{self, Resolved, ServiceFacts};
use super::manifest::{Objects, Service};
use super::network::Network;
use super::prefilter::Prefilters;
use super::problems::Problems;
use crate::coverage::Coverage;
use crate::model::{self, Choices, Policy};
use crate::topology::{Forward, TopologyPlan, WorkloadPlan};
use cast::Cast;
use index::Index;

/// How what manifests say is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// They belong to a scenario, which says what is to be judged: what cannot
    /// be is an error, and names are short.
    Scenario,
    /// They are a cluster, of which as much is judged as can be.
    Cluster(HostNetwork),
}

/// What pods in the node's network are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostNetwork {
    /// The node, as they are in Kubernetes and Cilium: policies for workloads do
    /// not select them.
    #[default]
    AsNode,
    /// Workloads like any other, each with an address of its own.
    AsWorkloads,
}

/// Everything in its place.
#[derive(Debug)]
pub(super) struct Linked {
    pub(super) policy: Policy,
    pub(super) topology: TopologyPlan,
    pub(super) coverage: Coverage,
}

/// The policy and the network that a topology and objects make.
pub(super) fn link(
    network: &Network,
    objects: Objects,
    prefilters: Prefilters,
    choices: Choices,
    setting: Setting,
    problems: &mut Problems,
) -> Linked {
    let Objects {
        namespaces,
        nodes,
        workloads,
        services,
        policies,
        cidr_groups,
        described,
        mut remarks,
        ref passed,
        strangers: _,
        broken: _,
        seen: _,
    } = objects;
    let of_statuses = workloads.iter().flat_map(|workload| &workload.addresses);
    let of_topology = (network.workloads.iter()).flat_map(|workload| &workload.addresses);
    let given: BTreeSet<IpAddr> = (of_statuses.map(|(address, _)| *address))
        .chain(of_topology.copied())
        .collect();
    let facts: Vec<ServiceFacts> = services.iter().map(facts).collect();
    let Resolved {
        policies: network_policies,
        dry_run,
        coverage,
    } = policy::link(policies, &cidr_groups, &facts, problems);
    let all_policies = || network_policies.iter().chain(&dry_run);
    let keys = keys::selected_by(&services, all_policies());
    let standing = replicas::collapse(workloads, &keys, &mut remarks, problems);
    stand_in::check(&standing, all_policies(), choices, problems);
    let Cast {
        namespaces,
        node,
        known_hosts,
        workloads,
        listen,
    } = cast::cast(
        network,
        cast::Given {
            namespaces,
            nodes,
            standing,
            services: &services,
            setting,
        },
        &mut remarks,
        problems,
    );
    let index = Index::of(&workloads);
    let objects = model::Objects {
        described,
        services: services::described(&services, &workloads, &index),
    };
    let node_ports = services::node_ports(
        services,
        &workloads,
        &index,
        network,
        setting,
        &mut remarks,
        problems,
    );
    let policy = Policy {
        namespaces,
        node,
        workloads,
        known_hosts,
        node_ports,
        deny_list: prefilters.deny_list,
        prefilters: prefilters.of_ports,
        network_policies,
        dry_run,
        choices,
        objects: Arc::new(objects),
    };
    checks::check(&policy, &given, problems);
    checks::gaps(&coverage, problems);
    passed.note(problems);
    remarks.note(problems);
    let topology = topology(network, &policy, listen, setting);
    Linked {
        policy,
        topology,
        coverage,
    }
}

fn facts(service: &Service) -> ServiceFacts {
    ServiceFacts {
        name: service.name.clone(),
        labels: service.labels.clone(),
        selector: (service.selector.as_ref())
            .map(|(labels, _)| labels.clone())
            .unwrap_or_default(),
    }
}

/// The network that goes with the policy.
fn topology(
    network: &Network,
    policy: &Policy,
    listen: Vec<Vec<crate::port::ProtoPort>>,
    setting: Setting,
) -> TopologyPlan {
    let names = cast::names(&policy.workloads, setting);
    TopologyPlan {
        node: network.node.clone(),
        hosts: (network.hosts.iter())
            .map(|(host, _)| host.clone())
            .collect(),
        workloads: (policy.workloads.iter().zip(names).zip(listen))
            .map(|((workload, name), listen)| WorkloadPlan {
                name,
                addresses: workload.addresses.clone(),
                host_network: workload.host_network,
                listen,
            })
            .collect(),
        forwards: forwards(policy),
        mtu: network.mtu,
    }
}

/// Where frames to node ports are delivered: the first backend.
fn forwards(policy: &Policy) -> Vec<Forward> {
    (policy.node_ports.iter())
        .filter_map(|port| {
            let first = port.backends.first()?;
            Some(Forward {
                node_port: port.node_port,
                workload: first.workload,
                target_port: first.port,
            })
        })
        .collect()
}
