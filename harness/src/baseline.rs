//! Findings that were there when a baseline was taken: they are accepted, new ones are
//! not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use netverdict_policy::finding::{Finding, Standing};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::fingerprint::file_and_line;
use crate::repository::Repository;

/// What the first key of a baseline says.
const FORMAT: &str = "netverdict baseline";
/// Which version of that is written and read.
const VERSION: u32 = 1;

/// A baseline, as it is written: sorted, so that a change of it can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    format: String,
    version: u32,
    /// Which command found them.
    command: String,
    /// As often as they were found.
    findings: Vec<Entry>,
}

/// What tells a finding from others. The line's number does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The file, relative to the repository; empty if it is about none.
    pub file: String,
    /// The id of its kind.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// The text of its line, with single spaces.
    pub line: String,
}

/// Why a file is no baseline for a command.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// It cannot be read.
    #[error("{}: {error}; `--write-baseline` writes one", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is something else, or broken.
    #[error("{}: no baseline: {error}; `--write-baseline` writes one", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was expected, and where.
        error: serde_json::Error,
    },
    /// It says that it is something else.
    #[error(
        "{}: expected \"{FORMAT}\" of version {VERSION}, found \"{format}\" of version {version}; \
         `--write-baseline` writes one", path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        format: String,
        /// Of which version.
        version: u32,
    },
    /// Another command wrote it.
    #[error("{}: the baseline of `netverdict {found}`, expected that of `netverdict {wanted}`", path.display())]
    Command {
        /// The file.
        path: PathBuf,
        /// That command.
        found: String,
        /// This one.
        wanted: String,
    },
}

impl Baseline {
    /// Accepts the findings that count, and those that were accepted before.
    pub fn of(command: &str, findings: &[Finding], repository: &Repository) -> Baseline {
        let mut entries: Vec<Entry> = (findings.iter())
            .filter(|finding| match finding.standing {
                Standing::Counts | Standing::Accepted => true,
                Standing::Suppressed { .. } => false,
            })
            .map(|finding| Entry::of(finding, repository))
            .collect();
        entries.sort();
        Baseline {
            format: FORMAT.to_owned(),
            version: VERSION,
            command: command.to_owned(),
            findings: entries,
        }
    }

    /// Reads one that `command` wrote.
    ///
    /// # Errors
    /// Where it is missing, broken, or something else.
    pub fn read(path: &Path, command: &str) -> Result<Baseline, BaselineError> {
        let text = std::fs::read_to_string(path).map_err(|error| BaselineError::Io {
            path: path.to_owned(),
            error,
        })?;
        let read: Result<Baseline, _> = serde_json::from_str(&text);
        let baseline = read.map_err(|error| BaselineError::Foreign {
            path: path.to_owned(),
            error,
        })?;
        if (baseline.format.as_str(), baseline.version) != (FORMAT, VERSION) {
            return Err(BaselineError::Format {
                path: path.to_owned(),
                format: baseline.format,
                version: baseline.version,
            });
        }
        if baseline.command != command {
            return Err(BaselineError::Command {
                path: path.to_owned(),
                found: baseline.command,
                wanted: command.to_owned(),
            });
        }
        Ok(baseline)
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a baseline is plain data");
        text.push('\n');
        text
    }

    /// How many findings it accepts.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether it accepts none.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Accepts those of the findings that are in it, each as often as it is in it, and
    /// gives back what is in it and was not found.
    pub fn accept(&self, findings: &mut [Finding], repository: &Repository) -> Vec<Entry> {
        let mut left: BTreeMap<&Entry, usize> = BTreeMap::new();
        for entry in &self.findings {
            *left.entry(entry).or_default() += 1;
        }
        for finding in findings.iter_mut().filter(|finding| finding.counts()) {
            if let Some(times @ 1..) = left.get_mut(&Entry::of(finding, repository)) {
                *times -= 1;
                finding.standing = Standing::Accepted;
            }
        }
        let gone = left
            .into_iter()
            .flat_map(|(entry, times)| std::iter::repeat_n(entry.clone(), times));
        gone.collect()
    }
}

impl Entry {
    fn of(finding: &Finding, repository: &Repository) -> Entry {
        let (file, line) = file_and_line(finding, repository);
        Entry {
            file,
            kind: finding.kind.id.to_owned(),
            subject: finding.subject.clone(),
            line,
        }
    }
}

/// `wildcard-cidr: default/inventory (policy.yaml: - 0.0.0.0/0)`.
impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind, self.subject)?;
        if self.file.is_empty() {
            return Ok(());
        }
        write!(f, " ({}: {})", self.file, self.line)
    }
}

#[cfg(test)]
mod tests;
