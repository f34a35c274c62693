//! `netverdict diff`

use netverdict_lab::capability::{Needs, missing_for};
use netverdict_lab::isolate::isolated;
use netverdict_policy::diff::{self, Difference};
use netverdict_policy::finding::Finding;
use serde_json::json;

use super::findings::Settled;
use super::print::{Stream, lacking};
use crate::cli::{DiffArgs, DiffFailOn, DiffLane, DiffOutput};
use crate::diff::edits::{Edit, edits};
use crate::diff::finding::{KINDS, finding, kind};
use crate::diff::git::GitError;
use crate::diff::human::{self, Told};
use crate::diff::pairing::{Pair, pairs};
use crate::diff::side::{Loaded, SideError, load};
use crate::diff::witness::{Both, shows, tried};
use crate::diff::words::Teller;
use crate::diff::{json as objects, markdown};
use crate::exit::Exit;
use crate::matrix::ask::Lane;
use crate::object;
use crate::words::counted;

/// Says whom a change lets in or shuts out.
pub fn run(args: &DiffArgs) -> Exit {
    let (old, new) = match sides(args) {
        Ok(sides) => sides,
        Err(exit) => return exit,
    };
    let object = match object::open(args.filter.as_deref()) {
        Ok(object) => object,
        Err(error) => {
            Stream::Err.line(&error.to_string());
            return Exit::BadInput;
        }
    };
    let pairs = pairs(&old, &new);
    let differences: Vec<Difference> = (pairs.iter())
        .map(|pair| {
            let [old, new] = pair.stages.map(|stage| stage.map(|stage| stage.world()));
            diff::compare(old, new)
        })
        .collect();
    let told = Compared {
        args,
        sides: [&old, &new],
        pairs: &pairs,
        differences: &differences,
    };
    let nothing = differences.iter().all(|it| it.changes.is_empty());
    let missing = missing_for(Needs {
        test_run: true,
        wire: false,
    });
    match args.lane {
        Some(DiffLane::Model) => told.try_all(Lane::Model),
        Some(DiffLane::Testrun) if !missing.is_empty() => {
            let text = lacking(&missing);
            Stream::Err.line(&format!("{text}`--lane model` runs without privileges"));
            Exit::Lacking
        }
        // Nothing is to be tried.
        None | Some(DiffLane::Testrun) if nothing => told.try_all(Lane::Model),
        None if !missing.is_empty() => {
            Stream::Err.line(
                "note: witnesses were not tried on the kernel, for want of privileges: the model \
                 judged them; `--lane testrun` says what is missing",
            );
            told.try_all(Lane::Model)
        }
        None | Some(DiffLane::Testrun) => {
            let lane = Lane::TestRun(&object.bytes);
            match isolated(|| told.try_all(lane).code()) {
                Ok(code) => Exit::from_code(code).unwrap_or_else(|| {
                    Stream::Err.line(&format!("ended from outside (status {code})"));
                    Exit::Inconclusive
                }),
                Err(error) => {
                    Stream::Err.line(&format!("failed to make namespaces: {error}"));
                    Exit::Lacking
                }
            }
        }
    }
}

/// Both sides, or every problem of both.
fn sides(args: &DiffArgs) -> Result<(Loaded, Loaded), Exit> {
    let colour = Stream::Err.colour();
    let readings = args.readings.of_user();
    let mut exit = None;
    let mut loaded = Vec::new();
    for (argument, is_new) in [(&args.old, false), (&args.new, true)] {
        match load(argument, readings, colour) {
            Ok(side) => {
                // What is worth knowing of the old side was so before the change.
                let notes = side.input.notes.iter().filter(|_| is_new);
                notes.for_each(|note| Stream::Err.line(note));
                if !side.input.problems.is_empty() {
                    Stream::Err.line(&format!("{argument} is not valid:"));
                    let problems = side.input.problems.iter();
                    problems.for_each(|problem| Stream::Err.line(problem));
                    exit = Some(Exit::BadInput);
                }
                loaded.push(side);
            }
            Err(error) => {
                Stream::Err.line(&error.to_string());
                let without_git = matches!(
                    error,
                    SideError::Git {
                        error: GitError::Missing,
                        ..
                    }
                );
                exit = match (exit, without_git) {
                    (None, true) => Some(Exit::Lacking),
                    (Some(before), true) => Some(before),
                    (_, false) => Some(Exit::BadInput),
                };
            }
        }
    }
    match (exit, <[Loaded; 2]>::try_from(loaded)) {
        (None, Ok([old, new])) => Ok((old, new)),
        (exit, _) => Err(exit.unwrap_or(Exit::BadInput)),
    }
}

/// Everything but the witnesses.
#[derive(Clone, Copy)]
struct Compared<'a> {
    args: &'a DiffArgs,
    sides: [&'a Loaded; 2],
    pairs: &'a [Pair<'a>],
    differences: &'a [Difference],
}

