//! What a rule says about somebody, in a clause.

use std::net::IpAddr;

use netverdict_policy::model::{
    DefaultAction, PeerKind, Peers, Policy, Ports, RuleAction, RuleRef,
};
use netverdict_policy::oracle::PrefilterStage;

/// How a prefilter came to pass `source`.
pub(super) fn how_it_passes(policy: &Policy, stage: &PrefilterStage, source: IpAddr) -> String {
    let listed = stage
        .rules
        .iter()
        .find(|rule| matches!(rule, RuleRef::PrefilterAllow { .. }));
    match listed {
        Some(rule) => matching(policy, *rule, &source.to_string()),
        None if policy.prefilters[stage.prefilter].allow.is_empty() => {
            "passes by default what its allow list (which is empty) does not hold".to_owned()
        }
        None => "passes by default what its allow list does not hold".to_owned(),
    }
}

/// What `rule` says about `who`.
pub(super) fn matching(policy: &Policy, rule: RuleRef, who: &str) -> String {
    match rule {
        RuleRef::DenyList { entry } => {
            let prefix = policy.deny_list[entry].prefix;
            format!("the deny list for every port has {prefix}, which holds {who}")
        }
        RuleRef::PrefilterDeny { prefilter, entry } => {
            let prefilter = &policy.prefilters[prefilter];
            let prefix = prefilter.deny[entry].prefix;
            format!(
                "the prefilter of {} has {prefix} on its deny list, which holds {who}",
                prefilter.node_port
            )
        }
        RuleRef::PrefilterAllow { prefilter, entry } => {
            let prefix = policy.prefilters[prefilter].allow[entry].prefix;
            format!("has {prefix} on its allow list, which holds {who}")
        }
        RuleRef::PrefilterDefault { prefilter } => match policy.prefilters[prefilter].default {
            DefaultAction::Pass => "the prefilter passes by default".to_owned(),
            DefaultAction::Drop => "the prefilter drops by default".to_owned(),
        },
        RuleRef::Policy {
            policy: index,
            rule,
            peer,
        } => {
            let network_policy = policy.network_policy(index);
            let name = &network_policy.name;
            let rule = &network_policy.rules[rule];
            let verb = match rule.action {
                RuleAction::Allow => "allows",
                RuleAction::Deny => "denies",
            };
            let ports = match rule.ports {
                Ports::All => "",
                Ports::Listed(_) => ", on this port",
            };
            let whom = match &rule.peers {
                Peers::Any => format!("everybody, {who} among them"),
                Peers::Listed(peers) => whom(&peers[peer].kind, who),
            };
            format!("policy {name} {verb} {whom}{ports}")
        }
        RuleRef::DefaultDeny { policy: index } => {
            let name = &policy.network_policy(index).name;
            format!("policy {name} isolates the workload, and no rule allows {who}")
        }
        RuleRef::NodeReachesWorkloads => {
            format!("the node reaches its workloads whatever policies say, and {who} is the node")
        }
    }
}

fn whom(peer: &PeerKind, who: &str) -> String {
    match peer {
        PeerKind::Cidr(cidr) => format!("{}, which holds {who}", cidr.prefix),
        PeerKind::Workloads(_) => format!("workloads that its selector matches, {who} among them"),
        PeerKind::Nodes(_) => format!("nodes that its selector matches, {who} among them"),
        PeerKind::Entity(entity) => {
            format!("the entity '{}', which {who} is of", entity.name())
        }
    }
}
