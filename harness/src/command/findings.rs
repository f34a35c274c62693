//! What is done with findings once they are found: a baseline accepts some of them, and
//! reports take them.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use netverdict_policy::finding::{Finding, Kind};

use super::print::Stream;
use crate::baseline::{Baseline, Entry};
use crate::cli::{FindingArgs, SummaryArgs};
use crate::event::Problem;
use crate::exit::Exit;
use crate::report::{sarif, summary, write_file};
use crate::repository::Repository;
use crate::words::counted;

/// What a baseline said of findings, and what else is to be done with them.
#[derive(Debug)]
pub struct Settled<'a> {
    command: &'static str,
    args: &'a FindingArgs,
    repository: Repository,
    /// What the baseline accepts and was not found.
    pub gone: Vec<Entry>,
}

impl<'a> Settled<'a> {
    /// Holds findings against the baseline, if there is one. With `--write-baseline`
    /// all of them are accepted.
    ///
    /// # Errors
    /// The exit, once it was said that there is no such baseline, or that it cannot be
    /// written.
    pub fn new(
        command: &'static str,
        args: &'a FindingArgs,
        findings: &mut [Finding],
    ) -> Result<Settled<'a>, Exit> {
        let repository = Repository::here();
        let mut gone = Vec::new();
        if let Some(path) = &args.baseline {
            let baseline = Baseline::read(path, command).map_err(|error| {
                Stream::Err.line(&error.to_string());
                Exit::BadInput
            })?;
            gone = baseline.accept(findings, &repository);
        }
        if let Some(path) = &args.write_baseline {
            let baseline = Baseline::of(command, findings, &repository);
            if let Err(error) = write_file(path, baseline.text().as_bytes()) {
                Stream::Err.line(&error.to_string());
                return Err(Exit::Inconclusive);
            }
            Stream::Err.line(&format!(
                "{} accepted in {}",
                counted(baseline.len(), "finding"),
                path.display()
            ));
            baseline.accept(findings, &repository);
            gone.clear();
        }
        Ok(Settled {
            command,
            args,
            repository,
            gone,
        })
    }

    /// The findings as SARIF.
    pub fn sarif(
        &self,
        findings: &[Finding],
        kinds: &[&'static Kind],
        problems: &[&Problem],
        exit: Exit,
    ) -> String {
        sarif::render(&sarif::Log {
            command: self.command,
            kinds,
            findings,
            problems,
            exit,
            has_baseline: self.args.baseline.is_some(),
            repository: &self.repository,
        })
    }

    /// Says what the baseline accepts and is gone, and writes the summary.
    pub fn finish(&self, findings: &[Finding], exit: Exit) -> Exit {
        if !self.gone.is_empty() {
            Stream::Err.line(&format!(
                "{} of the baseline no longer found (--write-baseline takes it anew):",
                counted(self.gone.len(), "finding")
            ));
            for entry in &self.gone {
                Stream::Err.line(&format!("  {entry}"));
            }
        }
        append_summary(&self.args.summary, exit, || {
            summary::of_findings(self.command, findings, &self.gone, exit)
        })
    }
}

/// Appends a summary to the file that the user, or the CI system, names, if any.
pub fn append_summary(args: &SummaryArgs, exit: Exit, text: impl FnOnce() -> String) -> Exit {
    let of_job = || {
        let path = std::env::var_os("GITHUB_STEP_SUMMARY")?;
        (!path.is_empty()).then(|| PathBuf::from(path))
    };
    let Some(path) = args.summary.clone().or_else(of_job) else {
        return exit;
    };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    match file.and_then(|mut file| file.write_all(text().as_bytes())) {
        Ok(()) => exit,
        Err(error) => {
            let path = path.display();
            Stream::Err.line(&format!("cannot write the summary to {path}: {error}"));
            exit.with_unwritable_report()
        }
    }
}
