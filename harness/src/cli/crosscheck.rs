//! Arguments of `crosscheck`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `crosscheck`.
#[derive(Debug, Args)]
pub struct CrosscheckArgs {
    /// What it is about.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
}
