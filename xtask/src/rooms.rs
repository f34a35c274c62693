//! `cargo xtask rooms`: does every part of the project keep to its room?
//!
//! What a package may depend on is read off cargo; what a room's
//! sources may say, off the sources.

mod dependencies;
mod sources;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace;

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

pub(crate) fn run(Options {}: &Options) -> Result<ExitCode> {
    check()?;
    Ok(ExitCode::SUCCESS)
}

/// Fails with every breach at once.
pub(crate) fn check() -> Result<()> {
    let mut breaches = dependencies::breaches()?;
    breaches.extend(sources::breaches(workspace::root())?);
    if breaches.is_empty() {
        eprintln!("every part keeps to its room");
        return Ok(());
    }
    for breach in &breaches {
        eprintln!("  {breach}");
    }
    bail!("{} breaches of the rooms", breaches.len())
}
