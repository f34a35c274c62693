//! `cargo xtask faults`: would anybody notice? Each mistake that can be built
//! into the filter must turn the scenarios red.

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

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
    // Without a fault the scenarios must be green, or their red proves nothing.
    let control = std::iter::once(None);
    let mut table = Vec::new();
    for fault in control.chain(names.iter().map(|name| Some(name.as_str()))) {
        let name = fault.unwrap_or("(none)");
        let stem = folder.join(fault.unwrap_or("none"));
        let object = stem.with_extension("o");
        build_ebpf::build(&toolchain, fault, &object)?;
        let seen = observe(&netverdict, &object, &stem)?;
        table.push((name, fault.is_none(), seen));
    }

    let mut tally = Tally::default();
    println!("{:<24} {:>6} {:>9}", "fault", "red", "exit code");
    for (name, is_control, seen) in &table {
        let blind = seen.blind(name);
        let as_wanted = seen.exit_code == wanted(name, *is_control) && blind.is_empty();
        tally += Tally {
            passed: as_wanted.into(),
            failed: (!as_wanted).into(),
            skipped: 0,
        };
        let word = match (as_wanted, is_control, seen.exit_code) {
            (true, ..) => "",
            (false, true, _) => "  <---- the filter itself is not green",
            (false, false, 0) => "  <---- nobody noticed",
            (false, false, _) if !blind.is_empty() => "  <---- some did not notice",
            (false, false, _) => "  <---- not the exit code it should be",
        };
        let red = seen.red.map_or("?".to_owned(), |red| red.to_string());
        println!("{name:<24} {red:>6} {:>9}{word}", seen.exit_code);
        for suite in blind {
            println!("{:<24} green: {suite}", "");
        }
    }
    if tally.failed > 0 {
        println!("what each run printed is in {}/*.log", folder.display());
    }
    Ok(tally)
}

/// The exit code that netverdict must end with.
fn wanted(fault: &str, is_control: bool) -> i32 {
    match fault {
        _ if is_control => 0,
        // It contradicts itself: what it says of a frame is not what it did, and
        // so nothing it says is evidence. That is an error, not a mismatch.
        "drop-not-enforced" => 3,
        _ => 1,
    }
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
    /// Suites that had to notice this fault by themselves, and did not: a filter
    /// that passes everything must not look like a deployment that does.
    fn blind(&self, fault: &str) -> Vec<&str> {
        let must = match fault {
            "passes-everything" => "scenarios/incident/",
            _ => return Vec::new(),
        };
        (self.green.iter())
            .map(String::as_str)
            .filter(|suite| suite.starts_with(must))
            .collect()
    }
}

fn observe(netverdict: &std::path::PathBuf, object: &Path, stem: &Path) -> Result<Seen> {
    let log = stem.with_extension("log");
    let output = File::create(&log).with_context(|| format!("make {}", log.display()))?;
    let mut command = run::scenarios(netverdict)?;
    command
        .arg("--filter")
        .arg(object)
        .args(["--lane", "testrun,wire", "--report-dir"])
        .arg(stem)
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
