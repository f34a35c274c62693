//! `cargo xtask mutants`: would the tests notice? cargo-mutants changes one place
//! at a time in the code that decides verdicts, and the tests of that code have to
//! fail.
//!
//! It takes hours, so nothing is tested twice: `target/mutants/results` keeps what
//! is known of each file, and a run that was interrupted goes on behind the last
//! mutant that it finished.

mod accepted;
mod bench;
mod known;
mod module;
mod mutant;
mod tool;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use self::accepted::Accepted;
use self::bench::Bench;
use self::known::Outcome;
use self::module::{Module, Shard};
use self::mutant::Mutant;
use crate::libtest::Tally;
use crate::workspace;

/// Which mutants.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only those of these modules [default: all]
    #[arg(value_enum)]
    modules: Vec<Module>,
    /// Only the I-th of N parts of the files, to share the work between machines;
    /// what each leaves in target/mutants/results belongs in one folder
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Say what is known of each mutant, and test none
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let root = workspace::root();
    let files = files(root, options)?;
    let accepted = accepted::read_list(&root.join(accepted::FILE))?;
    let bench = Bench::set_up(tool::ready()?)?;
    if options.list {
        for file in &files {
            let known = bench.known(file)?;
            for mutant in bench.mutants(file)? {
                let word = known.get(&mutant.name).map_or("untested", Outcome::word);
                println!("{word:<14} {}", mutant.name);
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut tally = Tally::default();
    let mut counts: BTreeMap<Outcome, u64> = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        eprintln!("== {file} ({} of {})", at + 1, files.len());
        let tested = bench.test(file)?;
        for (_, outcome) in &tested {
            *counts.entry(*outcome).or_default() += 1;
        }
        tally += judge(file, &tested, &accepted);
    }
    for (outcome, count) in counts {
        println!("{:<14} {count:>5}", outcome.word());
    }
    println!("{tally}");
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The files to mutate, relative to the checkout, in order.
fn files(root: &Path, options: &Options) -> Result<Vec<String>> {
    let modules = match options.modules.as_slice() {
        [] => Module::ALL.to_vec(),
        some => some.to_vec(),
    };
    let mut files = Vec::new();
    for module in modules {
        files.extend(module.files(root)?);
    }
    files.sort();
    files.dedup();
    if let Some(shard) = options.shard {
        files = shard.of(files);
    }
    ensure!(!files.is_empty(), "no file is left for this part");
    Ok(files)
}

/// Says which survivors nobody explained, and which explanations explain nothing.
fn judge(file: &str, tested: &[(Mutant, Outcome)], accepted: &[Accepted]) -> Tally {
    let difference = accepted::difference(file, tested, accepted);
    for mutant in &difference.unexplained {
        println!("SURVIVED {}\n{}", mutant.name, accepted::entry(mutant));
    }
    for (entry, why) in &difference.idle {
        println!(
            "{}: `{}` in {} {why}",
            accepted::FILE,
            entry.mutant,
            entry.file
        );
    }
    let failed = difference.unexplained.len() + difference.idle.len();
    let counted = tested
        .iter()
        .filter(|(_, outcome)| outcome.says_something());
    let passed = counted.count() - difference.unexplained.len();
    Tally {
        passed: passed as u64,
        failed: failed as u64,
        skipped: 0,
    }
}

/// Reads a file, with its name in the error.
fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}
