//! What prefilter and policy say, each by itself.

use std::net::IpAddr;

use super::{PolicyStage, PrefilterStage, Stages};
use crate::model::{
    CidrSource, DefaultAction, NetworkPolicy, NodePort, Policy, Ports, RuleAction, RuleRef,
    Sources, Workload,
};
use crate::port::ProtoPort;
use crate::prefix::Prefix;

/// Both stages at a port, or `None` if nothing protects it.
pub(super) fn stages(policy: &Policy, node_port: ProtoPort, source: IpAddr) -> Option<Stages> {
    let prefilter = prefilter(policy, node_port, source);
    let service = policy
        .node_ports
        .iter()
        .find(|service| service.node_port == node_port);
    if prefilter.is_none() && service.is_none() {
        return None;
    }
    Some(Stages {
        node_port,
        prefilter,
        policy: service.map_or(PolicyStage::NotSelected, |service| {
            network_policy(policy, service, source)
        }),
    })
}

fn prefilter(policy: &Policy, node_port: ProtoPort, source: IpAddr) -> Option<PrefilterStage> {
    let (index, prefilter) = (policy.prefilters.iter().enumerate())
        .find(|(_, prefilter)| prefilter.node_port == node_port)?;
    let mut rules = Vec::new();
    for (entry, allowed) in prefilter.allow.iter().enumerate() {
        if is_inside(source, allowed.prefix) {
            rules.push(RuleRef::PrefilterAllow {
                prefilter: index,
                entry,
            });
        }
    }
    let listed = !rules.is_empty();
    if !listed {
        rules.push(RuleRef::PrefilterDefault { prefilter: index });
    }
    Some(PrefilterStage {
        prefilter: index,
        rules,
        passes: listed || prefilter.default == DefaultAction::Pass,
        bypasses: prefilter.bypass_policy,
    })
}

fn network_policy(policy: &Policy, service: &NodePort, source: IpAddr) -> PolicyStage {
    let workload = &policy.workloads[service.backends[0]];
    let target = ProtoPort {
        port: service.target_port,
        protocol: service.node_port.protocol,
    };
    let mut defaults = Vec::new();
    let mut allowing = Vec::new();
    let mut denying = Vec::new();
    for (index, network_policy) in policy.network_policies.iter().enumerate() {
        if !selects(network_policy, workload) {
            continue;
        }
        defaults.push(RuleRef::DefaultDeny { policy: index });
        for (rule_index, rule) in network_policy.rules.iter().enumerate() {
            if !has_port(&rule.ports, target) {
                continue;
            }
            let matching = match rule.action {
                RuleAction::Allow => &mut allowing,
                RuleAction::Deny => &mut denying,
            };
            for entry in entries_with(&rule.sources, source) {
                matching.push(RuleRef::Policy {
                    policy: index,
                    rule: rule_index,
                    entry,
                });
            }
        }
    }
    if defaults.is_empty() {
        PolicyStage::NotSelected
    } else if !denying.is_empty() {
        PolicyStage::Denied(denying)
    } else if !allowing.is_empty() {
        PolicyStage::Allowed(allowing)
    } else {
        PolicyStage::DefaultDenied(defaults)
    }
}

fn selects(policy: &NetworkPolicy, workload: &Workload) -> bool {
    policy.name.namespace == workload.name.namespace
        && (policy.selector.iter()).all(|(key, value)| workload.labels.get(key) == Some(value))
}

fn has_port(ports: &Ports, target: ProtoPort) -> bool {
    match ports {
        Ports::All => true,
        Ports::Listed(listed) => listed.iter().any(|one| {
            one.port.is_none_or(|port| port == target.port)
                && one
                    .protocol
                    .is_none_or(|protocol| protocol == target.protocol)
        }),
    }
}

/// Indices of a rule's entries that match `source`.
fn entries_with(sources: &Sources, source: IpAddr) -> Vec<usize> {
    match sources {
        Sources::Any => vec![0],
        Sources::Nobody => vec![],
        Sources::Cidrs(entries) => {
            let matching = entries.iter().enumerate().filter(|(_, entry)| {
                let CidrSource {
                    cidr,
                    except,
                    location: _,
                } = entry;
                is_inside(source, *cidr) && !except.iter().any(|hole| is_inside(source, *hole))
            });
            matching.map(|(index, _)| index).collect()
        }
    }
}

/// Whether the first bits of the address are those of the prefix.
fn is_inside(address: IpAddr, prefix: Prefix) -> bool {
    let length = u32::from(prefix.length());
    match (address, prefix.first()) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            address.to_bits() & mask == network.to_bits()
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            address.to_bits() & mask == network.to_bits()
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}
