//! Arguments of `audit`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What it is about.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
}
