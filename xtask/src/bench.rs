//! `cargo xtask bench`: how fast things are, as ratios measured in one run.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::Message;

use crate::{packages, privileges, process, workspace};

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Parts of it: compile, start, audit, diff, process, mutate, testrun, wire, matrix,
    /// prove, fuzz, filter, install [default: all]
    parts: Vec<String>,
}

/// What needs no privileges: a benchmark of its own.
const COMPILE: &str = "compile";

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    packages::ensure(&[packages::NFT])?;
    let compile = build("netverdict-policy", COMPILE)?;
    let lanes = build("netverdict", "lanes")?;
    let (compiling, others): (Vec<&String>, Vec<&String>) =
        options.parts.iter().partition(|part| *part == COMPILE);
    let all = options.parts.is_empty();
    if all || !compiling.is_empty() {
        process::succeed(measuring(&mut Command::new(compile)))?;
    }
    if all || !others.is_empty() {
        let mut run = privileges::as_root(&lanes, [])?;
        process::succeed(measuring(&mut run).args(others))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measuring(command: &mut Command) -> &mut Command {
    command.arg("--bench").current_dir(workspace::root())
}

/// Builds a benchmark, and the program that it times if it does, as the user.
fn build(package: &str, name: &str) -> Result<PathBuf> {
    let mut cargo = workspace::cargo();
    cargo
        .args(["bench", "--package", package, "--bench", name, "--no-run"])
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped());
    eprintln!("+ {}", process::line(&cargo));
    let mut child = cargo.spawn().context("run cargo")?;
    let stdout = child.stdout.take().context("its output is piped")?;
    let mut benchmark = None;
    for message in Message::parse_stream(std::io::BufReader::new(stdout)) {
        if let Message::CompilerArtifact(artifact) = message?
            && artifact.target.name == name
        {
            benchmark = artifact.executable;
        }
    }
    ensure!(
        child.wait()?.success(),
        "the benchmark {name} does not build"
    );
    match benchmark {
        Some(path) => Ok(path.into_std_path_buf()),
        None => bail!("cargo built no benchmark {name}"),
    }
}
