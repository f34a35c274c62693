//! The scenarios, which have to notice every mistake.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::finder::Word;
use super::report::{self, Suite};
use super::witness::{Lanes, Witness};
use crate::{process, run};

/// What a run of the scenarios came to.
pub(super) struct Seen {
    pub(super) exit_code: i32,
    suites: Vec<Suite>,
}

impl Seen {
    /// What is wrong with it, if anything; without a witness, for the filter
    /// without a mistake.
    pub(super) fn problem(&self, witness: Option<&Witness>) -> Option<String> {
        let Some(witness) = witness else {
            let is_green = self.exit_code == 0;
            return (!is_green).then(|| "the filter itself is not green".to_owned());
        };
        if self.exit_code == 0 {
            Some(format!(
                "nobody noticed; it takes, in lane {}: {}",
                witness.lanes.argument(),
                witness.needs
            ))
        } else if self.exit_code != witness.exit_code {
            Some(format!("the exit code should be {}", witness.exit_code))
        } else if !self.blind(witness).is_empty() {
            Some("some did not notice".to_owned())
        } else {
            None
        }
    }

    /// Suites that had to notice the mistake by themselves, and did not: a filter
    /// that passes everything must not look like a deployment that does.
    pub(super) fn blind(&self, witness: &Witness) -> Vec<&str> {
        let Some(must) = witness.each_of else {
            return Vec::new();
        };
        (self.suites.iter())
            .filter(|suite| suite.is_green() && suite.name.starts_with(must))
            .map(|suite| suite.name.as_str())
            .collect()
    }

    /// Failing probes in all lanes.
    pub(super) fn red(&self) -> u64 {
        report::red(&self.suites, None)
    }

    /// What the scenarios said in one lane.
    pub(super) fn word(&self, lane: &str) -> Word {
        let mut in_lane = self.suites.iter().filter(|suite| suite.is_in(lane));
        match report::red(&self.suites, Some(lane)) {
            0 if self.exit_code == 0 || in_lane.all(Suite::is_green) => Word::Green,
            0 => Word::GaveUp(self.exit_code),
            red => Word::Red(red),
        }
    }
}

/// Runs the scenarios with the filter in `object`, and keeps what they print and
/// report at `stem`.
pub(super) fn observe(
    netverdict: &PathBuf,
    object: &Path,
    stem: &Path,
    lanes: Lanes,
    arguments: &[&str],
) -> Result<Seen> {
    let log = stem.with_extension("log");
    let output = File::create(&log).with_context(|| format!("make {}", log.display()))?;
    let mut command = run::scenarios(netverdict)?;
    command
        .arg("--filter")
        .arg(object)
        .args(["--lane", lanes.argument(), "--report-dir"])
        .arg(stem)
        .args(arguments)
        .stdout(output.try_clone()?)
        .stderr(output);
    // A report of an earlier run must not stand in for this one's.
    let report = stem.join("junit.xml");
    if report.exists() {
        std::fs::remove_file(&report).with_context(|| format!("remove {}", report.display()))?;
    }
    let exit_code = process::status(&mut command)?;
    let report = std::fs::read_to_string(report).unwrap_or_default();
    Ok(Seen {
        exit_code,
        suites: report::suites(&report),
    })
}

#[cfg(test)]
mod tests {
    use super::super::witness;
    use super::*;

    fn seen(exit_code: i32, suites: &[(&str, u64, u64)]) -> Seen {
        let suite = |(name, failures, errors): &(&str, u64, u64)| Suite {
            name: (*name).to_owned(),
            failures: *failures,
            errors: *errors,
        };
        Seen {
            exit_code,
            suites: suites.iter().map(suite).collect(),
        }
    }

    #[test]
    fn a_mistake_is_noticed_only_as_its_witness_says() {
        let by = |fault| Some(witness::of(fault).expect("a witness"));
        for (seen, witness, expected) in [
            (seen(0, &[("a", 0, 0)]), None, None),
            (seen(1, &[]), None, Some("the filter itself is not green")),
            (seen(1, &[]), by("default-flipped"), None),
            (
                seen(3, &[]),
                by("default-flipped"),
                Some("the exit code should be 1"),
            ),
            (seen(3, &[]), by("drop-not-enforced"), None),
            (
                seen(0, &[]),
                by("foreign-source-passes"),
                Some(
                    "nobody noticed; it takes, in lane wire: a workload that sends under another \
                     workload's address",
                ),
            ),
            (
                seen(1, &[("scenarios/cidr/a", 0, 0)]),
                by("passes-everything"),
                None,
            ),
            (
                seen(1, &[("scenarios/incident/a", 0, 0)]),
                by("passes-everything"),
                Some("some did not notice"),
            ),
            (
                seen(1, &[("scenarios/incident/a", 1, 0)]),
                by("passes-everything"),
                None,
            ),
        ] {
            assert_eq!(seen.problem(witness).as_deref(), expected);
        }
    }

    #[test]
    fn each_lane_has_its_own_word() {
        let some = seen(
            1,
            &[
                ("a [testrun]", 0, 0),
                ("a [wire/native]", 2, 0),
                ("b [wire/generic]", 3, 1),
            ],
        );
        assert_eq!(some.word("testrun"), Word::Green);
        assert_eq!(some.word("wire"), Word::Red(5));
        assert_eq!(some.red(), 5);
        let broken = seen(3, &[("a [testrun]", 0, 1), ("a [wire/native]", 0, 0)]);
        assert_eq!(broken.word("testrun"), Word::GaveUp(3));
        assert_eq!(broken.word("wire"), Word::Green);
    }
}
