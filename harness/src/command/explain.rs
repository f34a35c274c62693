//! `netverdict explain`

use std::path::PathBuf;

use netverdict_abi::Reason;
use netverdict_lab::filter::{Events, Filter};
use netverdict_policy::frame::{self, ProbeId};
use netverdict_policy::image::RuleId;
use netverdict_policy::interpret;
use netverdict_policy::matrix::explain::{self, Explanation, Place, Question, Seen, What};
use netverdict_policy::prefix::Family;

use super::matrix::with_lane;
use super::print::Stream;
use crate::cli::{ExplainArgs, ExplainOutput, FamilyArg};
use crate::exit::Exit;
use crate::matrix::ask::Lane;
use crate::matrix::input::{Subject, load};
use crate::matrix::judge::{install, verdict};
use crate::matrix::wire::OnWire;

/// Says why a connection is open or closed.
pub fn run(args: &ExplainArgs) -> Exit {
    let [paths @ .., source, destination, what] = args.words.as_slice() else {
        Stream::Err.line("expected PATH… SRC DST PORT");
        return Exit::BadInput;
    };
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let what: What = match what.parse() {
        Ok(what) => what,
        Err(error) => {
            Stream::Err.line(&format!("PORT: {error}"));
            return Exit::BadInput;
        }
    };
    let input = load(&paths, args.world.readings.of_user(), Stream::Err.colour());
    let filter = args.world.filter.as_deref();
    with_lane(&input, filter, (args.lane.into(), args.mode), |_, lane| {
        let subject = match input.subjects.as_slice() {
            [subject] => subject,
            several => {
                let count = several.len();
                Stream::Err.line(&format!(
                    "these paths hold {count} worlds (manifests and scenarios); name one"
                ));
                return Exit::BadInput;
            }
        };
        match question(args, subject, source, destination, what) {
            Ok(question) => answer(args, subject, &question, lane),
            Err(text) => {
                Stream::Err.line(&text);
                Exit::BadInput
            }
        }
    })
}

fn question(
    args: &ExplainArgs,
    subject: &Subject,
    source: &str,
    destination: &str,
    what: What,
) -> Result<Question, String> {
    let place = |role: &str, word: &str| {
        let found = Place::find(&subject.policy, &subject.topology, word);
        found.map_err(|error| format!("{role}: {error}"))
    };
    Ok(Question {
        source: place("SRC", source)?,
        destination: place("DST", destination)?,
        what,
        // Without the option, the first family that both ends have.
        family: match args.world.family {
            Some(FamilyArg::V4) => Some(Family::V4),
            Some(FamilyArg::V6) => Some(Family::V6),
            Some(FamilyArg::Any) | None => None,
        },
    })
}

fn answer(args: &ExplainArgs, subject: &Subject, question: &Question, lane: Lane<'_>) -> Exit {
    let policy = &subject.policy;
    let explanation = match explain::explain(policy, &subject.topology, question) {
        Ok(explanation) => explanation,
        Err(error) => {
            Stream::Err.line(&error.to_string());
            return Exit::BadInput;
        }
    };
    if let Lane::Wire(..) = lane
        && explanation.is_of_the_node()
    {
        Stream::Err.line(
            "--lane wire: what the node itself sends comes by no link of its own; \
             `--lane testrun` tries it",
        );
        return Exit::BadInput;
    }
    let seen = match look(subject, &explanation, lane) {
        Ok(seen) => seen,
        Err(text) => {
            Stream::Err.line(&format!("failed to {text}"));
            return Exit::Inconclusive;
        }
    };
    let lane = lane.name();
    let text = match args.output {
        ExplainOutput::Text => explain::text(policy, &explanation, lane, &seen),
        ExplainOutput::Json => explain::json(policy, &explanation, lane, &seen).to_string(),
    };
    Stream::Out.line(&text);
    let mut hooks = explanation.hooks.iter().zip(&seen);
    match hooks.all(|(hook, seen)| hook.agrees(*seen)) {
        true => Exit::AsExpected,
        false => Exit::Mismatch,
    }
}

/// What the lane does at each hook; on a wire up to the first that drops it.
fn look(subject: &Subject, explanation: &Explanation, lane: Lane<'_>) -> Result<Vec<Seen>, String> {
    let mut frames = Vec::with_capacity(explanation.hooks.len());
    for hook in &explanation.hooks {
        let frame = frame::build(&hook.leg.frame, ProbeId(1), [0; 6]);
        let frame = frame.map_err(|error| format!("build the frame: {error}"))?;
        frames.push((hook.leg.point, frame));
    }
    let image = &subject.image;
    let seen = |reason: Reason, rule: RuleId| Seen {
        reason,
        rule: image.rule(rule),
    };
    match lane {
        Lane::Model => {
            let mut memory = interpret::Memory::untracked();
            let judged = frames.iter().map(|(point, frame)| {
                let judgement = interpret::judge(image, *point, frame, &mut memory);
                seen(judgement.reason, judgement.rule)
            });
            Ok(judged.collect())
        }
        Lane::Wire(object, mode) => {
            let Some(case) = explanation.case() else {
                return Ok(Vec::new());
            };
            let lab = OnWire::load(object, mode, &subject.topology, &subject.policy, image);
            let observed = lab.and_then(|mut lab| lab.send(&[case]));
            let observed = observed.map_err(|error| error.to_string())?;
            let judged = observed.iter().flat_map(|frame| &frame.judged);
            Ok(judged.map(|here| seen(here.reason, here.rule)).collect())
        }
        Lane::TestRun(object) => {
            let mut filter = Filter::load(object, image.sizes()).map_err(|e| e.to_string())?;
            (filter.install(image, install(Events::All))).map_err(|e| e.to_string())?;
            let mut all = Vec::with_capacity(frames.len());
            for (point, frame) in &frames {
                let action = (filter.test_run(point.hook(), frame)).map_err(|e| e.to_string())?;
                let mut events = Vec::new();
                filter.drain(|event| events.push(event));
                let [event] = events[..] else {
                    let count = events.len();
                    return Err(format!("read one event of one frame: there are {count}"));
                };
                let reason = Reason::from_code(event.reason)
                    .ok_or_else(|| format!("read the event: {} is no reason", event.reason))?;
                let did = verdict(*point, action).map_err(|error| error.to_string())?;
                if reason.verdict() != did {
                    let reason = reason.slug();
                    return Err(format!(
                        "make sense of the filter: it reports {reason} and returns {action}"
                    ));
                }
                all.push(seen(reason, RuleId(event.rule)));
            }
            Ok(all)
        }
    }
}
