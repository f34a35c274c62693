//! Where two lists differ in what they mean, however they are cut.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::{Open, Party, Row};

/// The names of two ends; outside has none.
type Pair<'a> = (Option<&'a str>, Option<&'a str>);

/// A line for each pair of ends that the lists disagree on; ranges of addresses are
/// compared between all boundaries of both.
pub(super) fn differences(expected: &[Row], found: &[Row]) -> Vec<String> {
    let mut pairs: BTreeMap<Pair<'_>, [Vec<&Row>; 2]> = BTreeMap::new();
    for (side, rows) in [expected, found].into_iter().enumerate() {
        for row in rows {
            let pair = (name(&row.source), name(&row.destination));
            pairs.entry(pair).or_default()[side].push(row);
        }
    }
    let mut lines = Vec::new();
    for rows in pairs.values() {
        for segment in segments(rows) {
            let open = rows.each_ref().map(|rows| {
                let inside = rows.iter().filter(|row| holds(row, segment));
                inside.fold(Open::default(), |open, row| open.and(&row.open))
            });
            if open[0] != open[1] {
                let row = rows.iter().flatten().next().expect("a pair has a row");
                let end = |party: &Party| match (party, segment) {
                    (Party::Outside(..), Some((first, last))) => {
                        Party::Outside(first, last).to_string()
                    }
                    (party, _) => party.to_string(),
                };
                lines.push(format!(
                    "{} => {} : expected {}, found {}",
                    end(&row.source),
                    end(&row.destination),
                    open[0],
                    open[1]
                ));
            }
        }
    }
    lines
}

fn name(party: &Party) -> Option<&str> {
    match party {
        Party::Named(name) => Some(name),
        Party::Outside(..) => None,
    }
}

fn range(row: &Row) -> Option<(u32, u32)> {
    match (&row.source, &row.destination) {
        (Party::Outside(first, last), _) | (_, Party::Outside(first, last)) => {
            Some((*first, *last))
        }
        (Party::Named(_), Party::Named(_)) => None,
    }
}

fn holds(row: &Row, segment: Option<(u32, u32)>) -> bool {
    match (range(row), segment) {
        (Some((first, last)), Some((from, to))) => first <= from && to <= last,
        (range, segment) => range == segment,
    }
}

/// The addresses of all rows of a pair, cut at every boundary; of workloads, the
/// one that stands for no address at all.
fn segments(rows: &[Vec<&Row>; 2]) -> Vec<Option<(u32, u32)>> {
    let ranges: Vec<(u32, u32)> = rows.iter().flatten().filter_map(|row| range(row)).collect();
    if ranges.is_empty() {
        return vec![None];
    }
    // Behind the last address stands none.
    let starts: BTreeSet<u64> = (ranges.iter())
        .flat_map(|(first, last)| [u64::from(*first), u64::from(*last) + 1])
        .collect();
    let ends = starts.iter().skip(1);
    let address = |at: u64| u32::try_from(at).expect("boundaries end behind the last address");
    (starts.iter().zip(ends))
        .map(|(start, end)| Some((address(*start), address(end - 1))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::rows::parse;
    use super::*;

    fn compared(expected: &str, found: &str) -> Vec<String> {
        let rows = |text| parse(text).expect("rows");
        differences(&rows(expected), &rows(found))
    }

    #[test]
    fn lists_that_mean_the_same_do_not_differ() {
        let cut = concat!(
            "0.0.0.0-9.255.255.255[External] => a : TCP 80\n",
            "10.0.0.0-255.255.255.255[External] => a : TCP 80\n",
            "a => b : TCP 1-65535,UDP 1-65535,SCTP 1-65535\n",
        );
        let whole = concat!(
            "a => b : All Connections\n",
            "0.0.0.0-255.255.255.255[External] => a : TCP 80\n",
        );
        assert_eq!(compared(cut, whole), [""; 0]);
        assert_eq!(compared(whole, cut), [""; 0]);
    }

    #[test]
    fn every_difference_is_a_line() {
        let expected = concat!(
            "0.0.0.0-255.255.255.255[External] => a : TCP 80\n",
            "a => 10.0.0.0-10.0.0.0[External] : UDP 53\n",
            "a => b : TCP 80\n",
        );
        let found = concat!(
            "0.0.0.0-9.255.255.255[External] => a : TCP 80\n",
            "10.0.0.0-255.255.255.255[External] => a : TCP 81\n",
            "b => a : TCP 80\n",
        );
        assert_eq!(
            compared(expected, found),
            [
                "10.0.0.0-255.255.255.255[External] => a : expected TCP 80-80, found TCP 81-81",
                "a => 10.0.0.0-10.0.0.0[External] : expected UDP 53-53, found nothing",
                "a => b : expected TCP 80-80, found nothing",
                "b => a : expected nothing, found TCP 80-80",
            ]
        );
    }
}
