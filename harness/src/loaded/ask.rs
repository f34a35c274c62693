//! From the command line to what is wrong with what is loaded.

use std::path::PathBuf;

use netverdict_lab::capability::{Missing, missing_for_reading};
use netverdict_lab::loaded::{LoadedError, read};
use netverdict_lab::object::fingerprint;
use netverdict_policy::finding::Finding;

use super::{Answer, Question, audit, scope};
use crate::cli::LiveArgs;
use crate::matrix::input::{Readings, Subject, load};
use crate::object;

/// What is said about what is loaded.
#[derive(Debug, Default)]
pub struct Live {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Which hooks were seen, and which could not be.
    pub scope: Vec<String>,
    /// What nobody can read: kernel objects without BTF.
    pub unreadable: Vec<String>,
    /// What could not be read, though it should.
    pub failed: Vec<String>,
    /// Warnings and notes about the paths, ready to print.
    pub notes: Vec<String>,
}

/// Why nothing can be said.
#[derive(Debug)]
pub enum Refusal {
    /// Paths, interfaces or the object are not what they should be; every problem.
    BadInput(Vec<String>),
    /// This machine, or this user, lacks something.
    Lacking(Vec<Missing>),
    /// The kernel refused.
    Failed(LoadedError),
}

/// Reads what is loaded, and holds it against what the paths declare.
///
/// # Errors
/// Where nothing can be said at all.
pub fn ask(
    paths: &[PathBuf],
    args: &LiveArgs,
    readings: Readings,
    colour: bool,
) -> Result<Live, Refusal> {
    let (declared, notes) = one_world(paths, readings, colour)?;
    let bad = |text: String| Refusal::BadInput(vec![text]);
    let object = object::open(args.filter.as_deref()).map_err(|error| bad(error.to_string()))?;
    let print = fingerprint(&object.bytes).map_err(|error| {
        let path = args.filter.as_deref();
        let name = path.map_or("the built-in object".into(), |path| path.to_string_lossy());
        bad(format!(
            "{name} is no filter object that netverdict can load: {error}"
        ))
    })?;
    let missing = missing_for_reading();
    if !missing.is_empty() {
        return Err(Refusal::Lacking(missing));
    }
    let loaded = read(&print).map_err(Refusal::Failed)?;
    let question = Question {
        declared: &declared,
        print: &print,
        loaded: &loaded,
        interfaces: &args.interface,
        mode: args.mode,
    };
    let unknown = question.unknown();
    if !unknown.is_empty() {
        let known: Vec<&str> = loaded
            .interfaces
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        let known = known.join(", ");
        let unknown = unknown.into_iter().map(|name| {
            format!(
                "--interface {name}: this network namespace has no such interface; it has {known}"
            )
        });
        return Err(Refusal::BadInput(unknown.collect()));
    }
    let Answer {
        findings,
        unreadable,
        failed,
    } = audit(&question);
    Ok(Live {
        findings,
        scope: scope(&question),
        unreadable,
        failed,
        notes,
    })
}

/// The scenario, or the cluster that the manifests are.
fn one_world(
    paths: &[PathBuf],
    readings: Readings,
    colour: bool,
) -> Result<(Subject, Vec<String>), Refusal> {
    let mut input = load(paths, readings, colour);
    if !input.problems.is_empty() {
        return Err(Refusal::BadInput(input.problems));
    }
    let worlds = input.subjects.len();
    match (input.subjects.pop(), worlds) {
        (Some(subject), 1) => Ok((subject, input.notes)),
        _ => {
            let paths: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
            let paths = paths.join(", ");
            let text = match worlds {
                0 => format!("{paths}: neither a scenario nor a manifest"),
                worlds => format!(
                    "{paths}: {worlds} worlds, and one is loaded: name the scenario that is, or \
                     manifests, which together are one cluster"
                ),
            };
            Err(Refusal::BadInput(vec![text]))
        }
    }
}
