//! `cargo xtask faults`: would anybody notice? Each mistake that can be built
//! into the filter must turn the scenarios red.

mod matrices;
mod witness;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use self::witness::{Lanes, Witness};
use crate::build_ebpf::{self, Toolchain};
use crate::libtest::Tally;
use crate::{packages, process, run, workspace};

/// Which mistakes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these [default: all]
    names: Vec<String>,
    /// Install what building the filter needs and the machine lacks
    #[arg(long)]
    install: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let tally = check(options)?;
    println!("{tally}");
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// All mistakes; one that survives counts as failed.
pub(crate) fn all(install: bool) -> Result<Tally> {
    check(&Options {
        names: Vec::new(),
        install,
    })
}

fn check(options: &Options) -> Result<Tally> {
    let toolchain = Toolchain::find(options.install)?;
    packages::ensure(&[packages::NFT])?;
    let netverdict = run::build()?;
    let folder = workspace::target()?.join("faults");
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;

    let names = if options.names.is_empty() {
        build_ebpf::faults()?
    } else {
        options.names.clone()
    };
    let (mut table, mut of_matrices) = (Vec::new(), Vec::new());
    // Without a fault the scenarios must be green, or their red proves nothing.
    let stem = folder.join("none");
    let object = stem.with_extension("o");
    build_ebpf::build(&toolchain, None, &object)?;
    let seen = observe(&netverdict, &object, &stem, Lanes::Both, &[])?;
    table.push(("(none)", None, seen));
    of_matrices.extend(matrices::observe(&netverdict, &object, &stem, None)?);
    for name in &names {
        let witness = witness::of(name)
            .with_context(|| format!("xtask/src/faults/witness.rs has nobody to see {name}"))?;
        let stem = folder.join(name);
        let object = stem.with_extension("o");
        build_ebpf::build(&toolchain, Some(name), &object)?;
        let seen = observe(
            &netverdict,
            &object,
            &stem,
            witness.lanes,
            witness.arguments,
        )?;
        table.push((name, Some(witness), seen));
        of_matrices.extend(matrices::observe(&netverdict, &object, &stem, Some(name))?);
    }

    let mut tally = Tally::default();
    println!("{:<32} {:>6} {:>9}", "fault", "red", "exit code");
    for (name, witness, seen) in &table {
        let problem = seen.problem(*witness);
        tally += Tally {
            passed: problem.is_none().into(),
            failed: problem.is_some().into(),
            skipped: 0,
        };
        let red = seen.red.map_or("?".to_owned(), |red| red.to_string());
        let word = problem.map_or(String::new(), |problem| format!("  <---- {problem}"));
        println!("{name:<32} {red:>6} {:>9}{word}", seen.exit_code);
        for suite in witness.map_or(Vec::new(), |witness| seen.blind(witness)) {
            println!("{:<32} green: {suite}", "");
        }
    }
    for seen in &of_matrices {
        let (name, exit_code) = (&seen.name, seen.exit_code);
        tally += Tally {
            passed: seen.problem.is_none().into(),
            failed: seen.problem.is_some().into(),
            skipped: 0,
        };
        let word = (seen.problem).map_or(String::new(), |problem| format!("  <---- {problem}"));
        println!("{name:<43} {exit_code:>5}{word}");
    }
    if tally.failed > 0 {
        println!("what each run printed is in {}/*.log", folder.display());
    }
    Ok(tally)
}

/// What a run of the scenarios came to.
struct Seen {
    exit_code: i32,
    /// Failing probes, by the report.
    red: Option<u64>,
    /// Suites without a failing probe.
    green: Vec<String>,
}

impl Seen {
    /// What is wrong with it, if anything; without a witness, for the filter
    /// without a mistake.
    fn problem(&self, witness: Option<&Witness>) -> Option<String> {
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
    fn blind(&self, witness: &Witness) -> Vec<&str> {
        let Some(must) = witness.each_of else {
            return Vec::new();
        };
        (self.green.iter())
            .map(String::as_str)
            .filter(|suite| suite.starts_with(must))
            .collect()
    }
}

fn observe(
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
        red: failures(&report),
        green: green(&report),
    })
}

/// The number of failures that a JUnit report's root element gives.
fn failures(report: &str) -> Option<u64> {
    let root = report.split_once("<testsuites")?.1.split_once('>')?.0;
    let value = root.split_once(" failures=\"")?.1.split_once('"')?.0;
    value.parse().ok()
}

/// The suites of a JUnit report that have neither failure nor error.
fn green(report: &str) -> Vec<String> {
    let suites = report.split("<testsuite ").skip(1);
    suites
        .filter_map(|suite| {
            let head = suite.split_once('>')?.0;
            let quiet = head.contains(" failures=\"0\"") && head.contains(" errors=\"0\"");
            let name = head.split_once("name=\"")?.1.split_once('"')?.0;
            quiet.then(|| name.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_noticed_only_as_its_witness_says() {
        let seen = |exit_code, green: &[&str]| Seen {
            exit_code,
            red: None,
            green: green.iter().map(|suite| (*suite).to_owned()).collect(),
        };
        let by = |fault| Some(witness::of(fault).expect("a witness"));
        for (seen, witness, expected) in [
            (seen(0, &["a"]), None, None),
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
                seen(1, &["scenarios/cidr/a"]),
                by("passes-everything"),
                None,
            ),
            (
                seen(1, &["scenarios/incident/a"]),
                by("passes-everything"),
                Some("some did not notice"),
            ),
        ] {
            assert_eq!(seen.problem(witness).as_deref(), expected);
        }
    }

    #[test]
    fn a_suite_without_failures_and_errors_is_green() {
        let report = "<testsuites name=\"n\">\n\
            <testsuite name=\"a\" tests=\"1\" errors=\"0\" failures=\"1\">\n\
            <testsuite name=\"b\" tests=\"1\" errors=\"0\" failures=\"0\">\n\
            <testsuite name=\"c\" tests=\"1\" errors=\"2\" failures=\"0\">";
        assert_eq!(green(report), ["b"]);
    }

    #[test]
    fn the_whole_reports_failures_count() {
        let report = |root: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<testsuites {root}>\n  \
                 <testsuite name=\"a\" failures=\"9\"/>\n</testsuites>\n"
            )
        };
        for (root, expected) in [
            (
                "name=\"n\" tests=\"5\" failures=\"3\" errors=\"1\"",
                Some(3),
            ),
            ("name=\"n\" tests=\"5\"", None),
        ] {
            assert_eq!(failures(&report(root)), expected, "{root}");
        }
    }
}
