//! Arguments of `merge`.

use std::path::PathBuf;

use clap::Args;

use super::{MetricsArgs, RunOutput, SummaryArgs};

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Folders that `run --shard I/N --report-dir DIR` wrote, those of all shards; or
    /// folders of such folders.
    #[arg(required = true, value_name = "DIR")]
    pub paths: Vec<PathBuf>,
    /// Where junit.xml, results.sarif and events.jsonl of the whole run go.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub report_dir: PathBuf,
    /// What policies decided.
    #[command(flatten)]
    pub metrics: MetricsArgs,
    /// What came of it, as Markdown.
    #[command(flatten)]
    pub summary: SummaryArgs,
    /// What is printed, as `run` would print it.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: RunOutput,
    /// Print which rules decided about frames, line by line.
    #[arg(long)]
    pub rule_coverage: bool,
}
