//! How bad a change is.

use super::{Change, Effect, End, Pairs};
use crate::model::ObjectName;
use crate::region::Region;

/// Who newly gets where, or used to; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Danger {
    /// Addresses of the internet get in.
    Internet,
    /// Addresses that are used inside organisations, but not of this cluster, get in.
    PrivateAddresses,
    /// Hosts that policies know, such as other nodes, get in.
    KnownHosts,
    /// Workloads get to those of other namespaces.
    OtherNamespace,
    /// Workloads get out to the internet.
    ToInternet,
    /// Workloads get to others of their namespace.
    SameNamespace,
    /// Workloads get to the node, to known hosts, or out to private addresses.
    ToOutside,
    /// The node gets to its workloads.
    FromNode,
}

/// Addresses that the internet does not route (RFC 1918, RFC 6598, RFC 3927, RFC 4193,
/// RFC 4291 §2.5.6).
fn private() -> Region {
    const PRIVATE: [&str; 7] = [
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    ];
    Region::from_prefixes(PRIVATE.map(|text| text.parse().expect(text)))
}

/// How bad it is that these ends meet; `addresses` are those of strangers.
pub(super) fn danger(pairs: &Pairs, from: &[End], to: &[End], addresses: &Region) -> Danger {
    let is_private = || private().covers(addresses);
    match (from[0], to[0]) {
        (End::Strangers, _) if is_private() => Danger::PrivateAddresses,
        (End::Strangers, _) => Danger::Internet,
        (End::KnownHosts, _) => Danger::KnownHosts,
        (End::Member(_) | End::Gate(_), End::Strangers) if !is_private() => Danger::ToInternet,
        (End::Member(_) | End::Gate(_), End::Strangers | End::KnownHosts | End::Node) => {
            Danger::ToOutside
        }
        (End::Member(_) | End::Gate(_), End::Member(_) | End::Gate(_)) => {
            let names = |end: &End| -> Option<ObjectName> {
                match *end {
                    End::Member(member) => Some(pairs.members[member].name.clone()),
                    End::Gate(gate) => Some(pairs.gates[gate].service.clone()),
                    End::Node | End::Strangers | End::KnownHosts => None,
                }
            };
            let all = from.iter().chain(to).filter_map(names);
            let mut spaces: Vec<String> = all.map(|name| name.namespace).collect();
            spaces.dedup();
            match spaces.len() {
                1 => Danger::SameNamespace,
                _ => Danger::OtherNamespace,
            }
        }
        (End::Node, _) => Danger::FromNode,
    }
}

/// What passes first, verdicts before what is masked, then by danger; what many
/// addresses gain before what few do.
pub(super) fn sort(changes: &mut [Change]) {
    changes.sort_by_cached_key(|change| {
        let outside = change.danger <= Danger::KnownHosts;
        let count: u128 = crate::prefix::Family::ALL
            .iter()
            .fold(0, |sum: u128, family| {
                sum.saturating_add(change.addresses.count(*family))
            });
        (
            change.effect == Effect::Drops,
            !outside,
            change.masked,
            change.danger,
            change.to.clone(),
            u128::MAX - count,
            change.from.clone(),
        )
    });
}
