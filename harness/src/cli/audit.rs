//! Arguments of `audit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use netverdict_policy::audit::PublicMark;
use netverdict_policy::diagnostic::Severity;

use super::{FindingArgs, LiveArgs, ReadingArgs};

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Scenarios and manifests, or folders that are searched for them (those named
    /// `invalid` and `manifests` only if named here). All manifests together are one
    /// cluster; each scenario is a world of its own.
    #[arg(required_unless_present_any = ["explain", "list_rules"])]
    pub paths: Vec<PathBuf>,
    /// End with 1 if a finding is as bad as this, or worse, and nobody has said that it
    /// may stay.
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t)]
    pub fail_on: AuditFailOn,
    /// An annotation or label of Services that are meant for everybody; with any value
    /// but `false`, unless one is given [default: service.beta.kubernetes.io/public].
    #[arg(long, value_name = "KEY[=VALUE]")]
    pub public_mark: Vec<PublicMark>,
    /// Of a hundred addresses outside private ranges, how many a rule may let in before
    /// its prefixes count as a wildcard.
    #[arg(long, value_name = "PERCENT", default_value = "1", value_parser = percent)]
    pub wildcard_share: f64,
    /// Print what a rule means, why it matters and what to do, and audit nothing.
    #[arg(long, value_name = "ID", conflicts_with_all = ["paths", "list_rules"])]
    pub explain: Option<String>,
    /// Print every rule, and audit nothing.
    #[arg(long, conflicts_with = "paths")]
    pub list_rules: bool,
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: AuditOutput,
    /// What is done with findings.
    #[command(flatten)]
    pub findings: FindingArgs,
    /// What is loaded.
    #[command(flatten)]
    pub live: LiveArgs,
    /// What manifests leave open.
    #[command(flatten)]
    pub readings: ReadingArgs,
}

/// How bad a finding has to be to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AuditFailOn {
    /// What lets somebody in who must not.
    Error,
    /// What does not do what it says, as well.
    #[default]
    Warning,
    /// Everything.
    Note,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AuditOutput {
    /// For reading.
    #[default]
    Human,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

impl AuditFailOn {
    /// The least severity that counts.
    pub fn severity(self) -> Severity {
        match self {
            AuditFailOn::Error => Severity::Error,
            AuditFailOn::Warning => Severity::Warning,
            AuditFailOn::Note => Severity::Note,
        }
    }
}

/// A number from 0 to 100.
fn percent(text: &str) -> Result<f64, String> {
    (text.parse().ok())
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "expected a number from 0 to 100".to_owned())
}
