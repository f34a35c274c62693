//! The command line.

mod audit;
mod completions;
mod crosscheck;
mod diff;
mod findings;
mod fuzz;
mod live;
mod merge;
mod mutate;
mod prove;
mod replay;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use netverdict_policy::frontend::HostNetwork;
use netverdict_policy::matrix::FamilyChoice;

use crate::lane::{LaneKind, Mode};
use crate::lanes::kernel::Sabotage;
use crate::matrix::input::Readings;
use crate::select::{NameFilter, Shard};

pub use audit::{AuditArgs, AuditFailOn, AuditOutput};
pub use completions::{CompletionsArgs, ManArgs};
pub use crosscheck::{CrosscheckArgs, CrosscheckFailOn, CrosscheckOutput, IptablesBackend};
pub use diff::{DiffArgs, DiffFailOn, DiffLane, DiffOutput};
pub use findings::{FindingArgs, MetricsArgs, SummaryArgs};
pub use fuzz::{FuzzArgs, FuzzLane, FuzzOutput, Misread};
pub use live::LiveArgs;
pub use merge::MergeArgs;
pub use mutate::{MutateArgs, MutateOutput};
pub use prove::{ProveArgs, ProveLane, ProveOutput};
pub use replay::{FailOn, ReplayArgs, ReplayLane, ReplayOutput};

static VERSION: LazyLock<String> = LazyLock::new(crate::object::version);

/// Tells, before you deploy, which packets your XDP filter and network policies
/// really let through.
#[derive(Debug, Parser)]
#[command(
    name = "netverdict",
    version = VERSION.as_str(),
    after_help = "Exit codes: 0 as expected, 1 mismatch or finding, 2 bad usage or bad input, \
                  3 inconclusive or harness fault, 4 this machine lacks what the run needs, \
                  5 nothing was selected."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios: send their frames past the filter and compare.
    Run(RunArgs),
    /// Validate scenarios and manifests; runs nothing, needs no privileges.
    Check(CheckArgs),
    /// Bring the network of a scenario or of manifests up and run a command or a
    /// shell in it.
    Lab(LabArgs),
    /// Say which connections are open between all workloads and the outside.
    Matrix(MatrixArgs),
    /// Say why a connection is open or closed, down to the line.
    Explain(ExplainArgs),
    /// Look for a policy and a packet that the filter, or the compiler, gets wrong.
    Fuzz(FuzzArgs),
    /// Say what a policy does with captured traffic, frame by frame.
    Replay(ReplayArgs),
    /// Prove that the filter does what a policy says at every address, and that no
    /// prefilter lets past the policy what it denies.
    Prove(ProveArgs),
    /// Say how many mistakes in the policies the probes of scenarios would notice;
    /// asks the model alone, needs no privileges.
    Mutate(MutateArgs),
    /// Find what is dangerous, contradictory or without effect in manifests and
    /// scenarios; runs nothing.
    Audit(AuditArgs),
    /// Say whom a change of policies lets in or shuts out, and which line does it.
    Diff(DiffArgs),
    /// Hold the filter against kube-proxy's iptables rules and NetworkPolicy as
    /// nftables, in the same network.
    Crosscheck(CrosscheckArgs),
    /// Put the reports of shards together.
    Merge(MergeArgs),
    /// Say what this machine can and cannot run, and how to mend it.
    Doctor(DoctorArgs),
    /// Print the JSON Schema of scenario files.
    Schema,
    /// Print what a shell needs to complete command lines.
    Completions(CompletionsArgs),
    /// Print the manual page, or write those of all commands to a folder.
    Man(ManArgs),
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table, then what is wrong.
    #[default]
    Human,
    /// One JSON object a line, as in events.jsonl.
    Json,
    /// Test Anything Protocol, version 14.
    Tap,
}

