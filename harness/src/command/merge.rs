//! `netverdict merge`

use std::collections::BTreeSet;

use super::print::Stream;
use super::run_report::{Wanted, print, report};
use crate::cli::MergeArgs;
use crate::event::Event;
use crate::exit::Exit;
use crate::merge::{self, Report};

/// Puts the reports of shards together, and ends as the whole run would.
pub fn run(args: &MergeArgs) -> Exit {
    let reports = match read_all(args) {
        Ok(reports) => reports,
        Err(problems) => {
            for problem in problems {
                Stream::Err.line(&problem);
            }
            return Exit::BadInput;
        }
    };
    let kernels: BTreeSet<&str> = (reports.iter())
        .filter_map(|report| Some(report.started.as_ref()?.kernel.as_str()))
        .collect();
    if kernels.len() > 1 {
        let kernels = Vec::from_iter(kernels).join(", ");
        Stream::Err.line(&format!(
            "the shards ran on different kernels ({kernels}): the whole report names all of them \
             everywhere"
        ));
    }
    for report in reports.iter().filter(|report| report.started.is_none()) {
        Stream::Err.line(&format!(
            "{}: this shard ended with {} before it judged anything",
            report.folder, report.finished.exit_code
        ));
    }
    let events = merge::merge(reports);
    let wanted = Wanted {
        output: args.output,
        rule_coverage: args.rule_coverage,
        folder: &args.report_dir,
        metrics: args.metrics.metrics.as_deref(),
        summary: &args.summary,
    };
    print(wanted, &events);
    let code = events.iter().find_map(|event| match event {
        Event::RunFinished(finished) => Exit::from_code(finished.exit_code),
        _ => None,
    });
    report(wanted, &events, code.unwrap_or(Exit::Inconclusive))
}

/// The reports, or everything that is wrong with them.
fn read_all(args: &MergeArgs) -> Result<Vec<Report>, Vec<String>> {
    let said = |errors: Vec<String>| Err(errors);
    let folders = match merge::find(&args.paths) {
        Ok(folders) => folders,
        Err(errors) => return said(errors.iter().map(ToString::to_string).collect()),
    };
    let (mut reports, mut errors) = (Vec::new(), Vec::new());
    for folder in &folders {
        match merge::read(folder) {
            Ok(report) => reports.push(report),
            Err(error) => errors.push(error.to_string()),
        }
    }
    if !errors.is_empty() {
        return said(errors);
    }
    match merge::fit(&reports) {
        Ok(()) => Ok(reports),
        Err(misfits) => said(misfits.iter().map(ToString::to_string).collect()),
    }
}
