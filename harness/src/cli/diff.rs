//! Arguments of `diff`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// What it is about.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
}
