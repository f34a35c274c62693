//! `netverdict mutate`

use netverdict_lab::isolate::signals;

use super::print::Stream;
use super::progress::Progress;
use crate::cli::{MutateArgs, MutateOutput};
use crate::exit::Exit;
use crate::load::{Input, load};
use crate::mutate::score::{Scored, score};
use crate::mutate::total::Total;
use crate::mutate::{human, json};
use crate::words::counted;

/// Judges the mutants of every scenario under the paths.
pub fn run(args: &MutateArgs) -> Exit {
    // The first signal ends it after the mutants at hand, and what was found is printed.
    let _ = signals::note();
    let colour = args.output == MutateOutput::Human && Stream::Err.colour();
    let input = load(&args.paths, colour);
    if !input.problems.is_empty() {
        for problem in &input.problems {
            Stream::Err.line(&problem.text);
        }
        return Exit::BadInput;
    }
    say_what_is_left_out(&input);
    let stop = || signals::noted().is_some();
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut scored = Vec::new();
    let progress = Progress::new(Some(input.scenarios.len()));
    for loaded in &input.scenarios {
        if stop() {
            break;
        }
        progress.show(loaded.scenario.file.path.clone());
        scored.push(score(&loaded.scenario, limit, stop));
        progress.next();
    }
    drop(progress);
    let total = Total::of(&scored, stop());
    Stream::Out.line(&match args.output {
        MutateOutput::Human => human::render(&scored, &total, args.verbose),
        MutateOutput::Json => json::render(&scored, &total),
    });
    exit(args, &scored, &total)
}

/// Manifests have no probes.
fn say_what_is_left_out(input: &Input) {
    if !input.warnings.is_empty() {
        let warnings = counted(input.warnings.len(), "warning");
        Stream::Err.line(&format!(
            "{warnings} about the input: `netverdict check` shows what"
        ));
    }
    if input.manifests > 0 {
        Stream::Err.line(&format!(
            "{}: manifests have no probes that could notice anything; a scenario that lists them \
             under 'manifests' has",
            counted(input.manifests, "manifest file")
        ));
    }
}

fn exit(args: &MutateArgs, scored: &[Scored<'_>], total: &Total) -> Exit {
    if total.interrupted {
        Stream::Err.line("interrupted: what was judged so far is above, and is no score");
        return Exit::Inconclusive;
    }
    if scored.iter().any(|it| matches!(it, Scored::NotGreen(..))) {
        return Exit::Mismatch;
    }
    let Some(score) = total.score() else {
        Stream::Err.line("nothing was selected: no mutant that a probe could notice");
        return Exit::NothingSelected;
    };
    match args.min_score {
        Some(least) if score < least => {
            Stream::Err.line(&format!(
                "{score:.1} % of the mutants are noticed, less than {least} % (--min-score)"
            ));
            Exit::Mismatch
        }
        Some(_) | None => Exit::AsExpected,
    }
}
