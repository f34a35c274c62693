//! What is said of a policy that does not fit into the maps.

use super::entries::NoRoom;
use super::guards::Guard;
use crate::diagnostic::{Diagnostic, Location};
use crate::image::MapImage;
use crate::model::{ListedSource, NetworkPolicy, PeerKind, Peers, Policy};
use crate::prefix::{Family, Prefix};

/// How much one image may hold.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Of each prefix map.
    pub(super) prefixes: usize,
    /// Of policies.
    pub(super) entries: usize,
    /// Pairs of a peer and a place that it means: each would be an entry at least.
    pub(super) pairs: usize,
}

impl Limits {
    /// Prefix maps that are too small for the prefilters and identities of `image`.
    pub(super) fn too_many_prefixes(self, policy: &Policy, image: &MapImage) -> Vec<Diagnostic> {
        let sizes = image.sizes();
        let max = self.prefixes;
        let mut diagnostics = Vec::new();
        for (family, count) in [
            (Family::V4, sizes.prefilter_v4),
            (Family::V6, sizes.prefilter_v6),
        ] {
            if count > max {
                diagnostics.extend(
                    longest_list(policy, family).map(|(list, location, listed)| {
                        Diagnostic::error(
                            "too-many-prefixes",
                            location,
                            format!(
                                "the prefilters have {count} {family} prefixes, more than the \
                         {max} that their map holds; {listed} of them are on this {list}"
                            ),
                            "merge neighbouring prefixes, or protect fewer ports with long lists",
                        )
                    }),
                );
            }
        }
        for (family, count) in [
            (Family::V4, sizes.identities_v4),
            (Family::V6, sizes.identities_v6),
        ] {
            if count > max {
                diagnostics.extend(most_cidrs(policy, family).map(|(rules, named)| {
                    Diagnostic::error(
                        "too-many-prefixes",
                        &rules.location,
                        format!(
                            "the policies tell {count} {family} prefixes apart, more than the \
                         {max} that the map holds; the {} {} names {named} of them",
                            rules.kind.name(),
                            rules.name
                        ),
                        "merge neighbouring prefixes in CIDR rules and their exceptions",
                    )
                }));
            }
        }
        diagnostics
    }

    /// The entries of a guard that there is no room for.
    pub(super) fn too_many_entries(
        self,
        policy: &Policy,
        guard: &Guard,
        no_room: &NoRoom,
    ) -> Diagnostic {
        let NoRoom {
            policy: index,
            count,
        } = *no_room;
        let max = self.entries;
        let rules = policy.network_policy(index);
        let workload = &policy.workloads[guard.workload];
        Diagnostic::error(
        "too-many-policy-entries",
        &rules.location,
        format!(
            "with {} of {workload} the policies come to more than the {max} entries that \
             the map holds; there the {} {} alone needs at least {count}",
            guard.direction,
            rules.kind.name(),
            rules.name
        ),
        "an entry stands for a peer and a range of ports: name fewer peers one by one, or ranges \
         that begin and end at powers of two",
    )
    .with_label(&workload.location, "guarded by it")
    }

    /// Peers and prefixes overlap so much that they are not even counted.
    pub(super) fn too_many_overlaps(self, policy: &Policy) -> Option<Diagnostic> {
        let max = self.entries;
        let counted = policy.all_network_policies().map(|rules| {
            let peers = rules.rules.iter().map(|rule| match &rule.peers {
                Peers::Any => 1,
                Peers::Listed(listed) => listed.len(),
            });
            (peers.sum::<usize>(), rules)
        });
        // Of equals the first.
        let (count, rules) = counted.rev().max_by_key(|(count, _)| *count)?;
        Some(Diagnostic::error(
            "too-many-policy-entries",
            &rules.location,
            format!(
                "the peers of all rules overlap so much that the policies come to more than the \
             {max} entries that the map holds; the {} {} has {count} peers",
                rules.kind.name(),
                rules.name
            ),
            "name fewer prefixes inside prefixes that other rules name",
        ))
    }
}

/// The prefilter's list with most prefixes of the family: what it is called, where it
/// stands, and how many they are.
fn longest_list(policy: &Policy, family: Family) -> Option<(&'static str, &Location, usize)> {
    let lists = (policy.prefilters.iter())
        .flat_map(|stage| [("allow list", &stage.allow), ("deny list", &stage.deny)])
        .chain([("deny list", &policy.deny_list)]);
    lists
        .filter_map(|(name, list)| {
            let of_family = |source: &&ListedSource| source.prefix.family() == family;
            let first = list.iter().find(of_family)?;
            Some((name, &first.location, list.iter().filter(of_family).count()))
        })
        .rev()
        .max_by_key(|(_, _, count)| *count)
}

/// The policy whose rules name most prefixes of the family.
fn most_cidrs(policy: &Policy, family: Family) -> Option<(&NetworkPolicy, usize)> {
    let counted = policy.all_network_policies().map(|rules| {
        let peers = rules.rules.iter().flat_map(|rule| match &rule.peers {
            Peers::Any => &[][..],
            Peers::Listed(listed) => listed,
        });
        let prefixes = peers.flat_map(|peer| match &peer.kind {
            PeerKind::Cidr(cidr) => [&[cidr.prefix][..], &cidr.except].concat(),
            PeerKind::Workloads(_) | PeerKind::Entity(_) | PeerKind::Nodes(_) => Vec::new(),
        });
        let of_family = |prefix: &Prefix| prefix.family() == family;
        (rules, prefixes.filter(of_family).count())
    });
    counted.rev().max_by_key(|(_, count)| *count)
}
