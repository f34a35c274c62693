//! Arguments of commands that find something.

use std::path::PathBuf;

use clap::Args;

/// What is done with findings.
#[derive(Clone, Debug, Default, Args)]
pub struct FindingArgs {
    /// Accept the findings that are in this file; fail on new ones.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Accept today's findings: write them to this file, for --baseline.
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// What came of it, as Markdown.
    #[command(flatten)]
    pub summary: SummaryArgs,
}

/// What came of it, as Markdown.
#[derive(Clone, Debug, Default, Args)]
pub struct SummaryArgs {
    /// Append a summary as Markdown to this file [default: $GITHUB_STEP_SUMMARY, if
    /// that is set].
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
}

/// What policies decided, as Prometheus reads it.
#[derive(Clone, Debug, Default, Args)]
pub struct MetricsArgs {
    /// Write how often each rule of a policy decided, and what came to each node port, to
    /// this file, in Prometheus' text format.
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
}
