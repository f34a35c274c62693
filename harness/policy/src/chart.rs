//! Functions of addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::address_set::Range;
use crate::prefix::{Family, Prefix};
use crate::region::{Region, Span, highest, number};

/// A function of addresses, constant over ranges. It may lack a family as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart<T> {
    v4: Option<Runs<T>>,
    v6: Option<Runs<T>>,
}

/// A function of the addresses of one family.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Runs<T> {
    /// Where each run begins: the first at 0, ascending. Apart from the values, as
    /// those are much smaller.
    starts: Vec<u128>,
    /// What holds from there to the next start; neighbours differ.
    values: Vec<T>,
}

impl<T: Clone + Eq> Chart<T> {
    /// The same value at every address of the families, which are all it has.
    pub fn constant(families: &[Family], value: T) -> Chart<T> {
        let runs = |family| families.contains(&family).then(|| Runs::new(value.clone()));
        Chart {
            v4: runs(Family::V4),
            v6: runs(Family::V6),
        }
    }

    /// What the longest prefix that holds an address says of it, and `otherwise` where
    /// none does. The prefixes ascend, each once.
    pub(crate) fn by_longest_prefix(
        prefixes: impl IntoIterator<Item = (Prefix, T)>,
        otherwise: impl Fn(Family) -> T,
    ) -> Chart<T> {
        let mut open = Family::ALL.map(|family| Nesting {
            runs: Runs::new(otherwise(family)),
            around: vec![(highest(family), otherwise(family))],
        });
        for (prefix, value) in prefixes {
            let [v4, v6] = &mut open;
            match prefix.family() {
                Family::V4 => v4.add(Span::of(prefix), value),
                Family::V6 => v6.add(Span::of(prefix), value),
            }
        }
        let [v4, v6] = open.map(|nesting| Some(nesting.close()));
        Chart { v4, v6 }
    }

    /// The value at the addresses of the region, whatever was there before; nothing is
    /// added to a family that the chart lacks.
    #[must_use]
    pub fn paint(self, region: &Region, value: T) -> Chart<T> {
        let paint = |runs: Runs<T>, family| runs.paint(region.spans(family), &value, family);
        Chart {
            v4: self.v4.map(|runs| paint(runs, Family::V4)),
            v6: self.v6.map(|runs| paint(runs, Family::V6)),
        }
    }

    /// The longest ranges over which it is constant, IPv4 first, ascending:
    /// neighbours of a family differ.
    pub fn pieces(&self) -> impl Iterator<Item = (Range, &T)> {
        Family::ALL.into_iter().flat_map(|family| {
            let runs = self.runs(family).into_iter();
            runs.flat_map(move |runs| {
                let spans = runs.spans(family);
                spans.map(move |(span, value)| (span.range(family), value))
            })
        })
    }

    /// The value at the address; `None` where the chart lacks the family.
    pub fn at(&self, address: IpAddr) -> Option<&T> {
        let runs = self.runs(Family::of(address))?;
        let behind = (runs.starts).partition_point(|start| *start <= number(address));
        Some(&runs.values[behind - 1])
    }

    /// The families it has, IPv4 first.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        (Family::ALL.into_iter()).filter(|family| self.runs(*family).is_some())
    }

    /// Both values, in the families that both have.
    pub fn zip<U: Clone + Eq>(&self, other: &Chart<U>) -> Chart<(T, U)> {
        let zip = |family| Some(self.runs(family)?.zip(other.runs(family)?));
        Chart {
            v4: zip(Family::V4),
            v6: zip(Family::V6),
        }
    }

    /// The chart of what is made of the values.
    pub fn map<U: Clone + Eq>(&self, mut of: impl FnMut(&T) -> U) -> Chart<U> {
        let mut map = |family| {
            let mut mapped = Runs::default();
            let runs = self.runs(family)?;
            for (start, value) in runs.starts.iter().zip(&runs.values) {
                mapped.push(*start, of(value));
            }
            Some(mapped)
        };
        Chart {
            v4: map(Family::V4),
            v6: map(Family::V6),
        }
    }

    /// The addresses whose value is wanted.
    pub fn region(&self, mut is_wanted: impl FnMut(&T) -> bool) -> Region {
        Region::from_spans(Family::ALL.into_iter().flat_map(|family| {
            let runs = self.runs(family).into_iter();
            let all = runs.flat_map(move |runs| runs.spans(family));
            let wanted: Vec<(Family, Span)> = all
                .filter(|(_, value)| is_wanted(value))
                .map(|(span, _)| (family, span))
                .collect();
            wanted
        }))
    }

    /// Where each value is found.
    pub fn regions(&self) -> BTreeMap<T, Region>
    where
        T: Ord,
    {
        let mut spans: BTreeMap<&T, Vec<(Family, Span)>> = BTreeMap::new();
        for family in Family::ALL {
            let runs = self.runs(family).into_iter();
            for (span, value) in runs.flat_map(|runs| runs.spans(family)) {
                spans.entry(value).or_default().push((family, span));
            }
        }
        let regions = spans.into_iter();
        regions
            .map(|(value, spans)| (value.clone(), Region::from_spans(spans)))
            .collect()
    }

    /// This chart, with those families of the other that it lacks.
    #[must_use]
    pub fn or(self, other: Chart<T>) -> Chart<T> {
        Chart {
            v4: self.v4.or(other.v4),
            v6: self.v6.or(other.v6),
        }
    }

    fn runs(&self, family: Family) -> Option<&Runs<T>> {
        match family {
            Family::V4 => self.v4.as_ref(),
            Family::V6 => self.v6.as_ref(),
        }
    }
}

