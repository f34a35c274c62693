//! Sets of addresses, their boundary addresses, and the plain-text files that
//! hold large ones.

use std::net::IpAddr;
use std::sync::Arc;

use crate::diagnostic::{Location, SourceFile};
use crate::prefix::{Prefix, PrefixError};

/// A set of addresses of both families, as prefixes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressSet {
    /// Ascending, without duplicates.
    prefixes: Vec<Prefix>,
}

/// A run of consecutive addresses of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// The first address.
    pub first: IpAddr,
    /// The last address.
    pub last: IpAddr,
}

/// A line of an address file that is no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Where the text stands.
    pub location: Location,
    /// What is wrong with it.
    pub error: PrefixError,
}

impl AddressSet {
    /// The set of all addresses in `prefixes`, which may overlap.
    pub fn new(mut prefixes: Vec<Prefix>) -> AddressSet {
        prefixes.sort_unstable();
        prefixes.dedup();
        AddressSet { prefixes }
    }

    /// The prefixes, ascending, without duplicates; some may lie in others.
    pub fn prefixes(&self) -> &[Prefix] {
        &self.prefixes
    }

    /// The longest runs of addresses that the set holds, ascending. Between two
    /// runs of a family lies at least one address that is not in the set.
    pub fn ranges(&self) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        for prefix in &self.prefixes {
            let (first, last) = (prefix.first(), prefix.last());
            match ranges.last_mut() {
                Some(run) if joins(*run, first) => run.last = run.last.max(last),
                _ => ranges.push(Range { first, last }),
            }
        }
        ranges
    }

    /// The first and the last address of each prefix, ascending by prefix.
    pub fn edges(&self) -> impl Iterator<Item = IpAddr> {
        (self.prefixes.iter())
            .flat_map(|prefix| {
                let (first, last) = (prefix.first(), prefix.last());
                [Some(first), (last != first).then_some(last)]
            })
            .flatten()
    }

    /// The addresses one before and one after each of [`AddressSet::ranges`].
    pub fn surroundings(&self) -> Vec<IpAddr> {
        let mut around: Vec<IpAddr> = (self.ranges().iter())
            .flat_map(|range| {
                let before = Prefix::host(range.first).before();
                let after = Prefix::host(range.last).after();
                [before, after]
            })
            .flatten()
            .collect();
        // Two runs with one address between them.
        around.dedup();
        around
    }
}

/// Whether a run that begins at `first` overlaps `run` or directly follows it.
/// It does not begin before it.
fn joins(run: Range, first: IpAddr) -> bool {
    let same_family = run.last.is_ipv4() == first.is_ipv4();
    same_family && (first <= run.last || Prefix::host(run.last).after() == Some(first))
}

/// Reads an address file: a prefix or an address on each line, `#` begins a
/// comment, empty lines mean nothing.
///
/// `each` gets every line that holds something, in order. Nothing is collected
/// here: a file may have a million lines.
pub fn read_lines(
    file: &Arc<SourceFile>,
    mut each: impl FnMut(Result<(Prefix, Location), BadLine>),
) {
    let mut offset = 0;
    for (index, line) in file.text.split('\n').enumerate() {
        let content = line.split('#').next().unwrap_or_default();
        let text = content.trim();
        if !text.is_empty() {
            let indent = content.len() - content.trim_start().len();
            let column = content[..indent].chars().count() + 1;
            let location = Location {
                file: Arc::clone(file),
                offset: offset + indent,
                length: text.len(),
                line: u32::try_from(index + 1).unwrap_or(u32::MAX),
                column: u32::try_from(column).unwrap_or(u32::MAX),
            };
            each(match prefix_or_address(text) {
                Ok(prefix) => Ok((prefix, location)),
                Err(error) => Err(BadLine { location, error }),
            });
        }
        offset += line.len() + 1;
    }
}

/// A prefix, or an address as the prefix that holds it alone.
///
/// # Errors
/// Where the text is neither.
pub fn prefix_or_address(text: &str) -> Result<Prefix, PrefixError> {
    if text.contains('/') {
        return text.parse();
    }
    match text.parse() {
        Ok(address) => Ok(Prefix::host(address)),
        Err(_) => Err(PrefixError::Address(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(prefixes: &[&str]) -> AddressSet {
        AddressSet::new(
            prefixes
                .iter()
                .map(|text| text.parse().expect(text))
                .collect(),
        )
    }

    fn texts(addresses: impl IntoIterator<Item = IpAddr>) -> Vec<String> {
        addresses.into_iter().map(|a| a.to_string()).collect()
    }

    #[test]
    fn surroundings_lie_outside_every_prefix() {
        for (prefixes, expected) in [
            (&["10.0.0.0/8"][..], &["9.255.255.255", "11.0.0.0"][..]),
            // Neighbours and nested prefixes merge.
            (
                &["10.0.0.0/9", "10.128.0.0/9", "10.3.0.0/16"],
                &["9.255.255.255", "11.0.0.0"],
            ),
            // One address between two runs is named once.
            (
                &["10.0.0.0/32", "10.0.0.2/32"],
                &["9.255.255.255", "10.0.0.1", "10.0.0.3"],
            ),
            // The ends of a family have nothing beyond them.
            (
                &["0.0.0.0/8", "255.0.0.0/8"],
                &["1.0.0.0", "254.255.255.255"],
            ),
            (&["0.0.0.0/0", "::/0"], &[]),
            // The last of one family and the first of the other do not join.
            (
                &["255.255.255.255/32", "::/128"],
                &["255.255.255.254", "::1"],
            ),
        ] {
            assert_eq!(
                texts(set(prefixes).surroundings()),
                expected,
                "{prefixes:?}"
            );
        }
    }

    #[test]
    fn edges_are_the_ends_of_each_prefix() {
        let set = set(&["fd00::/64", "10.0.0.0/30", "10.0.0.1/32", "10.0.0.0/30"]);
        assert_eq!(
            texts(set.edges()),
            [
                "10.0.0.0",
                "10.0.0.3",
                "10.0.0.1",
                "fd00::",
                "fd00::ffff:ffff:ffff:ffff"
            ]
        );
    }

    #[test]
    fn lines_are_prefixes_addresses_and_comments() {
        let text = "# head\n10.0.0.0/8 # office\r\n\n  2001:db8::1\n10.0.0.1/8\nnonsense";
        let file = Arc::new(SourceFile {
            path: "list".to_owned(),
            text: text.to_owned(),
        });
        let mut seen = Vec::new();
        read_lines(&file, |line| {
            seen.push(match line {
                Ok((prefix, location)) => format!("{location} {prefix} = {}", location.text()),
                Err(bad) => format!("{} {}", bad.location, bad.error),
            });
        });
        assert_eq!(
            seen,
            [
                "list:2:1 10.0.0.0/8 = 10.0.0.0/8",
                "list:4:3 2001:db8::1/128 = 2001:db8::1",
                "list:5:1 10.0.0.1/8 has host bits set: the prefix is 10.0.0.0/8",
                "list:6:1 'nonsense' is not an IPv4 or IPv6 address",
            ]
        );
    }
}
