//! `netverdict replay`

use std::fs::File;
use std::path::PathBuf;

use netverdict_lab::isolate::signals;
use netverdict_policy::image::MapImage;

use super::matrix::with_lane;
use super::print::Stream;
use crate::cli::{FailOn, ReplayArgs, ReplayOutput};
use crate::exit::Exit;
use crate::lane::Mode;
use crate::matrix::ask::Lane;
use crate::matrix::input::{Subject, load};
use crate::replay::capture::{Capture, Damage, Record};
use crate::replay::link::{NoFrame, ethernet};
use crate::replay::parties::{Parties, PartiesError};
use crate::replay::tally::{NotJudged, Place, Tally};
use crate::replay::text::Replay;
use crate::replay::whole::whole;
use crate::words::counted;

/// Lines about single frames of each sort; more of them are counted, and in the
/// summary.
const MOST_LINES: u64 = 20;

/// Says what a policy does with captured traffic.
pub fn run(args: &ReplayArgs) -> Exit {
    let input = load(&args.against, args.readings.of_user(), Stream::Err.colour());
    let mut captures = Vec::new();
    let mut refused = false;
    for path in &args.captures {
        match open(path) {
            Ok(capture) => captures.push(capture),
            Err(text) => {
                Stream::Err.line(&text);
                refused = true;
            }
        }
    }
    if refused {
        return Exit::BadInput;
    }
    // The first signal ends the replay with the summary of what was judged.
    let _ = signals::note();
    let lane = (args.lane.into(), Mode::Native);
    with_lane(
        &input,
        args.filter.as_deref(),
        lane,
        |_, lane| match input.subjects.as_slice() {
            [subject] => replay(args, subject, lane, captures),
            several => {
                let count = several.len();
                Stream::Err.line(&format!(
                    "--against: these paths hold {count} worlds (manifests and scenarios); name one"
                ));
                Exit::BadInput
            }
        },
    )
}

/// Names that are no captures are bad input before anything runs.
fn open(path: &PathBuf) -> Result<Capture<File>, String> {
    let name = path.display();
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(format!("{name} is a folder; name captures")),
        Ok(_) => {}
        Err(error) => return Err(format!("cannot read {name}: {error}")),
    }
    let file = File::open(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    Capture::open(file).map_err(|damage| format!("{name}: {}", damage.why))
}

fn replay(
    args: &ReplayArgs,
    subject: &Subject,
    lane: Lane<'_>,
    captures: Vec<Capture<File>>,
) -> Exit {
    let object = match lane {
        Lane::Model => None,
        Lane::TestRun(object) | Lane::Wire(object, _) => Some(object),
    };
    let parties = match Parties::of(subject, object, !args.untracked) {
        Ok(parties) => parties,
        Err(error) => {
            Stream::Err.line(&format!("failed to {error}"));
            return Exit::Inconclusive;
        }
    };
    let names: Vec<String> = (args.captures.iter())
        .map(|path| path.display().to_string())
        .collect();
    let mut session = Session {
        replay: Replay {
            captures: &names,
            subject,
            lane: lane.name(),
            tracked: !args.untracked,
        },
        output: args.output,
        parties,
        tally: Tally::default(),
        not_judged: 0,
        damaged: 0,
        fault: None,
    };
    for (number, capture) in captures.into_iter().enumerate() {
        session.capture(number, capture);
    }
    session.end(args.fail_on)
}

/// A replay as it goes on.
struct Session<'a> {
    replay: Replay<'a>,
    output: ReplayOutput,
    parties: Parties<'a>,
    tally: Tally,
    /// Frames that were not judged.
    not_judged: u64,
    /// Captures that are damaged.
    damaged: usize,
    /// What kept the rest from being judged.
    fault: Option<String>,
}

