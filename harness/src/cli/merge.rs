//! Arguments of `merge`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// What it is about.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
}
