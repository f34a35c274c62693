//! Whether CIDR rules see all pods of an owner as they see the one that stands
//! for them.

use std::collections::BTreeSet;

use super::super::problems::Problems;
use super::replicas::Standing;
use crate::model::{Choices, Cidr, NetworkPolicy, PeerKind, Peers, PolicyKind};
use crate::prefix::{Family, Prefix};

/// Notes the workloads of which some pods have addresses that a CIDR rule tells
/// from those of the first. Where CIDR rules match no workloads, none has.
pub(super) fn check<'p>(
    standing: &[Standing],
    policies: impl Iterator<Item = &'p NetworkPolicy>,
    choices: Choices,
    problems: &mut Problems,
) {
    let prefixes = prefixes(policies, choices);
    if prefixes.is_empty() {
        return;
    }
    for one in standing {
        let Some((first, location)) = one.addresses.first() else {
            continue;
        };
        let differs = one.others.iter().find_map(|other| {
            if Family::of(*other) != Family::of(*first) {
                return None;
            }
            let tells = |prefix: &&Prefix| prefix.contains(*first) != prefix.contains(*other);
            Some((other, prefixes.iter().find(tells)?))
        });
        if let Some((other, prefix)) = differs {
            problems.note(
                "replicas-addresses",
                location,
                format!(
                    "{}[{}] is judged at its address {first}, but {prefix} tells {other}, of \
                     another of its pods, from it",
                    one.name, one.kind
                ),
                "a CIDR rule may treat some of its pods otherwise: select by labels, not by \
                 addresses",
            );
        }
    }
}

/// Every prefix, exceptions among them, of rules that match workloads.
fn prefixes<'p>(
    policies: impl Iterator<Item = &'p NetworkPolicy>,
    choices: Choices,
) -> BTreeSet<Prefix> {
    let mut found = BTreeSet::new();
    let matching = policies.filter(|policy| match policy.kind {
        PolicyKind::Kubernetes => choices.ip_blocks_match_workloads,
        PolicyKind::Cilium | PolicyKind::CiliumClusterwide => choices.cidrs_match_workloads,
    });
    for rule in matching.flat_map(|policy| &policy.rules) {
        let Peers::Listed(peers) = &rule.peers else {
            continue;
        };
        for peer in peers {
            if let PeerKind::Cidr(Cidr { prefix, except }) = &peer.kind {
                found.insert(*prefix);
                found.extend(except);
            }
        }
    }
    found
}
