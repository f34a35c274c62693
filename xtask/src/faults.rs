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
        let as_wanted = seen.exit_code == wanted(name, *is_control);
        tally += Tally {
            passed: as_wanted.into(),
            failed: (!as_wanted).into(),
            skipped: 0,
        };
        let word = match (as_wanted, is_control, seen.exit_code) {
            (true, ..) => "",
            (false, true, _) => "  <---- the filter itself is not green",
            (false, false, 0) => "  <---- nobody noticed",
            (false, false, _) => "  <---- not the exit code it should be",
        };
        let red = seen.red.map_or("?".to_owned(), |red| red.to_string());
        println!("{name:<24} {red:>6} {:>9}{word}", seen.exit_code);
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
    let red = std::fs::read_to_string(report).ok();
    Ok(Seen {
        exit_code,
        red: red.and_then(|report| failures(&report)),
    })
}

/// The number of failures that a JUnit report's root element gives.
fn failures(report: &str) -> Option<u64> {
    let root = report.split_once("<testsuites")?.1.split_once('>')?.0;
    let value = root.split_once(" failures=\"")?.1.split_once('"')?.0;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
