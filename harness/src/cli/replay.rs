//! Arguments of `replay`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ReadingArgs;
use crate::lane::LaneKind;

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Captures, pcap or pcapng, judged one after the other in this order.
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,
    /// The scenario, or the manifests, whose policy judges; more than once for several
    /// files or folders of manifests.
    #[arg(long, visible_alias = "scenario", value_name = "PATH", required = true)]
    pub against: Vec<PathBuf>,
    /// How every frame is judged, beside what the policy says.
    #[arg(long, value_enum, default_value_t)]
    pub lane: ReplayLane,
    /// Judge each frame as if it were the first: remember no connections and first
    /// fragments.
    #[arg(long)]
    pub untracked: bool,
    /// End with 1 also if this happens to any frame.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub fail_on: Option<FailOn>,
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: ReplayOutput,
    /// Another build of the filter, with the same map layout.
    #[arg(long, value_name = "OBJECT", env = "NETVERDICT_FILTER")]
    pub filter: Option<PathBuf>,
    /// What manifests leave open.
    #[command(flatten)]
    pub readings: ReadingArgs,
}

/// Lanes that take frames as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReplayLane {
    /// Interpret the map image in user space; no privileges.
    Model,
    /// `BPF_PROG_TEST_RUN` on the loaded programs and their real maps.
    #[default]
    Testrun,
}

/// What to fail on, besides parties that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A frame that is dropped.
    Drop,
}

/// How a replay is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReplayOutput {
    /// For reading.
    #[default]
    Human,
    /// One JSON object a line, the summary last.
    Json,
}

impl From<ReplayLane> for LaneKind {
    fn from(lane: ReplayLane) -> LaneKind {
        match lane {
            ReplayLane::Model => LaneKind::Model,
            ReplayLane::Testrun => LaneKind::Testrun,
        }
    }
}
