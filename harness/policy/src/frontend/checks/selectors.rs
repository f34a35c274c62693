//! Selectors that select nothing.

use super::Found;
use super::index::Index;
use crate::diagnostic::Diagnostic;
use crate::model::{PeerKind, Peers, Policy, Subject};

pub(super) fn check<'p>(policy: &'p Policy, index: &mut Index<'p>, found: &mut Found) {
    for network_policy in policy.all_network_policies() {
        if let Subject::Workloads(selector) = &network_policy.subject
            && index.selected(selector).is_empty()
            // Endpoints of Cilium's own are no workloads, and reported as a gap.
            && !(selector.labels.0.iter()).any(|label| label.key.starts_with("reserved:"))
        {
            found.add("policy-selects-nothing", || {
                Diagnostic::error(
                    "policy-selects-nothing",
                    &network_policy.location,
                    format!(
                        "the {} {} selects no workload",
                        network_policy.kind.name(),
                        network_policy.name
                    ),
                    index.near(selector),
                )
                .into_warning()
            });
        }
        for rule in &network_policy.rules {
            let Peers::Listed(peers) = &rule.peers else {
                continue;
            };
            for peer in peers {
                if let PeerKind::Workloads(selector) = &peer.kind
                    && index.selected(selector).is_empty()
                {
                    found.add("peer-selects-nothing", || {
                        Diagnostic::error(
                            "peer-selects-nothing",
                            &peer.location,
                            "this peer is no workload",
                            index.near(selector),
                        )
                        .into_warning()
                    });
                }
            }
        }
    }
}
