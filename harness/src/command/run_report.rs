//! What came of a run, printed and written.

use std::path::Path;

use super::findings::append_summary;
use super::print::Stream;
use crate::cli::{RunOutput, SummaryArgs};
use crate::event::Event;
use crate::exit::Exit;
use crate::report::{human, json, rules, sarif_of_run, summary, tap, write_reports};

/// What the user asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// What is printed.
    pub(super) output: RunOutput,
    /// Whether every rule is printed.
    pub(super) rule_coverage: bool,
    /// Where reports go.
    pub(super) folder: &'a Path,
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
