//! Arguments of `mutate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `mutate`.
#[derive(Debug, Args)]
pub struct MutateArgs {
    /// Scenario files, or folders that are searched for them (those named `invalid`
    /// and `manifests` only if named here).
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Demand that so many of the mutants that could be noticed are, over all
    /// scenarios; otherwise end with 1.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub min_score: Option<f64>,
    /// Mutants of a scenario that are tried at most, spread evenly over its policy.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// List every mutant, not only those that survived.
    #[arg(short, long)]
    pub verbose: bool,
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: MutateOutput,
}

/// How scores are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MutateOutput {
    /// For reading.
    #[default]
    Human,
    /// One JSON object, with every mutant.
    Json,
}

/// A number from 0 to 100.
fn percent(text: &str) -> Result<f64, String> {
    (text.parse().ok())
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "expected a number from 0 to 100".to_owned())
}
