//! What came of a run, printed and written.

use std::path::Path;

use super::findings::append_summary;
use super::print::Stream;
use crate::cli::{RunOutput, SummaryArgs};
use crate::event::Event;
use crate::exit::Exit;
use crate::report::{
    human, json, metrics, rules, sarif_of_run, summary, tap, write_file, write_reports,
};

/// What the user asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// What is printed.
    pub(super) output: RunOutput,
    /// Whether every rule is printed.
    pub(super) rule_coverage: bool,
    /// Where reports go.
    pub(super) folder: &'a Path,
    /// Where the metrics go, if anywhere.
    pub(super) metrics: Option<&'a Path>,
    /// Where the summary goes.
    pub(super) summary: &'a SummaryArgs,
}

/// Prints the events.
pub(super) fn print(wanted: Wanted<'_>, events: &[Event]) {
    let text = match wanted.output {
        RunOutput::Human => human::render(events, Stream::Out.colour()),
        RunOutput::Json => json::render(events),
        RunOutput::Tap => tap::render(events),
        RunOutput::Sarif => sarif_of_run(events),
    };
    Stream::Out.line(&text);
    if wanted.rule_coverage && wanted.output == RunOutput::Human {
        Stream::Out.line(&rules::render(events, Stream::Out.colour()));
    }
}

/// Writes the reports, and says where they are.
pub(super) fn report(wanted: Wanted<'_>, events: &[Event], exit: Exit) -> Exit {
    let exit = append_summary(wanted.summary, exit, || summary::of_run(events));
    let exit = write_metrics(wanted, events, exit);
    match write_reports(wanted.folder, events) {
        Ok(()) => {
            if wanted.output == RunOutput::Human {
                let folder = wanted.folder.display();
                Stream::Err.line(&format!(
                    "reports: {folder}/junit.xml, {folder}/results.sarif, {folder}/events.jsonl"
                ));
            }
            exit
        }
        Err(error) => {
            Stream::Err.line(&error.to_string());
            exit.with_unwritable_report()
        }
    }
}

fn write_metrics(wanted: Wanted<'_>, events: &[Event], exit: Exit) -> Exit {
    let Some(path) = wanted.metrics else {
        return exit;
    };
    let written = (metrics::render(events).map_err(|error| error.to_string()))
        .and_then(|text| write_file(path, text.as_bytes()).map_err(|error| error.to_string()));
    match written {
        Ok(()) => {
            if wanted.output == RunOutput::Human {
                Stream::Err.line(&format!("metrics: {}", path.display()));
            }
            exit
        }
        Err(error) => {
            Stream::Err.line(&error);
            exit.with_unwritable_report()
        }
    }
}