/// How what came of a run is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RunOutput {
    /// A table, then what is wrong.
    #[default]
    Human,
    /// One JSON object a line, as in events.jsonl.
    Json,
    /// Test Anything Protocol, version 14.
    Tap,
    /// SARIF 2.1.0, for code scanning, as in results.sarif.
    Sarif,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Scenario files, or folders that are searched for them (those named
    /// `invalid` and `manifests` only if named here). Manifests are validated;
    /// they have no probes.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// How verdicts are obtained; `model` alone needs no privileges.
    #[arg(long, value_delimiter = ',', default_value = "model,testrun,wire")]
    pub lane: Vec<LaneKind>,
    /// How the filter is attached in the wire lane.
    #[arg(long, value_delimiter = ',', default_value = "native,generic")]
    pub mode: Vec<Mode>,
    /// Another build of the filter, with the same map layout.
    #[arg(long, value_name = "OBJECT", env = "NETVERDICT_FILTER")]
    pub filter: Option<PathBuf>,
    /// Show known faults as failures.
    #[arg(long)]
    pub no_xfail: bool,
    /// Only probes whose name, or PATH::NAME, matches; `!REGEX` excludes.
    #[arg(long, value_name = "REGEX")]
    pub test: Vec<NameFilter>,
    /// Only scenarios with one of these tags.
    #[arg(long, value_delimiter = ',')]
    pub tag: Vec<String>,
    /// Every Nth scenario, beginning with the Ith (from 1); `merge` puts the reports of
    /// all shards together.
    #[arg(long, value_name = "I/N", env = "NETVERDICT_SHARD")]
    pub shard: Option<Shard>,
    /// List the selected probes and run nothing.
    #[arg(long)]
    pub list: bool,
    /// Show namespaces, map entries and frames, and run nothing.
    #[arg(long, conflicts_with = "list")]
    pub dry_run: bool,
    /// Put all network policies in dry run: the filter judges by them, counts, and
    /// passes what they would drop; probes are held against what would be. Prefilters
    /// stay in force.
    #[arg(long)]
    pub dry_run_policy: bool,
    /// Stop after the first scenario with a probe that is not as expected.
    #[arg(long)]
    pub fail_fast: bool,
    /// Scenarios judged at the same time [default: one a processor, at most 4].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// Order in which a scenario's frames are sent; 0 is the order of the file.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// How often the policy changes to and fro in each step, under traffic, in the
    /// wire lane.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub swaps: u32,
    /// Print which rules decided about frames, line by line. (How much of each rule
    /// is enforced, `check` says.)
    #[arg(long)]
    pub rule_coverage: bool,
    /// Of a hundred rules, how many have to decide about a frame; otherwise end with
    /// 1.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub min_rule_coverage: Option<u8>,
    /// Where junit.xml, results.sarif and events.jsonl go.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub report_dir: PathBuf,
    /// What policies decided.
    #[command(flatten)]
    pub metrics: MetricsArgs,
    /// What came of it, as Markdown.
    #[command(flatten)]
    pub summary: SummaryArgs,
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: RunOutput,
    /// For the test-suite: take the filter away behind the run's back.
    #[arg(long, hide = true)]
    pub sabotage: Option<Sabotage>,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scenario or manifest files, or folders. All manifests together are one
    /// cluster; each scenario is a world of its own.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Demand that every rule of every policy is enforced as a whole; otherwise
    /// end with 1.
    #[arg(long)]
    pub require_full_coverage: bool,
    /// Write how much of each rule is enforced to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub coverage_json: Option<PathBuf>,
    /// What is printed; TAP has one line a problem.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

/// Arguments of `lab`.
#[derive(Debug, Args)]
pub struct LabArgs {
    /// The scenario whose network is brought up; or manifests, or a folder of
    /// them: together they are one cluster, and a host `outside` is beside it.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// The host, workload or `node` to run in [default: the first external
    /// host].
    #[arg(long = "in", value_name = "HOST")]
    pub inside: Option<String>,
    /// Say who is where, and bring nothing up.
    #[arg(long, conflicts_with = "command")]
    pub list: bool,
    /// How the filter is attached.
    #[arg(long, value_enum, default_value = "native")]
    pub mode: Mode,
    /// Another build of the filter, with the same map layout.
    #[arg(long, value_name = "OBJECT", env = "NETVERDICT_FILTER")]
    pub filter: Option<PathBuf>,
    /// What manifests leave open.
    #[command(flatten)]
    pub readings: ReadingArgs,
    /// The command [default: $SHELL].
    #[arg(last = true)]
    pub command: Vec<OsString>,
}

/// How to read what manifests leave open.
#[derive(Debug, Args)]
pub struct ReadingArgs {
    /// Whether `ipBlock` of NetworkPolicies matches addresses of workloads, as far
    /// as the manifests give them [default: yes; in scenarios, as they say].
    #[arg(long, value_name = "YES|NO")]
    pub ip_blocks_match_workloads: Option<YesNo>,
    /// Whether CIDR rules of Cilium policies match addresses of workloads
    /// [default: no; in scenarios, as they say].
    #[arg(long, value_name = "YES|NO")]
    pub cidrs_match_workloads: Option<YesNo>,
    /// Whether pods with hostNetwork are pods like others, as analysers on paper
    /// have it, or the node, to which no policy applies.
    #[arg(long, value_enum, default_value_t)]
    pub host_network: HostNetworkArg,
}

/// What is asked about, and of which filter.
#[derive(Debug, Args)]
pub struct WorldArgs {
    /// Of which address family [default: 4; in explanations, the first that both
    /// ends have].
    #[arg(long)]
    pub family: Option<FamilyArg>,
    /// What manifests leave open.
    #[command(flatten)]
    pub readings: ReadingArgs,
    /// Another build of the filter, with the same map layout.
    #[arg(long, value_name = "OBJECT", env = "NETVERDICT_FILTER")]
    pub filter: Option<PathBuf>,
}

/// Families on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FamilyArg {
    /// IPv4.
    #[value(name = "4")]
    V4,
    /// IPv6.
    #[value(name = "6")]
    V6,
    /// Both.
    Any,
}