impl Session<'_> {
    fn capture(&mut self, capture: usize, mut records: Capture<File>) {
        self.records(capture, &mut records);
        self.tally.passed_over += records.passed_over();
    }

    fn records(&mut self, capture: usize, records: &mut Capture<File>) {
        let mut frame = 0;
        for record in records {
            if self.fault.is_some() {
                return;
            }
            if signals::noted().is_some() {
                self.fault = Some("interrupted: the rest is not judged".to_owned());
                return;
            }
            match record {
                Ok(record) => {
                    frame += 1;
                    self.record(Place { capture, frame }, &record);
                }
                Err(damage) => self.damage(capture, &damage, frame),
            }
        }
    }

    fn record(&mut self, place: Place, record: &Record) {
        let image: &MapImage = &self.replay.subject.image;
        let frame = match ethernet(record.link, &record.bytes, record.original) {
            Ok(frame) => frame,
            Err(why) => return self.refuse(place, record, NotJudged::NoFrame(why)),
        };
        let Some(bytes) = whole(&frame) else {
            return self.refuse(place, record, NotJudged::CutShort);
        };
        self.tally.completed += u64::from(frame.bytes.len() < frame.original);
        if frame.made {
            *self.tally.made.entry(record.link).or_default() += 1;
        }
        let judged = match self.parties.judge(&bytes) {
            Ok(judged) => judged,
            Err(error) => return self.fail(place, &error),
        };
        (self.tally).judged(place, bytes.len() as u64, &judged, image);
        if !judged.agree() && self.tally.differing <= MOST_LINES {
            match self.output {
                ReplayOutput::Human => {
                    let text = self.replay.difference(place, record.time, &judged, &bytes);
                    Stream::Out.line(&text);
                }
                ReplayOutput::Json => {
                    let object = (self.replay).difference_json(place, record.time, &judged, &bytes);
                    Stream::Out.line(&object.to_string());
                }
            }
        }
    }

    fn refuse(&mut self, place: Place, record: &Record, why: NotJudged) {
        self.tally.not_judged(place, why);
        self.not_judged += 1;
        if self.not_judged > MOST_LINES {
            return;
        }
        match self.output {
            ReplayOutput::Human => {
                Stream::Out.line(&self.replay.not_judged(place, record, why));
            }
            ReplayOutput::Json => {
                let object = self.replay.not_judged_json(place, record, why);
                Stream::Out.line(&object.to_string());
            }
        }
    }

    fn damage(&mut self, capture: usize, damage: &Damage, frames: u64) {
        self.damaged += 1;
        Stream::Err.line(&self.replay.damage(capture, damage, frames));
        if self.output == ReplayOutput::Json {
            let object = self.replay.damage_json(capture, damage, frames);
            Stream::Out.line(&object.to_string());
        }
    }

    fn fail(&mut self, place: Place, error: &PartiesError) {
        let place = self.replay.place(place);
        self.fault = Some(format!("failed, at {place}, to {error}"));
    }

    /// The summary, and how it ends.
    fn end(mut self, fail_on: Option<FailOn>) -> Exit {
        let unbalanced = match self.parties.unbalanced() {
            Ok(lines) => lines,
            Err(error) => vec![format!("failed to {error}")],
        };
        match self.output {
            ReplayOutput::Human => Stream::Out.line(&self.replay.summary(&self.tally)),
            ReplayOutput::Json => {
                Stream::Out.line(&self.replay.summary_json(&self.tally).to_string());
            }
        }
        for line in &unbalanced {
            Stream::Err.line(line);
        }
        if let Some(fault) = self.fault.take() {
            Stream::Err.line(&fault);
            return Exit::Inconclusive;
        }
        let unknown = (self.tally.not_judged.keys())
            .any(|why| matches!(why, NotJudged::NoFrame(NoFrame::LinkType(_))));
        let dropped = fail_on == Some(FailOn::Drop) && self.tally.dropped.frames > 0;
        if !unbalanced.is_empty() {
            return Exit::Inconclusive;
        }
        if self.damaged > 0 {
            let captures = counted(self.damaged, "capture");
            Stream::Err.line(&format!("{captures} could not be read to the end"));
            return Exit::BadInput;
        }
        if unknown {
            return Exit::BadInput;
        }
        if self.tally.differing > 0 || dropped {
            return Exit::Mismatch;
        }
        if self.tally.frames == 0 {
            Stream::Err.line("nothing was selected: there is no frame in these captures");
            return Exit::NothingSelected;
        }
        Exit::AsExpected
    }
}
