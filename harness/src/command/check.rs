//! `netverdict check`

use super::print::Stream;
use crate::cli::{CheckArgs, Output};
use crate::event::Event;
use crate::exit::Exit;
use crate::load::load;
use crate::report::{json, tap};
use crate::words::counted;

/// Validates everything under the paths.
pub fn run(args: &CheckArgs) -> Exit {
    let colour = args.output == Output::Human && Stream::Err.colour();
    let input = load(&args.paths, colour);
    for warning in &input.warnings {
        Stream::Err.line(warning);
    }
    let (scenarios, manifests) = (input.scenarios.len(), input.manifests);
    let problems = input.problems;
    let count = problems.len();
    match args.output {
        Output::Human => {
            for problem in &problems {
                Stream::Err.line(&problem.text);
            }
        }
        Output::Json | Output::Tap => {
            let events: Vec<Event> = problems.into_iter().map(Event::Problem).collect();
            let render = if args.output == Output::Json {
                json::render
            } else {
                tap::render
            };
            Stream::Out.line(&render(&events));
        }
    }
    let (exit, text) = match (count, scenarios + manifests) {
        (0, 0) => (
            Exit::NothingSelected,
            "no scenario and no manifest found".to_owned(),
        ),
        (0, _) => (
            Exit::AsExpected,
            format!(
                "valid: {}, {}",
                counted(scenarios, "scenario"),
                counted(manifests, "manifest file")
            ),
        ),
        (count, _) => (Exit::BadInput, counted(count, "problem")),
    };
    if args.output == Output::Human {
        Stream::Out.line(&text);
    }
    exit
}
