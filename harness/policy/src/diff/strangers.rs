//! Addresses that are nobody's, on either side of a comparison.

use crate::model::Policy;
use crate::mutate::ways;
use crate::prefix::Family;
use crate::region::{Region, Span, highest};

/// Whose addresses are whose, as far as a comparison tells them apart.
pub(super) struct Strangers {
    /// Who may send from beyond the uplink.
    pub(super) senders: Region,
    /// Who may be sent to beyond it.
    pub(super) receivers: Region,
    /// Hosts that either policy knows.
    pub(super) known: Region,
}

impl Strangers {
    pub(super) fn new<'a>(policies: impl Iterator<Item = &'a Policy> + Clone) -> Strangers {
        let inside = Region::from_addresses(policies.clone().flat_map(|policy| {
            let workloads = policy.workloads.iter().flat_map(|it| &it.addresses);
            workloads.chain(&policy.node.addresses).copied()
        }));
        let hosts = policies.clone().flat_map(|policy| &policy.known_hosts);
        let known = Region::from_addresses(hosts.flat_map(|host| host.addresses.iter().copied()))
            .minus(&inside);
        let nobodys = Region::everything().minus(&inside.union(&known));
        let martians = policies.fold(ways::of_the_link(), |all, policy| {
            all.union(&ways::nobody(policy))
        });
        Strangers {
            senders: nobodys.minus(&martians),
            receivers: nobodys.minus(&ways::nowhere()),
            known,
        }
    }
}

/// A region with those gaps closed that hold none of `meant`: what lies there is
/// nobody's of whom anything is said. Prefixes come out as somebody wrote them.
pub(super) fn closed(region: &Region, meant: &Region) -> Region {
    let free = Region::everything().minus(meant).minus(region);
    let runs = Family::ALL.into_iter().flat_map(|family| {
        let spans = free.spans(family).iter();
        spans.map(move |span| (family, *span))
    });
    let holds = |family, number| {
        let address = Span {
            first: number,
            last: number,
        };
        region.contains(address.range(family).first)
    };
    let between = runs.filter(|(family, span)| {
        let before = span.first.checked_sub(1);
        let behind = (span.last < highest(*family)).then(|| span.last + 1);
        (before.is_some() || behind.is_some())
            && before.is_none_or(|number| holds(*family, number))
            && behind.is_none_or(|number| holds(*family, number))
    });
    region.union(&Region::from_spans(between.collect::<Vec<_>>()))
}
