//! What the prefilter says.

use std::net::IpAddr;

use super::PrefilterStage;
use super::address::is_inside;
use crate::model::{DefaultAction, ListedSource, Policy, RuleRef};
use crate::port::ProtoPort;

/// Entries of the deny list for every port that hold the source.
pub(super) fn deny_list(policy: &Policy, source: IpAddr) -> Vec<RuleRef> {
    let entries = entries_with(&policy.deny_list, source);
    entries.map(|entry| RuleRef::DenyList { entry }).collect()
}

/// The prefilter of the port, if it has one. A deny beats everything else.
pub(super) fn stage(policy: &Policy, port: ProtoPort, source: IpAddr) -> Option<PrefilterStage> {
    let (index, prefilter) = (policy.prefilters.iter().enumerate())
        .find(|(_, prefilter)| prefilter.node_port == port)?;
    let denying: Vec<RuleRef> = entries_with(&prefilter.deny, source)
        .map(|entry| RuleRef::PrefilterDeny {
            prefilter: index,
            entry,
        })
        .collect();
    let allowing: Vec<RuleRef> = entries_with(&prefilter.allow, source)
        .map(|entry| RuleRef::PrefilterAllow {
            prefilter: index,
            entry,
        })
        .collect();
    let (passes, rules) = if !denying.is_empty() {
        (false, denying)
    } else if !allowing.is_empty() {
        (true, allowing)
    } else {
        let default = RuleRef::PrefilterDefault { prefilter: index };
        (prefilter.default == DefaultAction::Pass, vec![default])
    };
    Some(PrefilterStage {
        prefilter: index,
        node_port: port,
        rules,
        passes,
        bypasses: prefilter.bypass_policy,
    })
}

fn entries_with(list: &[ListedSource], source: IpAddr) -> impl Iterator<Item = usize> {
    (list.iter().enumerate())
        .filter(move |(_, listed)| is_inside(source, listed.prefix))
        .map(|(entry, _)| entry)
}
