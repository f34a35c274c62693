//! Arguments of `crosscheck`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use netverdict_lab::reference::Backend;

use crate::lane::Mode;
use crate::select::NameFilter;

/// Arguments of `crosscheck`.
#[derive(Debug, Args)]
pub struct CrosscheckArgs {
    /// Scenario files, or folders that are searched for them (those named `invalid`
    /// and `manifests` only if named here).
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Only probes whose name matches; a leading `!` excludes. A name is also tried as
    /// `PATH::NAME`.
    #[arg(long, value_name = "REGEX")]
    pub test: Vec<NameFilter>,
    /// Only scenarios with this tag.
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Which iptables loads kube-proxy's rules; by default, what the machine's
    /// `iptables` is.
    #[arg(long, value_enum)]
    pub iptables: Option<IptablesBackend>,
    /// Where the kernel runs the filter.
    #[arg(long, value_enum, default_value = "native")]
    pub mode: Mode,
    /// What ends with 1.
    #[arg(long, value_enum, default_value_t)]
    pub fail_on: CrosscheckFailOn,
    /// Also print the rules that the reference is given.
    #[arg(long)]
    pub show_rules: bool,
    /// List every frame, not only those that are treated differently.
    #[arg(short, long)]
    pub verbose: bool,
    /// Another build of the filter, with the same map layout.
    #[arg(long, value_name = "OBJECT", env = "NETVERDICT_FILTER")]
    pub filter: Option<PathBuf>,
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: CrosscheckOutput,
}

/// What stands behind `iptables`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IptablesBackend {
    /// `ip_tables` in the kernel.
    Legacy,
    /// nf_tables in the kernel.
    Nft,
}

impl From<IptablesBackend> for Backend {
    fn from(backend: IptablesBackend) -> Backend {
        match backend {
            IptablesBackend::Legacy => Backend::Legacy,
            IptablesBackend::Nft => Backend::Nft,
        }
    }
}

/// What ends with 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CrosscheckFailOn {
    /// XDP lets something through that the reference stops.
    #[default]
    Danger,
    /// Any difference, but for what prefilters drop on purpose.
    Any,
}

/// How comparisons are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CrosscheckOutput {
    /// For reading.
    #[default]
    Human,
    /// One JSON object.
    Json,
}
