//! `netverdict prove`

use netverdict_lab::capability::{Needs, missing_for};
use netverdict_lab::filter::Filter;
use netverdict_lab::isolate::{isolated, signals};

use super::print::{Stream, lacking};
use super::progress::Progress;
use crate::cli::{ProveArgs, ProveLane, ProveOutput};
use crate::exit::Exit;
use crate::matrix::input::load;
use crate::object::{self, Object};
use crate::prove::proof::Proof;
use crate::prove::proving::{How, Under, prove};
use crate::prove::subject::{self, Subject};
use crate::prove::{capture, json, text};
use crate::report::write_capture;

/// Proves every policy under the paths.
pub fn run(args: &ProveArgs) -> Exit {
    let colour = Stream::Err.colour();
    let input = load(&args.paths, args.readings.of_user(), colour);
    for text in input.notes.iter().chain(&input.problems) {
        Stream::Err.line(text);
    }
    if !input.problems.is_empty() {
        return Exit::BadInput;
    }
    let subjects = subject::all(&input);
    if subjects.is_empty() {
        Stream::Err.line("nothing was selected: no policy is under these paths");
        return Exit::NothingSelected;
    }
    let object = match object::open(args.filter.as_deref()) {
        Ok(object) => object,
        Err(error) => {
            Stream::Err.line(&error.to_string());
            return Exit::BadInput;
        }
    };
    // The first signal ends the proof with what was found; the second at once. Where
    // they cannot be noted they end it as usual.
    let _ = signals::note();
    match args.lane {
        ProveLane::Model => inside(args, &subjects, None),
        ProveLane::Testrun => privileged(args, &subjects, &object),
    }
}

fn privileged(args: &ProveArgs, subjects: &[Subject<'_>], object: &Object) -> Exit {
    let missing = missing_for(Needs {
        test_run: true,
        wire: false,
    });
    if !missing.is_empty() {
        Stream::Err.line(&format!(
            "{}`--lane model` compares the compiled maps with the policy (claim A), the \
             interpreter in place of the program (B), and prefilters with policies (C), without \
             privileges",
            lacking(&missing)
        ));
        return Exit::Lacking;
    }
    match isolated(|| inside(args, subjects, Some(object)).code()) {
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

fn inside(args: &ProveArgs, subjects: &[Subject<'_>], object: Option<&Object>) -> Exit {
    let mut filter = None;
    if let Some(object) = object {
        match Filter::load(&object.bytes, subject::sizes(subjects)) {
            Ok(loaded) => filter = Some(loaded),
            Err(error) => {
                Stream::Err.line(&format!("failed to {error}"));
                return match args.filter {
                    Some(_) => Exit::BadInput,
                    None => Exit::Inconclusive,
                };
            }
        }
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let progress = Progress::new(Some(subjects.len()));
    let mut proofs = Vec::with_capacity(subjects.len());
    let mut failed = false;
    for subject in subjects {
        if signals::noted().is_some() {
            break;
        }
        let more = |atoms| {
            progress.show(match atoms {
                0 => subject.name.clone(),
                atoms => format!("{}: {atoms} atoms", subject.name),
            });
            signals::noted().is_none()
        };
        let how = How {
            threads,
            more: &more,
        };
        let under = match &mut filter {
            Some(filter) => Under::Kernel(filter),
            None => Under::Model,
        };
        match prove(subject, under, how) {
            Ok(proof) => proofs.push(proof),
            Err(error) => {
                let text = format!("{}: failed to {error}", subject.name);
                progress.aside(|| Stream::Err.line(&text));
                failed = true;
                break;
            }
        }
        progress.next();
    }
    drop(progress);
    let left = subjects.len() - proofs.len();
    if left > 0 {
        Stream::Err.line(&format!(
            "ended early: {left} of {} not proven",
            subjects.len()
        ));
    }
    let exit = exit(&proofs, failed || left > 0);
    print(args, proofs, exit)
}

fn exit(proofs: &[Proof], ended_early: bool) -> Exit {
    if ended_early || !proofs.iter().all(Proof::is_conclusive) {
        Exit::Inconclusive
    } else if proofs.iter().any(Proof::has_unexpected) {
        Exit::Mismatch
    } else {
        Exit::AsExpected
    }
}

fn print(args: &ProveArgs, mut proofs: Vec<Proof>, exit: Exit) -> Exit {
    let path = args.report_dir.join("prove.pcap");
    let captured = capture::number(&mut proofs).map_err(|error| error.to_string());
    let written = captured.and_then(|bytes| {
        let bytes = bytes.unwrap_or_default();
        write_capture(&args.report_dir, "prove.pcap", &bytes).map_err(|error| error.to_string())
    });
    let text = match args.output {
        ProveOutput::Human => text::render(&proofs, &path.display().to_string()),
        ProveOutput::Json => json::render(&proofs),
    };
    Stream::Out.line(&text);
    match written {
        Ok(()) => exit,
        Err(error) => {
            Stream::Err.line(&error);
            exit.with_unwritable_report()
        }
    }
}
