//! `cargo xtask run`: netverdict on the scenarios of this checkout.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::{packages, privileges, process, workspace};

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Passed on to `netverdict run scenarios`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    packages::ensure(&[packages::NFT, packages::CURL])?;
    let netverdict = build()?;
    let mut run = scenarios(&netverdict)?;
    run.args(&options.args);
    let code = process::status(&mut run)?;
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Builds the program as people use it, as the user who asks.
pub(crate) fn build() -> Result<PathBuf> {
    process::succeed(workspace::cargo().args(["build", "--release", "--package", "netverdict"]))?;
    Ok(workspace::target()?.join("release/netverdict"))
}

/// `netverdict run scenarios`, as root.
pub(crate) fn scenarios(netverdict: &PathBuf) -> Result<Command> {
    let colour = std::env::var_os("NO_COLOR");
    let environment = colour.iter().map(|value| ("NO_COLOR", value.as_os_str()));
    let mut command = privileges::as_root(netverdict, environment)?;
    command
        .current_dir(workspace::root())
        .args([OsStr::new("run"), OsStr::new("scenarios")]);
    Ok(command)
}
