//! From a folder to what a shard reported.

use std::io;
use std::path::{Path, PathBuf};

use quick_junit::DeserializeError;
use thiserror::Error;

use super::Report;
use crate::event::{Event, RunFinished, RunStarted};
use crate::report::junit;

const EVENTS: &str = "events.jsonl";
const JUNIT: &str = "junit.xml";

/// Why a folder holds no report that can be put together with others.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It, or what is in it, cannot be read.
    #[error(
        "{}: {error}; expected a folder that `netverdict run --shard I/N --report-dir DIR` wrote, \
         or one of such folders", path.display()
    )]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is no report.
    #[error(
        "{}: no {EVENTS} in it, nor in the folders in it; expected a folder that `netverdict run \
         --shard I/N --report-dir DIR` wrote, or one of such folders", path.display()
    )]
    NoReport {
        /// The folder.
        path: PathBuf,
    },
    /// Another version of this program wrote it.
    #[error(
        "{}: written by netverdict {found}; expected {}, which is reading it: merge with the \
         version that ran the shards", path.display(), env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The other version.
        found: String,
    },
    /// A line is no event.
    #[error("{}:{line}: {error}; expected an event of a run, one a line", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What was expected.
        error: serde_json::Error,
    },
    /// Its events are not those of one whole run.
    #[error("{}: {what}: the run was killed, or the file cut off; run the shard again", path.display())]
    NotWhole {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: String,
    },
    /// The JUnit file is broken.
    #[error("{}: broken XML: {error}; run the shard again", path.display())]
    Xml {
        /// The file.
        path: PathBuf,
        /// Where, and what was expected.
        error: DeserializeError,
    },
    /// The two files are not about the same run.
    #[error(
        "{}: not the report of the run that {EVENTS} beside it tells of: was it edited, or \
         written by another run? Run the shard again", path.display()
    )]
    Stale {
        /// The JUnit file.
        path: PathBuf,
    },
}

/// The folders with reports among `paths`: themselves, or else the folders in them.
///
/// # Errors
/// Every path that has none.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<ReadError>> {
    let (mut folders, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        match under(path) {
            Ok(found) if found.is_empty() => {
                errors.push(ReadError::NoReport { path: path.clone() })
            }
            Ok(found) => folders.extend(found),
            Err(error) => errors.push(ReadError::Io {
                path: path.clone(),
                error,
            }),
        }
    }
    if errors.is_empty() {
        Ok(folders)
    } else {
        Err(errors)
    }
}

fn under(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.join(EVENTS).is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let folder = entry?.path();
        if folder.join(EVENTS).is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Reads a shard's report.
///
/// # Errors
/// What is wrong with it first.
pub fn read(folder: &Path) -> Result<Report, ReadError> {
    let path = folder.join(EVENTS);
    let events = events(&path)?;
    let xml_path = folder.join(JUNIT);
    let xml = text(&xml_path)?;
    if let Err(error) = quick_junit::Report::deserialize_from_str(&xml) {
        return Err(ReadError::Xml {
            path: xml_path,
            error,
        });
    }
    if junit::render(&events) != xml {
        return Err(ReadError::Stale { path: xml_path });
    }
    sort_out(folder, events).map_err(|what| ReadError::NotWhole { path, what })
}

fn text(path: &Path) -> Result<String, ReadError> {
    std::fs::read_to_string(path).map_err(|error| ReadError::Io {
        path: path.to_owned(),
        error,
    })
}

fn events(path: &Path) -> Result<Vec<Event>, ReadError> {
    let text = text(path)?;
    let mut events = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let path = || path.to_owned();
        let broken = |error| ReadError::Line {
            path: path(),
            line: number + 1,
            error,
        };
        if number == 0 {
            // Another version may write other events, so that is said first.
            let first: serde_json::Value = serde_json::from_str(line).map_err(broken)?;
            if let Some(found) = first["version"].as_str()
                && found != env!("CARGO_PKG_VERSION")
            {
                return Err(ReadError::Version {
                    path: path(),
                    found: found.to_owned(),
                });
            }
        }
        events.push(serde_json::from_str(line).map_err(broken)?);
    }
    Ok(events)
}

fn sort_out(folder: &Path, events: Vec<Event>) -> Result<Report, String> {
    let mut started: Option<RunStarted> = None;
    let mut finished: Option<RunFinished> = None;
    let mut problems = Vec::new();
    let mut scenarios: Vec<(Option<String>, Vec<Event>)> = Vec::new();
    for event in events {
        if finished.is_some() {
            return Err("it goes on behind the end of a run".to_owned());
        }
        let scenario = match &event {
            Event::RunStarted(_) if started.is_some() => {
                return Err("it has the beginning of two runs".to_owned());
            }
            Event::RunStarted(it) => {
                started = Some(it.clone());
                continue;
            }
            Event::RunFinished(it) => {
                finished = Some(it.clone());
                continue;
            }
            Event::Problem(_) if started.is_none() => {
                problems.push(event);
                continue;
            }
            Event::Problem(problem) => problem.file.clone(),
            Event::SuiteStarted(it) => Some(it.suite.scenario.clone()),
            Event::Verdict(it) => Some(it.suite.scenario.clone()),
            Event::Step(it) => Some(it.suite.scenario.clone()),
            Event::Counts(it) => Some(it.suite.scenario.clone()),
            Event::SuiteFinished(it) => Some(it.suite.scenario.clone()),
            Event::RuleHits(it) => Some(it.suite.scenario.clone()),
            Event::Coverage(_) => None,
        };
        match scenarios.last_mut() {
            Some((last, events)) if scenario.is_none() || *last == scenario => events.push(event),
            _ => scenarios.push((scenario, vec![event])),
        }
    }
    let finished = finished.ok_or("the end of the run is missing")?;
    match &started {
        Some(started) if started.scenarios != scenarios.len() => {
            return Err(format!(
                "it tells of {} of {} scenarios",
                scenarios.len(),
                started.scenarios
            ));
        }
        None if !scenarios.is_empty() => {
            return Err("the beginning of the run is missing".to_owned());
        }
        None | Some(_) => {}
    }
    Ok(Report {
        folder: folder.display().to_string(),
        started,
        scenarios: scenarios.into_iter().map(|(_, events)| events).collect(),
        problems,
        finished,
    })
}
