//! Prefixes that hold addresses of workloads, which they do not match.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Found;
use crate::diagnostic::Diagnostic;
use crate::model::{PeerKind, Peers, Policy, PolicyKind, Workload};

pub(super) fn check(policy: &Policy, given: &BTreeSet<IpAddr>, found: &mut Found) {
    let mut addresses: Vec<(IpAddr, &Workload)> = (policy.workloads.iter())
        .filter(|workload| !workload.host_network)
        .flat_map(|workload| {
            (workload.known_addresses.iter()).map(move |address| (*address, workload))
        })
        .filter(|(address, _)| given.contains(address))
        .collect();
    addresses.sort_by_key(|(address, _)| *address);
    for network_policy in policy.all_network_policies() {
        let (matches, instead) = match network_policy.kind {
            PolicyKind::Kubernetes => (
                policy.choices.ip_blocks_match_workloads,
                "podSelector and namespaceSelector",
            ),
            PolicyKind::Cilium | PolicyKind::CiliumClusterwide => (
                policy.choices.cidrs_match_workloads,
                "fromEndpoints or toEndpoints",
            ),
        };
        if matches {
            continue;
        }
        for rule in &network_policy.rules {
            let Peers::Listed(peers) = &rule.peers else {
                continue;
            };
            for peer in peers {
                let PeerKind::Cidr(cidr) = &peer.kind else {
                    continue;
                };
                // Everything means the world to whoever writes it.
                if cidr.prefix.length() == 0 {
                    continue;
                }
                let start = addresses.partition_point(|(at, _)| *at < cidr.prefix.first());
                let inside = (addresses[start..].iter())
                    .take_while(|(address, _)| cidr.prefix.contains(*address))
                    .find(|(at, _)| !cidr.except.iter().any(|hole| hole.contains(*at)));
                if let Some((address, workload)) = inside {
                    found.add("cidr-covers-workloads", || {
                        Diagnostic::error(
                            "cidr-covers-workloads",
                            &peer.location,
                            format!(
                                "{} holds {address} of {workload}, but prefixes match no workload",
                                cidr.prefix
                            ),
                            format!("name workloads by {instead}"),
                        )
                        .into_warning()
                        .with_label(&workload.location, "in the prefix, and not meant by it")
                    });
                }
            }
        }
    }
}
