//! `cargo xtask bench`: how fast policies compile, and how fast the lanes are, as
//! ratios measured in one run.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;

use crate::{packages, privileges, process, workspace};

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

pub(crate) fn run(_options: &Options) -> Result<ExitCode> {
    packages::ensure(&[packages::NFT])?;
    let compiling = build("netverdict-policy", "compile")?;
    let lanes = build("netverdict", "lanes")?;
    // Needs no privileges, and a process of its own: it tells its peak memory.
    let mut compile = Command::new(compiling);
    let code = process::status(compile.arg("--bench").current_dir(workspace::root()))?;
    if code != 0 {
        bail!("the benchmark of compiling ended with {code}");
    }
    let mut run = privileges::as_root(&lanes, [])?;
    let code = process::status(run.arg("--bench").current_dir(workspace::root()))?;
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Builds a benchmark, and the program that it times, as the user.
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
    if !child.wait()?.success() {
        bail!("the benchmark does not build");
    }
    Ok(benchmark
        .context("cargo built no benchmark")?
        .into_std_path_buf())
}
