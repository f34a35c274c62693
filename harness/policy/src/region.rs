//! Sets of addresses as ranges, with the algebra of sets.
//!
//! [`crate::address_set::AddressSet`] keeps the prefixes that somebody wrote; a
//! [`Region`] keeps the addresses, however they were written: two regions are equal
//! if they hold the same addresses.

mod span;

use std::net::IpAddr;

use crate::address_set::Range;
use crate::prefix::{Family, Prefix};

pub(crate) use span::{Span, highest, number};

/// A set of addresses of both families, as disjoint ranges, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Region {
    /// Ascending; between two of them lies at least one address.
    v4: Vec<Span>,
    /// Likewise.
    v6: Vec<Span>,
}

impl Region {
    /// No address.
    pub fn empty() -> Region {
        Region::default()
    }

    /// Every address of the family.
    pub fn all(family: Family) -> Region {
        Region::of(Prefix::all(family))
    }

    /// Every address of both families.
    pub fn everything() -> Region {
        Region::from_prefixes(Family::ALL.map(Prefix::all))
    }

    /// The addresses of a prefix.
    pub fn of(prefix: Prefix) -> Region {
        Region::from_prefixes([prefix])
    }

    /// The addresses from the first of the range to its last; none where the first is
    /// behind the last, or of another family.
    pub fn range(range: Range) -> Region {
        let family = Family::of(range.first);
        let span = Span::between(range);
        let mut region = Region::empty();
        if family == Family::of(range.last) && span.first <= span.last {
            region.family_mut(family).push(span);
        }
        region
    }

    /// Every address that lies in any of the prefixes, which come in any order and
    /// may overlap.
    pub fn from_prefixes(prefixes: impl IntoIterator<Item = Prefix>) -> Region {
        let mut region = Region::empty();
        for prefix in prefixes {
            let span = Span::of(prefix);
            region.family_mut(prefix.family()).push(span);
        }
        region.settle()
    }

    /// The addresses of the spans, in any order.
    pub(crate) fn from_spans(spans: impl IntoIterator<Item = (Family, Span)>) -> Region {
        let mut region = Region::empty();
        for (family, span) in spans {
            region.family_mut(family).push(span);
        }
        region.settle()
    }

    /// These addresses.
    pub fn from_addresses(addresses: impl IntoIterator<Item = IpAddr>) -> Region {
        Region::from_prefixes(addresses.into_iter().map(Prefix::host))
    }

    /// The addresses that are in any of the regions.
    pub fn union_of<'a>(regions: impl IntoIterator<Item = &'a Region>) -> Region {
        let mut union = Region::empty();
        for region in regions {
            union.v4.extend_from_slice(&region.v4);
            union.v6.extend_from_slice(&region.v6);
        }
        union.settle()
    }

    /// The addresses that are in this region, in the other, or in both.
    #[must_use]
    pub fn union(&self, other: &Region) -> Region {
        Region::union_of([self, other])
    }

    /// The addresses of this region that are not in the other.
    #[must_use]
    pub fn minus(&self, other: &Region) -> Region {
        Region {
            v4: span::minus(&self.v4, &other.v4),
            v6: span::minus(&self.v6, &other.v6),
        }
    }

    /// The addresses that are in both.
    #[must_use]
    pub fn intersect(&self, other: &Region) -> Region {
        Region {
            v4: span::intersect(&self.v4, &other.v4),
            v6: span::intersect(&self.v6, &other.v6),
        }
    }

    /// Whether no address is in the region.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether the address is in the region.
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = number(address);
        let spans = self.spans(Family::of(address));
        let next = spans.partition_point(|span| span.last < bits);
        spans.get(next).is_some_and(|span| span.first <= bits)
    }

    /// Whether every address of the other region is in this one.
    pub fn covers(&self, other: &Region) -> bool {
        other.minus(self).is_empty()
    }

    /// The longest runs of addresses, IPv4 first, ascending.
    pub fn ranges(&self) -> impl Iterator<Item = Range> {
        Family::ALL.into_iter().flat_map(|family| {
            let spans = self.spans(family).iter();
            spans.map(move |span| span.range(family))
        })
    }

    /// The fewest prefixes that make the region up, ascending.
    pub fn prefixes(&self) -> Vec<Prefix> {
        let mut prefixes = Vec::new();
        for family in Family::ALL {
            for span in self.spans(family) {
                span.split(family, &mut prefixes);
            }
        }
        prefixes
    }

    /// How many addresses of the family are in the region; `u128::MAX` also where
    /// that is one less than there are, for all of IPv6.
    pub fn count(&self, family: Family) -> u128 {
        let sizes = self.spans(family).iter().map(|span| span.last - span.first);
        sizes.fold(0, |sum: u128, size| {
            sum.saturating_add(size).saturating_add(1)
        })
    }

    /// The spans of one family, ascending; between two of them lies at least one
    /// address.
    pub(crate) fn spans(&self, family: Family) -> &[Span] {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    fn family_mut(&mut self, family: Family) -> &mut Vec<Span> {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    /// Makes the spans what they are promised to be.
    fn settle(self) -> Region {
        Region {
            v4: span::settle(self.v4),
            v6: span::settle(self.v6),
        }
    }
}

#[cfg(test)]
mod tests;