impl Compared<'_> {
    fn try_all(&self, lane: Lane<'_>) -> Exit {
        let mut tried_of: Vec<Vec<Both>> = Vec::new();
        let mut edits_of: Vec<Vec<Vec<Edit>>> = Vec::new();
        for (pair, difference) in self.pairs.iter().zip(self.differences) {
            match tried(pair, difference, lane) {
                Ok(tried) => tried_of.push(tried),
                Err(error) => {
                    Stream::Err.line(&format!("failed to try witnesses: {error}"));
                    return Exit::Inconclusive;
                }
            }
            let changes = difference.changes.iter();
            edits_of.push(changes.map(|it| edits(pair, difference, it)).collect());
        }
        let mut all: Vec<Told<'_>> = Vec::new();
        for (index, (pair, difference)) in self.pairs.iter().zip(self.differences).enumerate() {
            let teller = Teller {
                sides: self.sides,
                pair,
                difference,
            };
            let with = (difference.changes.iter())
                .zip(&edits_of[index])
                .zip(&tried_of[index]);
            all.extend(with.map(|((change, edits), tried)| Told {
                teller,
                change,
                edits,
                tried,
                lane: lane.name(),
            }));
        }
        let mut findings: Vec<Finding> = (all.iter())
            .map(|told| finding(&told.teller, told.change, told.edits))
            .collect();
        let settled = match Settled::new("diff", &self.args.findings, &mut findings) {
            Ok(settled) => settled,
            Err(exit) => return exit,
        };
        let exit = self.exit(&all, &findings);
        match self.args.output {
            DiffOutput::Sarif => Stream::Out.line(&settled.sarif(&findings, &KINDS, &[], exit)),
            DiffOutput::Human | DiffOutput::Json | DiffOutput::Markdown => self.print(&all, lane),
        }
        let accepted = (findings.iter()).filter(|it| !it.counts()).count();
        if accepted > 0 {
            let accepted = counted(accepted, "change");
            Stream::Err.line(&format!("{accepted} of these accepted by the baseline"));
        }
        settled.finish(&findings, exit)
    }

    fn print(&self, all: &[Told<'_>], lane: Lane<'_>) {
        let names = [&self.args.old, &self.args.new].map(String::as_str);
        match self.args.output {
            DiffOutput::Human => self.human(all),
            DiffOutput::Json => {
                let changes: Vec<_> = all.iter().map(objects::object).collect();
                let object = json!({
                    "old": names[0],
                    "new": names[1],
                    "lane": lane.name(),
                    "worlds": self.pairs.len(),
                    "changes": changes,
                });
                Stream::Out.line(&object.to_string());
            }
            DiffOutput::Markdown => Stream::Out.line(&markdown::comment(names, all)),
            // Made of the findings alone.
            DiffOutput::Sarif => {}
        }
    }

    fn human(&self, all: &[Told<'_>]) {
        let several = self.pairs.len() > 1;
        let mut world = None;
        for told in all {
            let name = told.teller.pair.name.as_str();
            if several && world != Some(name) {
                Stream::Out.line(&format!("# {name}"));
                world = Some(name);
            }
            Stream::Out.line(&format!("{}\n", human::text(told)));
            // An empty line between changes.
            Stream::Out.line("");
        }
        let ids: Vec<&'static str> = all.iter().map(|told| kind(told.change).id).collect();
        let (old, new) = (&self.args.old, &self.args.new);
        Stream::Out.line(&format!("{old} to {new}: {}", human::summary(&ids)));
    }

    /// The filter's mistakes come first: then nothing else can be relied on.
    fn exit(&self, all: &[Told<'_>], findings: &[Finding]) -> Exit {
        let mut exit = Exit::AsExpected;
        for told in all {
            let wrong = told.tried.iter().flatten();
            for wrong in wrong.filter_map(|tried| tried.wrong.as_ref()) {
                Stream::Err.line(&format!("FILTER OR COMPILER WRONG: {wrong}"));
                exit = Exit::Mismatch;
            }
        }
        if exit == Exit::AsExpected {
            let unshown = all.iter().filter(|told| !shows(told.change, told.tried));
            let mut count = 0;
            for told in unshown {
                let sentence = told.teller.sentence(told.change, told.edits);
                Stream::Err.line(&format!("failed to show by a packet: {sentence}"));
                count += 1;
            }
            if count > 0 {
                return Exit::Inconclusive;
            }
        }
        let mut counting = (all.iter().zip(findings)).filter(|(_, finding)| finding.counts());
        let fails = match self.args.fail_on {
            DiffFailOn::NewlyExposed => counting.any(|(told, _)| told.change.exposes()),
            DiffFailOn::Any => counting.next().is_some(),
        };
        match fails {
            true => Exit::Mismatch,
            false => exit,
        }
    }
}
