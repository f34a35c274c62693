//! Running tests and adding up what they say.

use std::io::{BufRead, BufReader, Write};
use std::ops::AddAssign;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::process;

/// How many tests, or steps, ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// One step, by its result; an error is said where it happens.
    pub(crate) fn of_step(name: &str, result: Result<()>) -> Tally {
        match result {
            Ok(()) => Tally {
                passed: 1,
                ..Tally::default()
            },
            Err(error) => {
                eprintln!("{name} failed: {error:#}");
                Tally {
                    failed: 1,
                    ..Tally::default()
                }
            }
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        let Tally {
            passed,
            failed,
            skipped,
        } = other;
        self.passed += passed;
        self.failed += failed;
        self.skipped += skipped;
    }
}

/// `N passed, N failed`, and what was skipped if anything was.
impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Runs a test binary, or cargo running several, and passes on what it prints.
/// One that fails without counting a failure counts as one.
pub(crate) fn run(command: &mut Command) -> Result<Tally> {
    run_into(command, &mut std::io::stdout())
}

fn run_into(command: &mut Command, out: &mut impl Write) -> Result<Tally> {
    let line = process::line(command);
    eprintln!("+ {line}");
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("run {line}"))?;
    let stdout = child.stdout.take().context("its output is piped")?;
    let mut tally = Tally::default();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        if let Some(summary) = std::str::from_utf8(&line).ok().and_then(summary) {
            tally += summary;
        }
        out.write_all(&line)?;
        out.write_all(b"\n")?;
    }
    let status = child.wait()?;
    if !status.success() && tally.failed == 0 {
        eprintln!("{line} ended with {status}");
        tally.failed = 1;
    }
    Ok(tally)
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; …`
fn summary(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let count = |name: &str| {
        let part = counts
            .split("; ")
            .find_map(|part| part.strip_suffix(name))?;
        part.trim_end().parse().ok()
    };
    Some(Tally {
        passed: count("passed")?,
        failed: count("failed")?,
        skipped: count("ignored")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_read() {
        let tally = |passed, failed, skipped| {
            Some(Tally {
                passed,
                failed,
                skipped,
            })
        };
        for (line, expected) in [
            (
                "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 4 filtered out; \
                 finished in 0.07s",
                tally(12, 0, 3),
            ),
            (
                "test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
                tally(0, 2, 0),
            ),
            ("test a ... ok", None),
            ("test result: ok. nothing", None),
        ] {
            assert_eq!(summary(line), expected, "{line}");
        }
    }

    #[test]
    fn a_run_that_fails_without_saying_so_counts() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            let mut shown = Vec::new();
            let tally = run_into(&mut command, &mut shown).expect("sh runs");
            (tally, String::from_utf8(shown).expect("text"))
        };
        assert_eq!(shell("exit 0").0, Tally::default());
        assert_eq!(shell("exit 101").0.failed, 1);
        let text = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured";
        let (tally, shown) = shell(&format!("echo '{text}'; echo '{text}'; exit 101"));
        assert_eq!((tally.passed, tally.failed), (2, 4));
        assert_eq!(shown, format!("{text}\n{text}\n"));
    }
}
