//! Ways to obtain a verdict.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

/// How a verdict is obtained, as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LaneKind {
    /// Interpret the map image in user space; no privileges.
    Model,
    /// `BPF_PROG_TEST_RUN` on the loaded program and its real maps.
    Testrun,
    /// Frames across a veth into the attached program.
    Wire,
}

/// Where in the stack the kernel runs an attached XDP program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// In the driver, before the frame becomes an skb.
    Native,
    /// In the stack, on skbs.
    Generic,
}

/// One way to obtain verdicts: a lane, in a mode where it has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// See [`LaneKind::Model`].
    Model,
    /// See [`LaneKind::Testrun`].
    TestRun,
    /// See [`LaneKind::Wire`].
    Wire(Mode),
}

impl Lane {
    /// The lanes asked for, cheapest first, each once.
    pub fn plan(kinds: &[LaneKind], modes: &[Mode]) -> Vec<Lane> {
        let mut lanes: Vec<Lane> = (kinds.iter())
            .flat_map(|kind| match kind {
                LaneKind::Model => vec![Lane::Model],
                LaneKind::Testrun => vec![Lane::TestRun],
                LaneKind::Wire => modes.iter().map(|mode| Lane::Wire(*mode)).collect(),
            })
            .collect();
        lanes.sort_unstable();
        lanes.dedup();
        lanes
    }

    /// Whether the lane loads the program into the kernel.
    pub const fn needs_privileges(self) -> bool {
        match self {
            Lane::Model => false,
            Lane::TestRun | Lane::Wire(_) => true,
        }
    }

    /// The lane's name for `--lane`.
    pub const fn name(self) -> &'static str {
        match self {
            Lane::Model => "model",
            Lane::TestRun => "testrun",
            Lane::Wire(_) => "wire",
        }
    }

    /// The mode's name for `--mode`, where the lane has one.
    pub const fn mode(self) -> Option<&'static str> {
        match self {
            Lane::Model | Lane::TestRun => None,
            Lane::Wire(Mode::Native) => Some("native"),
            Lane::Wire(Mode::Generic) => Some("generic"),
        }
    }

    /// The flags that ask for this lane alone.
    pub fn flags(self) -> String {
        match self.mode() {
            None => format!("--lane {}", self.name()),
            Some(mode) => format!("--lane {} --mode {mode}", self.name()),
        }
    }
}

/// `model`, `testrun`, `wire/native`, `wire/generic`.
impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mode() {
            None => f.write_str(self.name()),
            Some(mode) => write!(f, "{}/{mode}", self.name()),
        }
    }
}
