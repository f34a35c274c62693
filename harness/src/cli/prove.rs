//! Arguments of `prove`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ReadingArgs;

/// Arguments of `prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// Manifests and scenarios, or folders of them. All manifests together are
    /// one cluster; each scenario is a world of its own, and so is what each of its
    /// steps makes of it.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// What is held against the policy.
    #[arg(long, value_enum, default_value_t)]
    pub lane: ProveLane,
    /// Another build of the filter, with the same map layout.
    #[arg(long, value_name = "OBJECT", env = "NETVERDICT_FILTER")]
    pub filter: Option<PathBuf>,
    /// Where prove.pcap goes, with a packet for each difference.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub report_dir: PathBuf,
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: ProveOutput,
    /// What manifests leave open.
    #[command(flatten)]
    pub readings: ReadingArgs,
}

/// What is held against the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProveLane {
    /// The maps as read back from the kernel, and the program over them, by
    /// `BPF_PROG_TEST_RUN`.
    #[default]
    Testrun,
    /// The compiled maps, and the interpreter over them: proves nothing of the kernel,
    /// and needs no privileges.
    Model,
}

/// How proofs are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProveOutput {
    /// For reading.
    #[default]
    Human,
    /// One JSON object a subject and line.
    Json,
}
