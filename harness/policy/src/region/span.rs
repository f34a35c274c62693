//! Runs of addresses as numbers, and the algebra of sorted lists of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address_set::Range;
use crate::prefix::{Family, Prefix};

/// A run of addresses of one family, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub(crate) first: u128,
    /// Not below the first.
    pub(crate) last: u128,
}

impl Span {
    /// The addresses of a prefix.
    pub(crate) fn of(prefix: Prefix) -> Span {
        Span {
            first: number(prefix.first()),
            last: number(prefix.last()),
        }
    }

    /// The addresses of a range, whose first is not behind its last.
    pub(crate) fn between(range: Range) -> Span {
        Span {
            first: number(range.first),
            last: number(range.last),
        }
    }

    pub(crate) fn range(self, family: Family) -> Range {
        Range {
            first: address(family, self.first),
            last: address(family, self.last),
        }
    }

    /// Appends the fewest prefixes that make it up: again and again the largest that
    /// begins where the rest begins and ends within it.
    pub(super) fn split(self, family: Family, prefixes: &mut Vec<Prefix>) {
        let mut first = self.first;
        loop {
            let behind = self.last - first;
            let aligned = first.trailing_zeros().min(family.bits().into());
            let fitting = behind.checked_add(1).map_or(128, u128::ilog2);
            let host_bits = aligned.min(fitting);
            let length = u32::from(family.bits()) - host_bits;
            let length = u8::try_from(length).expect("at most 128");
            prefixes.push(Prefix::containing(address(family, first), length));
            let size = 1u128.checked_shl(host_bits);
            match size {
                Some(size) if behind >= size => first += size,
                Some(_) | None => return,
            }
        }
    }
}

/// The address as a number, IPv4 in the low 32 bits.
pub(crate) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address of a number that is at most [`highest`] of the family.
fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => {
            let low = u32::try_from(number).expect("an IPv4 address has 32 bits");
            Ipv4Addr::from_bits(low).into()
        }
        Family::V6 => Ipv6Addr::from_bits(number).into(),
    }
}

/// The number of the last address of the family.
pub(crate) fn highest(family: Family) -> u128 {
    match family {
        Family::V4 => u32::MAX.into(),
        Family::V6 => u128::MAX,
    }
}

/// Sorts, and joins what overlaps or touches.
pub(super) fn settle(mut spans: Vec<Span>) -> Vec<Span> {
    // Sorting is stable as that is fast on lists which follow each other sorted.
    spans.sort_by_key(|span| span.first);
    spans.dedup_by(|next, run| {
        let joins = run
            .last
            .checked_add(1)
            .is_none_or(|behind| next.first <= behind);
        if joins {
            run.last = run.last.max(next.last);
        }
        joins
    });
    spans
}

/// What of `spans` is not in `holes`, both settled.
pub(super) fn minus(spans: &[Span], holes: &[Span]) -> Vec<Span> {
    let mut left = Vec::with_capacity(spans.len());
    let mut rest = holes;
    for span in spans {
        rest = from(rest, span.first);
        let mut first = Some(span.first);
        for hole in rest.iter().take_while(|hole| hole.first <= span.last) {
            let Some(next) = first else { break };
            if hole.first > next {
                left.push(Span {
                    first: next,
                    last: hole.first - 1,
                });
            }
            first = hole.last.checked_add(1);
        }
        if let Some(first) = first.filter(|first| *first <= span.last) {
            left.push(Span {
                first,
                last: span.last,
            });
        }
    }
    left
}

/// What is in both lists, which are settled.
pub(super) fn intersect(one: &[Span], other: &[Span]) -> Vec<Span> {
    let (few, many) = match one.len() <= other.len() {
        true => (one, other),
        false => (other, one),
    };
    let mut both = Vec::with_capacity(few.len());
    let mut rest = many;
    for span in few {
        rest = from(rest, span.first);
        let meeting = rest.iter().take_while(|it| it.first <= span.last);
        both.extend(meeting.map(|it| Span {
            first: span.first.max(it.first),
            last: span.last.min(it.last),
        }));
    }
    both
}

/// The spans that do not end before `first`. It is looked for only where it is not
/// the next: one of the lists may be far longer than the other.
fn from(spans: &[Span], first: u128) -> &[Span] {
    match spans.first() {
        Some(next) if next.last < first => {
            &spans[spans.partition_point(|span| span.last < first)..]
        }
        Some(_) | None => spans,
    }
}
