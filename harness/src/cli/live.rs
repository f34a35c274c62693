//! Arguments about what is loaded.

use std::path::PathBuf;

use clap::Args;

use crate::lane::Mode;

/// Arguments of `audit --live`.
#[derive(Debug, Args)]
pub struct LiveArgs {
    /// Also read the XDP programs that are attached in this network namespace, and
    /// their maps, back from the kernel, and hold what is loaded against the paths:
    /// one scenario, or manifests, which together are one cluster. Reads, and never
    /// writes; needs CAP_SYS_ADMIN.
    #[arg(long)]
    pub live: bool,
    /// With --live: only these interfaces [default: all that are up, but loopback].
    #[arg(long, value_name = "NAME", requires = "live")]
    pub interface: Vec<String>,
    /// With --live: how the filter is meant to be attached.
    #[arg(long, value_enum, default_value = "native", requires = "live")]
    pub mode: Mode,
    /// With --live: another build of the filter, which is the one that should be
    /// loaded.
    #[arg(long, value_name = "OBJECT", env = "NETVERDICT_FILTER")]
    pub filter: Option<PathBuf>,
}
