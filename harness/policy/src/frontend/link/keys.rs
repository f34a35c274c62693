//! Which labels of pods selectors look at.

use std::collections::BTreeSet;

use super::super::manifest::Service;
use crate::model::{NetworkPolicy, PeerKind, Peers, Selector, Subject};

/// The keys of every label that a service or a policy selects workloads by.
pub(super) fn selected_by<'p>(
    services: &[Service],
    policies: impl Iterator<Item = &'p NetworkPolicy>,
) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for service in services {
        keys.extend(
            (service
                .selector
                .iter()
                .flat_map(|(labels, _)| labels.keys()))
            .cloned(),
        );
    }
    let mut add = |selector: &Selector| {
        keys.extend(selector.0.iter().map(|requirement| requirement.key.clone()));
    };
    for policy in policies {
        match &policy.subject {
            Subject::Workloads(selector) => add(&selector.labels),
            Subject::Nodes(_) => {}
        }
        for rule in &policy.rules {
            let Peers::Listed(peers) = &rule.peers else {
                continue;
            };
            for peer in peers {
                match &peer.kind {
                    PeerKind::Workloads(selector) => add(&selector.labels),
                    PeerKind::Cidr(_) | PeerKind::Entity(_) | PeerKind::Nodes(_) => {}
                }
            }
        }
    }
    keys
}
