//! A cluster on paper: manifests alone, without a scenario around them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::link::{self, HostNetwork, Linked, Setting};
use super::manifest::{self, Objects, Strangers};
use super::network::{Claims, DEFAULT_MTU, Network, usable};
use super::prefilter::Prefilters;
use super::problems::Problems;
use crate::coverage::Coverage;
use crate::diagnostic::{Diagnostic, Location, SourceFile};
use crate::model::{Choices, Labels, Policy};
use crate::prefix::Family;
use crate::topology::TopologyPlan;

/// The node's IPv4 address if no Node is among the manifests, or it has none: of
/// a range for documentation (RFC 5737). The next one is taken if it is in use.
const NODE_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

/// The same for IPv6 (RFC 3849).
const NODE_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x10);

/// Readings of manifests that are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClusterOptions {
    /// What upstream leaves to the implementation.
    pub choices: Choices,
    /// What pods in the node's network are.
    pub host_network: HostNetwork,
}

/// What manifests amount to.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Everything that decides about a packet.
    pub policy: Policy,
    /// The network to judge it in: one node with addresses of both families. No
    /// hosts.
    pub topology: TopologyPlan,
    /// How much of each rule is enforced.
    pub coverage: Coverage,
    /// Notes and warnings, in the order of the files.
    pub notes: Vec<Diagnostic>,
}

/// Reads manifests as one cluster of one node.
///
/// A workload has the addresses of its status. Where it has none, or they are
/// another's, it gets some of 10.244.0.0/16 and fd00:10:244::/64, in the order of
/// the files, leaving out those that are in use; the node has that of the first
/// Node object, or else 192.0.2.10 and 2001:db8::10. Documents that are no
/// manifests are passed over with a warning.
///
/// # Errors
/// Everything that is wrong, with notes and warnings, in the order of the files'
/// text.
pub fn cluster(
    files: &[Arc<SourceFile>],
    options: &ClusterOptions,
) -> Result<Cluster, Vec<Diagnostic>> {
    let mut problems = Problems::default();
    let Linked {
        policy,
        topology,
        coverage,
    } = linked(files, options, &mut problems);
    let any_error = problems.any_error();
    let notes = problems.into_sorted(files);
    if any_error {
        return Err(notes);
    }
    Ok(Cluster {
        policy,
        topology,
        coverage,
        notes,
    })
}

/// Everything that could be read, in its place.
pub(super) fn linked(
    files: &[Arc<SourceFile>],
    options: &ClusterOptions,
    problems: &mut Problems,
) -> Linked {
    let mut objects = Objects {
        strangers: Strangers::PassOver,
        ..Objects::default()
    };
    for file in files {
        manifest::read(file, &mut objects, problems);
    }
    let network = network(&objects, problems);
    let setting = Setting::Cluster(options.host_network);
    link::link(
        &network,
        objects,
        Prefilters::default(),
        options.choices,
        setting,
        problems,
    )
}

/// The node alone, with an address of each family.
fn network(objects: &Objects, problems: &mut Problems) -> Network {
    let mut claims = Claims::default();
    let mut node: Vec<IpAddr> = Vec::new();
    let mut owners: BTreeMap<IpAddr, &Location> = BTreeMap::new();
    for (number, object) in objects.nodes.iter().enumerate() {
        for (address, location) in &object.addresses {
            if let Some(first) = owners.insert(*address, location) {
                problems.push(
                    Diagnostic::error(
                        "address-clash",
                        location,
                        format!("{address} already belongs to another node"),
                        "give each node addresses of its own",
                    )
                    .with_label(first, "the other one has it"),
                );
                continue;
            }
            let family = Family::of(*address);
            let has_one = node.iter().any(|own| Family::of(*own) == family);
            if number == 0 && !has_one && claims.claim("the node", *address, location, problems) {
                node.push(*address);
            }
        }
    }
    let in_use = in_use(objects);
    for family in [Family::V4, Family::V6] {
        if !node.iter().any(|own| Family::of(*own) == family) {
            node.push(free(family, &in_use));
        }
    }
    node.sort();
    claims.reserve(&node);
    Network {
        node,
        node_labels: Labels::new(),
        hosts: Vec::new(),
        known_hosts: Vec::new(),
        namespaces: BTreeMap::new(),
        workloads: Vec::new(),
        claims,
        mtu: DEFAULT_MTU,
    }
}

/// Every address that an object gives.
fn in_use(objects: &Objects) -> BTreeSet<IpAddr> {
    let of_nodes = objects.nodes.iter().flat_map(|node| &node.addresses);
    let of_workloads = (objects.workloads.iter()).flat_map(|workload| &workload.addresses);
    let of_services = (objects.services.iter()).flat_map(|service| &service.addresses);
    (of_nodes.chain(of_workloads).map(|(address, _)| *address))
        .chain(of_services.copied())
        .collect()
}

/// The first address for a node that is not in use.
fn free(family: Family, in_use: &BTreeSet<IpAddr>) -> IpAddr {
    let nth = |n: usize| -> IpAddr {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        match family {
            Family::V4 => Ipv4Addr::from_bits(NODE_V4.to_bits().wrapping_add(n)).into(),
            Family::V6 => Ipv6Addr::from_bits(NODE_V6.to_bits() + u128::from(n)).into(),
        }
    };
    // Among more candidates than there are addresses in use, one is free.
    (0..=in_use.len())
        .map(nth)
        .find(|address| usable(*address) && !in_use.contains(address))
        .unwrap_or_else(|| nth(0))
}
