//! Whether reports are those of all shards of one run.

use std::collections::BTreeMap;

use thiserror::Error;

use super::Report;
use crate::event::RunStarted;
use crate::words::counted;

/// Why reports cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Misfit {
    /// Two folders hold the same part.
    #[error("{one} and {other} are both shard {shard} of {shards}; name each shard once")]
    Twice {
        /// A folder.
        one: String,
        /// Another.
        other: String,
        /// Which shard.
        shard: usize,
        /// Of how many.
        shards: usize,
    },
    /// Parts are missing.
    #[error("{} of {shards} missing: {}; name the folders of all of them", counted(missing.len(), "shard"), listed(missing))]
    Missing {
        /// Which.
        missing: Vec<usize>,
        /// Of how many.
        shards: usize,
    },
    /// Parts are of different runs.
    #[error("{other} is not of the run that {one} is of: {what} {found}, there {expected}; {help}")]
    Other {
        /// The first folder.
        one: String,
        /// One that does not fit it.
        other: String,
        /// What tells them apart.
        what: &'static str,
        /// The first folder's.
        expected: String,
        /// The other's.
        found: String,
        /// What to do.
        help: &'static str,
    },
}

/// Whether the reports are those of all shards of one run, each once; all that speaks
/// against it otherwise.
///
/// # Errors
/// See above.
pub fn fit(reports: &[Report]) -> Result<(), Vec<Misfit>> {
    let mut begun = (reports.iter())
        .filter_map(|report| Some((report.folder.as_str(), report.started.as_ref()?)));
    let Some((one, first)) = begun.next() else {
        return Ok(());
    };
    let mut misfits = Vec::new();
    let shards = first.part.shards;
    let mut taken = BTreeMap::from([(first.part.shard, one)]);
    for (other, started) in begun {
        let differences = differences(first, started);
        if !differences.is_empty() {
            misfits.extend(differences.into_iter().map(|difference| {
                let (what, expected, found, help) = difference;
                Misfit::Other {
                    one: one.to_owned(),
                    other: other.to_owned(),
                    what,
                    expected,
                    found,
                    help,
                }
            }));
            continue;
        }
        if let Some(one) = taken.insert(started.part.shard, other) {
            misfits.push(Misfit::Twice {
                one: one.to_owned(),
                other: other.to_owned(),
                shard: started.part.shard,
                shards,
            });
        }
    }
    let missing: Vec<usize> = (1..=shards).filter(|n| !taken.contains_key(n)).collect();
    // A shard that ended before it began does not say which it is.
    let early = (reports.iter()).filter(|report| report.started.is_none());
    if misfits.is_empty() && missing.len() > early.count() {
        misfits.push(Misfit::Missing { missing, shards });
    }
    if misfits.is_empty() {
        Ok(())
    } else {
        Err(misfits)
    }
}

type Difference = (&'static str, String, String, &'static str);

fn differences(first: &RunStarted, other: &RunStarted) -> Vec<Difference> {
    const AGAIN: &str = "run all shards with the same options";
    let wanted = |run: &RunStarted| {
        run.min_rule_coverage
            .map_or("none".to_owned(), |percent| percent.to_string())
    };
    let all = [
        (
            "seed",
            first.seed.to_string(),
            other.seed.to_string(),
            AGAIN,
        ),
        ("lanes", first.lanes.join(","), other.lanes.join(","), AGAIN),
        ("--min-rule-coverage", wanted(first), wanted(other), AGAIN),
        (
            "filter",
            first.filter.clone(),
            other.filter.clone(),
            "run all shards with the same build",
        ),
        (
            "shards",
            first.part.shards.to_string(),
            other.part.shards.to_string(),
            "run all shards with the same N of --shard I/N",
        ),
        (
            "scenarios, or what was selected of them",
            shown(first),
            shown(other),
            "run all shards on the same revision, with the same paths, --test, --tag, --no-xfail \
             and --swaps",
        ),
    ];
    all.into_iter()
        .filter(|(_, one, other, _)| one != other)
        .collect()
}

fn shown(run: &RunStarted) -> String {
    let digest: String = run.part.selection.chars().take(12).collect();
    format!("{} ({digest})", run.part.scenarios)
}

fn listed(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}