/// A choice on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    /// They do.
    Yes,
    /// They do not.
    No,
}

/// What pods in the node's network are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum HostNetworkArg {
    /// Pods.
    #[default]
    Pods,
    /// The node.
    Node,
}

/// Lanes of one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OneLane {
    /// Interpret the map image in user space; no privileges.
    Model,
    /// `BPF_PROG_TEST_RUN` on the loaded programs and their real maps.
    #[default]
    Testrun,
    /// Frames in a lab, past the attached programs; up to 128 workloads.
    Wire,
}

/// How a matrix is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MatrixOutput {
    /// `SRC => DST : PORTS`, a line each.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// Comma-separated values.
    Csv,
    /// A graph for Graphviz.
    Dot,
    /// A picture.
    Svg,
}

/// How an explanation is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExplainOutput {
    /// For reading.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// Arguments of `matrix`.
#[derive(Debug, Args)]
pub struct MatrixArgs {
    /// Manifests and scenarios, or folders of them. All manifests together are
    /// one cluster; each scenario is a world of its own.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// How every connection is tried, beside what the policy says.
    #[arg(long, value_enum, default_value_t)]
    pub lane: OneLane,
    /// How the filter is attached in the wire lane.
    #[arg(long, value_enum, default_value = "native")]
    pub mode: Mode,
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: MatrixOutput,
    /// Say how long the verdicts took, and everything.
    #[arg(long)]
    pub timing: bool,
    /// What manifests leave open.
    #[command(flatten)]
    pub world: WorldArgs,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(override_usage = "netverdict explain [OPTIONS] <PATH>... <SRC> <DST> <PORT>")]
pub struct ExplainArgs {
    /// Manifests or a scenario; who begins, with whom: namespace/name, an
    /// address, `node`, or a host of the scenario; what: 8080/tcp or icmp.
    #[arg(required = true, num_args = 4.., value_name = "PATH SRC DST PORT")]
    pub words: Vec<String>,
    /// How it is tried, beside what the policy says.
    #[arg(long, value_enum, default_value_t)]
    pub lane: OneLane,
    /// How the filter is attached in the wire lane.
    #[arg(long, value_enum, default_value = "native")]
    pub mode: Mode,
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: ExplainOutput,
    /// What manifests leave open.
    #[command(flatten)]
    pub world: WorldArgs,
}

impl ReadingArgs {
    /// What the user chose.
    pub fn of_user(&self) -> Readings {
        let yes = |choice: YesNo| choice == YesNo::Yes;
        Readings {
            ip_blocks_match_workloads: self.ip_blocks_match_workloads.map(yes),
            cidrs_match_workloads: self.cidrs_match_workloads.map(yes),
            host_network: match self.host_network {
                HostNetworkArg::Pods => HostNetwork::AsWorkloads,
                HostNetworkArg::Node => HostNetwork::AsNode,
            },
        }
    }
}

impl MatrixArgs {
    /// Rows of which family are printed.
    pub fn family(&self) -> FamilyChoice {
        match self.world.family {
            None | Some(FamilyArg::V4) => FamilyChoice::V4,
            Some(FamilyArg::V6) => FamilyChoice::V6,
            Some(FamilyArg::Any) => FamilyChoice::Any,
        }
    }
}

impl From<OneLane> for LaneKind {
    fn from(lane: OneLane) -> LaneKind {
        match lane {
            OneLane::Model => LaneKind::Model,
            OneLane::Testrun => LaneKind::Testrun,
            OneLane::Wire => LaneKind::Wire,
        }
    }
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}