impl<T> Default for Runs<T> {
    fn default() -> Self {
        Runs {
            starts: Vec::new(),
            values: Vec::new(),
        }
    }
}

impl<T: Clone + Eq> Runs<T> {
    fn new(value: T) -> Runs<T> {
        Runs {
            starts: vec![0],
            values: vec![value],
        }
    }

    /// From `start` on, which is not before the last start, the value.
    fn push(&mut self, start: u128, value: T) {
        if self.starts.last() == Some(&start) {
            self.starts.pop();
            self.values.pop();
        }
        if self.values.last() != Some(&value) {
            self.starts.push(start);
            self.values.push(value);
        }
    }

    fn spans(&self, family: Family) -> impl Iterator<Item = (Span, &T)> {
        let ends = self.starts[1..].iter().map(|start| start - 1);
        let lasts = ends.chain([highest(family)]);
        let spans = self.starts.iter().zip(lasts);
        (spans.zip(&self.values)).map(|((first, last), value)| {
            let span = Span {
                first: *first,
                last,
            };
            (span, value)
        })
    }

    fn paint(self, spans: &[Span], value: &T, family: Family) -> Runs<T> {
        if spans.is_empty() {
            return self;
        }
        let mut painted = Runs::default();
        let mut old = self.starts.into_iter().zip(self.values).peekable();
        // What holds where nothing is painted.
        let mut below = None;
        for span in spans {
            while let Some((start, before)) = old.next_if(|(start, _)| *start < span.first) {
                painted.push(start, before.clone());
                below = Some(before);
            }
            painted.push(span.first, value.clone());
            while let Some((_, covered)) = old.next_if(|(start, _)| *start <= span.last) {
                below = Some(covered);
            }
            if let (true, Some(below)) = (span.last < highest(family), &below) {
                painted.push(span.last + 1, below.clone());
            }
        }
        for (start, value) in old {
            painted.push(start, value);
        }
        painted
    }

    fn zip<U: Clone + Eq>(&self, other: &Runs<U>) -> Runs<(T, U)> {
        let mut zipped = Runs::default();
        let (mut here, mut there) = (0, 0);
        let next = |starts: &[u128], index: usize| starts.get(index + 1).copied();
        let mut start = 0;
        loop {
            let pair = (self.values[here].clone(), other.values[there].clone());
            zipped.push(start, pair);
            let (mine, others) = (next(&self.starts, here), next(&other.starts, there));
            start = match (mine, others) {
                (None, None) => return zipped,
                (Some(one), None) | (None, Some(one)) => one,
                (Some(mine), Some(others)) => mine.min(others),
            };
            here += usize::from(mine == Some(start));
            there += usize::from(others == Some(start));
        }
    }
}

/// Runs that are made from prefixes which lie in each other.
struct Nesting<T> {
    runs: Runs<T>,
    /// The prefixes that the last one lies in, itself included, with their last
    /// addresses: the outermost, which is the whole family, first.
    around: Vec<(u128, T)>,
}

impl<T: Clone + Eq> Nesting<T> {
    fn add(&mut self, span: Span, value: T) {
        self.leave(|last| last < span.first);
        self.runs.push(span.first, value.clone());
        self.around.push((span.last, value));
    }

    /// Leaves the innermost prefixes, as far as they end in such an address.
    fn leave(&mut self, is_over: impl Fn(u128) -> bool) {
        while let [.., (_, outer), (last, _)] = self.around.as_slice() {
            if !is_over(*last) {
                return;
            }
            // There is an address behind it: either another prefix begins there, or
            // the outermost goes on.
            if let Some(behind) = last.checked_add(1) {
                self.runs.push(behind, outer.clone());
            }
            self.around.pop();
        }
    }

    fn close(mut self) -> Runs<T> {
        let end = self.around.first().map_or(0, |(last, _)| *last);
        self.leave(|last| last < end);
        self.runs
    }
}

#[cfg(test)]
mod tests;
