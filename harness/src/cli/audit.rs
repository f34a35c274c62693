//! Arguments of `audit`.

use std::path::PathBuf;

use clap::Args;

use super::{LiveArgs, ReadingArgs};

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What it is about.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// What is loaded.
    #[command(flatten)]
    pub live: LiveArgs,
    /// What manifests leave open.
    #[command(flatten)]
    pub readings: ReadingArgs,
}
