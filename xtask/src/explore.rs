//! `cargo xtask explore`: look for bytes that parsers do not come back from.
//!
//! Builds `harness/fuzz` so that every branch counts how often it is taken, and lets
//! each target run for a while. What it finds goes to `harness/fuzz/corpus`, where the
//! tests replay it; what else was worth keeping to `target/explore`, where the next
//! search begins.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use crate::{process, workspace};

/// Names of targets: those of `netverdict_fuzz::TARGETS`.
const TARGETS: [&str; 5] = ["scenario", "cluster", "addresses", "capture", "frame"];

/// Counters at every branch (LLVM, SanitizerCoverage), without any sanitizer.
const COUNTING: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
                        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters";

/// Where, and for how long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which parsers [default: all]
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
    /// Seconds for each of them
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    time: u32,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let program = build()?;
    let targets: Vec<&str> = match options.targets.as_slice() {
        [] => TARGETS.to_vec(),
        chosen => chosen.iter().map(String::as_str).collect(),
    };
    let mut found = false;
    for target in targets {
        found |= explore(&program, target, options.time)?;
    }
    Ok(match found {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// Whether anything was found.
fn explore(program: &Path, target: &str, seconds: u32) -> Result<bool> {
    let work = workspace::target()?.join("explore").join(target);
    let mut command = std::process::Command::new(program);
    command.args([target, &seconds.to_string()]).arg(&work);
    let status = (command.status()).with_context(|| format!("run {}", process::line(&command)))?;
    match status.code() {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(_) => bail!("{} ended with {status}", process::line(&command)),
        // A stack or a memory that ran out ends the process at once.
        None => {
            use std::os::unix::process::ExitStatusExt;
            ensure!(
                status.core_dumped() || status.signal() != Some(2),
                "interrupted"
            );
            let corpus = workspace::root().join("harness/fuzz/corpus").join(target);
            std::fs::create_dir_all(&corpus)?;
            let kept = corpus.join("ended-the-process");
            std::fs::copy(work.join("current"), &kept)?;
            println!("{target}: ended the process ({status}): {}", kept.display());
            Ok(true)
        }
    }
}

fn build() -> Result<PathBuf> {
    let host = host()?;
    let folder = workspace::target()?.join("explore").join("build");
    let mut cargo = workspace::cargo();
    // With a target named, build scripts and macros are compiled without counters.
    cargo
        .args([
            "build",
            "--quiet",
            "--profile",
            "explore",
            "--target",
            &host,
        ])
        .args([
            "--package",
            "netverdict-fuzz",
            "--features",
            "explore",
            "--bin",
            "explore",
        ])
        .arg("--target-dir")
        .arg(&folder)
        .env("RUSTFLAGS", COUNTING);
    ensure!(process::status(&mut cargo)? == 0, "the build failed");
    Ok(folder.join(host).join("explore").join("explore"))
}

/// The triple of this machine.
fn host() -> Result<String> {
    let mut rustc = std::process::Command::new("rustc");
    let text = process::output(rustc.arg("-vV")).context("rustc cannot be run")?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc says no host")?.to_owned())
}
