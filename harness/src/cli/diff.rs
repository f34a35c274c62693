//! Arguments of `diff`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{FindingArgs, ReadingArgs};

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// What was: a file, a folder, or a git revision as REV:PATH (`HEAD~1:` is all of
    /// it). A path that exists wins over a revision.
    pub old: String,
    /// What is to be, likewise. All manifests of a side are one cluster; each scenario
    /// is a world of its own, compared with the one at the same path.
    pub new: String,
    /// End with 1 if anything newly gets in from outside the cluster, or would but for
    /// a prefilter; or if any packet is treated differently.
    #[arg(long, value_enum, default_value_t)]
    pub fail_on: DiffFailOn,
    /// How the witness of each change is tried [default: testrun, or without
    /// privileges model].
    #[arg(long, value_enum)]
    pub lane: Option<DiffLane>,
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: DiffOutput,
    /// What is done with findings.
    #[command(flatten)]
    pub findings: FindingArgs,
    /// What manifests leave open.
    #[command(flatten)]
    pub readings: ReadingArgs,
    /// Another build of the filter, with the same map layout.
    #[arg(long, value_name = "OBJECT", env = "NETVERDICT_FILTER")]
    pub filter: Option<PathBuf>,
}

/// What makes a diff end with 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DiffFailOn {
    /// Something newly gets in from outside.
    #[default]
    NewlyExposed,
    /// Anything is different.
    Any,
}

/// How witnesses are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffLane {
    /// Interpret the map images in user space; no privileges.
    Model,
    /// `BPF_PROG_TEST_RUN` on the loaded programs and their real maps.
    Testrun,
}

/// How a diff is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DiffOutput {
    /// For reading.
    #[default]
    Human,
    /// One JSON object, with every prefix and the frames of the witnesses.
    Json,
    /// A comment on a pull request.
    Markdown,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}
