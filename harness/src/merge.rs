//! The reports of shards, put together as if one run had judged everything.
//!
//! Of each shard its events are read back: they are all there is to know, and what the
//! reports of any run are made of. Shards got every Nth scenario, so taking scenarios
//! from them in turn gives the order of the whole run.

mod fit;
mod read;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::event::{Event, Part, RunFinished, RunStarted};
use crate::exit::Exit;
use crate::tally::tally;

pub use fit::{Misfit, fit};
pub use read::{ReadError, find, read};

/// What a shard reported.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its folder, as the user would write it.
    pub folder: String,
    /// What it was about to do; none if it ended before it began.
    pub started: Option<RunStarted>,
    /// What happened, scenario by scenario.
    pub scenarios: Vec<Vec<Event>>,
    /// Problems that kept it from beginning.
    pub problems: Vec<Event>,
    /// How it ended.
    pub finished: RunFinished,
}

/// The events of the whole run; the reports fit together.
pub fn merge(reports: Vec<Report>) -> Vec<Event> {
    let micros: u64 = reports.iter().map(|report| report.finished.micros).sum();
    let interrupted = (reports.iter()).any(|report| report.finished.interrupted);
    let early = (reports.iter())
        .filter(|report| report.started.is_none())
        .filter_map(|report| Exit::from_code(report.finished.exit_code))
        .min_by_key(|exit| said_first(*exit));
    let mut events = Vec::new();
    events.extend(whole(&reports).map(Event::RunStarted));
    let mut known = BTreeSet::new();
    let mut shards = reports;
    shards.sort_by_key(|report| report.started.as_ref().map(|started| started.part.shard));
    let mut of_shards = Vec::new();
    for report in shards {
        // Every shard reads the whole input, and says the same of it.
        for problem in report.problems {
            let Event::Problem(it) = &problem else {
                continue;
            };
            if known.insert((it.code.clone(), it.file.clone(), it.text.clone())) {
                events.push(problem);
            }
        }
        of_shards.push(report.scenarios.into_iter());
    }
    loop {
        let turn: Vec<Event> = (of_shards.iter_mut())
            .filter_map(Iterator::next)
            .flatten()
            .collect();
        if turn.is_empty() {
            break;
        }
        events.extend(turn);
    }
    let mut finished = tally(&events, interrupted, Duration::from_micros(micros));
    if let Some(exit) = early {
        finished.exit_code = exit.code();
    }
    events.push(Event::RunFinished(finished));
    events
}

/// What the whole run was about to do.
fn whole(reports: &[Report]) -> Option<RunStarted> {
    let mut all = reports.iter().filter_map(|report| report.started.as_ref());
    let mut whole = all.next()?.clone();
    let mut kernels = BTreeSet::from([whole.kernel.clone()]);
    for started in all {
        whole.scenarios += started.scenarios;
        whole.probes += started.probes;
        kernels.insert(started.kernel.clone());
    }
    whole.kernel = Vec::from_iter(kernels).join(" or ");
    whole.part = Part {
        shard: 1,
        shards: 1,
        ..whole.part
    };
    Some(whole)
}

/// The order in which a run looks at what may keep it from beginning.
fn said_first(exit: Exit) -> u8 {
    match exit {
        Exit::BadInput => 0,
        Exit::NothingSelected => 1,
        Exit::Lacking => 2,
        Exit::Inconclusive => 3,
        Exit::Mismatch => 4,
        Exit::AsExpected => 5,
    }
}
