//! Prefilters: lists of sources, and who stands behind the port.

use std::collections::{BTreeMap, BTreeSet};

use super::number::Numbers;
use super::precedence::{Nested, Says, Statement, settle};
use crate::image::{PrefilterImage, RuleId, Verdict};
use crate::model::{DefaultAction, ListedSource, Policy, Prefilter, RuleRef};
use crate::prefix::Prefix;

impl Nested for Prefix {
    fn covers(self, other: Self) -> bool {
        Prefix::covers(self, other)
    }
}

/// Sources that are dropped whatever the port; of equal prefixes the first is named.
pub(super) fn deny_list(policy: &Policy, numbers: &mut Numbers) -> BTreeMap<Prefix, RuleId> {
    let mut list = statements(&policy.deny_list, Says::Deny);
    settle(&mut list);
    let entries = list.into_iter().map(|statement| {
        let entry = statement.by as usize;
        (statement.key, numbers.number(RuleRef::DenyList { entry }))
    });
    entries.collect()
}

/// The prefilter with this index.
pub(super) fn image(policy: &Policy, index: usize, numbers: &mut Numbers) -> PrefilterImage {
    let Prefilter {
        node_port: _,
        deny,
        allow,
        default,
        bypass_policy,
        location: _,
        allow_location: _,
        default_location: _,
        bypass_location: _,
    } = &policy.prefilters[index];
    let default_rule = numbers.number(RuleRef::PrefilterDefault { prefilter: index });
    let mut sources = statements(deny, Says::Deny);
    sources.extend(statements(allow, Says::Allow));
    settle(&mut sources);
    let sources = sources.into_iter().map(|statement| {
        let (prefilter, entry) = (index, statement.by as usize);
        let verdict = match statement.says {
            Says::Deny => {
                Verdict::Deny(numbers.number(RuleRef::PrefilterDeny { prefilter, entry }))
            }
            Says::Allow => {
                Verdict::Allow(numbers.number(RuleRef::PrefilterAllow { prefilter, entry }))
            }
        };
        (statement.key, verdict)
    });
    PrefilterImage {
        default_pass: *default == DefaultAction::Pass,
        bypass_policy: *bypass_policy,
        default_rule,
        sources: sources.collect(),
        backends: backends(policy, index),
    }
}

fn statements(listed: &[ListedSource], says: Says) -> Vec<Statement<Prefix>> {
    let numbered = listed.iter().zip(0..);
    numbered
        .map(|(source, by)| Statement {
            key: source.prefix,
            says,
            by,
        })
        .collect()
}

/// Workloads that a flow past this prefilter may reach without their policy; those
/// in the node's network have no hook that would judge them.
fn backends(policy: &Policy, index: usize) -> BTreeSet<(u32, u16)> {
    let prefilter = &policy.prefilters[index];
    if !prefilter.bypass_policy {
        return BTreeSet::new();
    }
    (policy.node_ports.iter())
        .filter(|service| service.node_port == prefilter.node_port)
        .flat_map(|service| &service.backends)
        .filter(|backend| !policy.workloads[backend.workload].host_network)
        .map(|backend| {
            let number = u32::try_from(backend.workload);
            (
                number.expect("fewer workloads than 32 bits count"),
                backend.port,
            )
        })
        .collect()
}
