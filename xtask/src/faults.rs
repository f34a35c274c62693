//! `cargo xtask faults`: would anybody notice? Each mistake that can be built
//! into the filter must turn the scenarios red, and others beside them.

mod finder;
mod kind;
mod matrices;
mod report;
mod scenarios;
mod table;
mod trial;
mod witness;

use std::process::ExitCode;

use anyhow::{Context, Result};

use self::table::Committed;
use self::trial::{Bench, Depth, Trial};
use crate::build_ebpf::{self, Toolchain};
use crate::libtest::Tally;
use crate::{packages, run, workspace};

/// Which mistakes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these [default: all]
    names: Vec<String>,
    /// Put each mistake before all who might find it, and write ebpf/FAULTS.md
    #[arg(long, conflicts_with = "names")]
    table: bool,
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
        table: false,
        install,
    })
}

fn check(options: &Options) -> Result<Tally> {
    let faults = build_ebpf::faults()?;
    let depth = match options.table {
        true => Depth::All,
        false => Depth::Known(Committed::read()?),
    };
    let toolchain = Toolchain::find(options.install)?;
    packages::ensure(&[packages::NFT])?;
    let folder = workspace::target()?.join("faults");
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let bench = Bench {
        netverdict: run::build()?,
        toolchain,
        folder,
        depth,
    };

    let names = match options.names.as_slice() {
        [] => build_ebpf::names(&faults),
        some => some.iter().map(String::as_str).collect(),
    };
    // Without a fault all must be green, or their red proves nothing.
    let mut trials = vec![bench.hold(None)?];
    for name in names {
        trials.push(bench.hold(Some(name))?);
    }
    let mut tally = print(&trials);
    if let (Depth::Known(committed), []) = (&bench.depth, options.names.as_slice()) {
        tally += Tally::of_step("the table of faults", committed.check(&faults));
    }
    if tally.failed > 0 {
        println!(
            "what each run printed is in {}/*.log",
            bench.folder.display()
        );
    }
    if options.table {
        let words = trials.into_iter().filter_map(Trial::words).collect();
        let path = table::write(&table::render(&faults, &words)?)?;
        println!("{} is written", path.display());
    }
    Ok(tally)
}

fn print(trials: &[Trial]) -> Tally {
    let mut tally = Tally::default();
    println!("{:<43} {:>6} {:>9}", "fault", "red", "exit code");
    for line in trials.iter().flat_map(Trial::lines) {
        tally += Tally {
            passed: line.problem.is_none().into(),
            failed: line.problem.is_some().into(),
            skipped: 0,
        };
        let red = line.red.map_or(String::new(), |red| red.to_string());
        let word =
            (line.problem.as_ref()).map_or(String::new(), |problem| format!("  <---- {problem}"));
        println!("{:<43} {red:>6} {:>9}{word}", line.name, line.exit_code);
        for suite in &line.green {
            println!("{:<43} green: {suite}", "");
        }
    }
    tally
}
