//! The address space, cut wherever anything could tell addresses apart.

use netverdict_abi::Reason;

use super::Comparison;
use crate::address_set::Range;
use crate::image::MapImage;
use crate::journey::Point;
use crate::meaning::{L4, Question};
use crate::model::{Direction, PeerKind, Peers};
use crate::prefix::{Family, Prefix};
use crate::region::{Span, highest};

/// Addresses that no prefix tells apart, neither of the policy nor of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Atom {
    /// The addresses.
    pub range: Range,
    /// What the policy says of all of them.
    pub by_policy: Reason,
}

/// Where something ends, and something else begins: first addresses of atoms, in any
/// order, of each family.
#[derive(Clone, Debug, Default)]
pub(super) struct Cuts {
    v4: Vec<u128>,
    v6: Vec<u128>,
}

impl Cuts {
    pub(super) fn of_identities(image: &MapImage) -> Cuts {
        let mut cuts = Cuts::default();
        cuts.around(image.identities.keys().copied());
        cuts.settle();
        cuts
    }

    fn around(&mut self, prefixes: impl IntoIterator<Item = Prefix>) {
        for prefix in prefixes {
            let Span { first, last } = Span::of(prefix);
            let family = prefix.family();
            let cuts = match family {
                Family::V4 => &mut self.v4,
                Family::V6 => &mut self.v6,
            };
            cuts.push(first);
            if last < highest(family) {
                cuts.push(last + 1);
            }
        }
    }

    fn settle(&mut self) {
        for cuts in [&mut self.v4, &mut self.v6] {
            cuts.sort();
            cuts.dedup();
        }
    }

    /// Settled ones, ascending.
    fn of(&self, family: Family) -> &[u128] {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }
}

impl Comparison<'_> {
    /// All peers in a question, cut at every boundary of every prefix that is looked at
    /// for it: at the uplink, of the lists for every port and of the port's own; at a
    /// workload that anything guards, of all identities and of the policies that select
    /// it; in either case of policy and image. IPv4 first, ascending, without gaps;
    /// without the families that the policy has no answer in.
    ///
    /// # Panics
    /// If the point is at a workload that the policy does not have.
    pub fn atoms(&self, question: &Question) -> Vec<Atom> {
        let answer = self.policy.answer(question);
        let mut cuts = self.cuts_at(question);
        cuts.settle();
        let mut atoms = Vec::new();
        for (range, by_policy) in answer.pieces() {
            let family = Family::of(range.first);
            let piece = Span::between(range);
            let inner = cuts.of(family);
            let from = inner.partition_point(|cut| *cut <= piece.first);
            let mut first = piece.first;
            let within = inner[from..].iter().take_while(|cut| **cut <= piece.last);
            for cut in within {
                atoms.push(Atom {
                    range: Span {
                        first,
                        last: cut - 1,
                    }
                    .range(family),
                    by_policy: *by_policy,
                });
                first = *cut;
            }
            let last = piece.last;
            atoms.push(Atom {
                range: Span { first, last }.range(family),
                by_policy: *by_policy,
            });
        }
        atoms
    }

    fn cuts_at(&self, question: &Question) -> Cuts {
        match question.point {
            Point::Uplink => self.cuts_at_uplink(question.l4),
            Point::Egress(workload) => self.cuts_at_workload(workload, Direction::Egress),
            Point::Ingress(workload) => self.cuts_at_workload(workload, Direction::Ingress),
        }
    }

    fn cuts_at_uplink(&self, l4: L4) -> Cuts {
        let (policy, image) = (self.policy.policy(), self.image.image());
        let mut cuts = Cuts::default();
        cuts.around(policy.deny_list.iter().map(|listed| listed.prefix));
        cuts.around(image.deny_list.keys().copied());
        if let L4::Ports(port) = l4 {
            let standing = policy.prefilters.iter().filter(|it| it.node_port == port);
            for prefilter in standing {
                let listed = prefilter.deny.iter().chain(&prefilter.allow);
                cuts.around(listed.map(|listed| listed.prefix));
            }
            let standing = image.prefilters.get(&port);
            cuts.around(standing.iter().flat_map(|it| it.sources.keys().copied()));
        }
        cuts
    }

    fn cuts_at_workload(&self, workload: usize, direction: Direction) -> Cuts {
        let guard = |family| self.image.guard(workload, direction, family).flatten();
        let is_guarded = Family::ALL
            .into_iter()
            .any(|family| guard(family).is_some());
        let selecting = self.policy.selecting(workload);
        if !is_guarded && selecting.is_empty() {
            return Cuts::default();
        }
        let mut cuts = self.cuts.clone();
        for &index in selecting {
            let rules = self.policy.policy().network_policies[index].rules.iter();
            for rule in rules.filter(|rule| rule.direction == direction) {
                let Peers::Listed(peers) = &rule.peers else {
                    continue;
                };
                for peer in peers {
                    if let PeerKind::Cidr(cidr) = &peer.kind {
                        cuts.around([cidr.prefix].into_iter().chain(cidr.except.iter().copied()));
                    }
                }
            }
        }
        cuts
    }
}
