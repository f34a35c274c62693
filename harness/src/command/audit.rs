//! `netverdict audit`

use netverdict_policy::audit::Options;

use super::findings::Settled;
use super::print::{Stream, lacking};
use crate::audit::{Audited, audit, human, json, pages};
use crate::cli::{AuditArgs, AuditOutput, FindingArgs};
use crate::event::Problem;
use crate::exit::Exit;
use crate::loaded::ask::{Live, Refusal, ask};
use crate::words::counted;

/// Looks over everything under the paths, or says what a rule means.
pub fn run(args: &AuditArgs) -> Exit {
    if args.list_rules {
        Stream::Out.line(&pages::list());
        return Exit::AsExpected;
    }
    if let Some(id) = &args.explain {
        return match pages::explain(id) {
            Ok(page) => {
                Stream::Out.line(&page);
                Exit::AsExpected
            }
            Err(why) => {
                Stream::Err.line(&why);
                Exit::BadInput
            }
        };
    }
    let colour = args.output == AuditOutput::Human && Stream::Err.colour();
    let mut audited = audit(&args.paths, &options(args), args.readings.of_user(), colour);
    for problem in &audited.problems {
        Stream::Err.line(&problem.text);
    }
    let live = match live(args, &audited) {
        Ok(live) => live,
        Err(refusal) => return refused(&refusal),
    };
    audited.findings.extend(live.findings);
    for text in live.scope.iter().chain(&live.unreadable) {
        Stream::Err.line(text);
    }
    for error in &live.failed {
        Stream::Err.line(&format!("failed to {error}"));
    }
    // What was not read whole is no measure of what is new.
    let none = FindingArgs {
        summary: args.findings.summary.clone(),
        ..FindingArgs::default()
    };
    let is_whole = audited.problems.is_empty() && live.unreadable.is_empty();
    let asked = match is_whole && live.failed.is_empty() {
        true => &args.findings,
        false => &none,
    };
    let settled = match Settled::new("audit", asked, &mut audited.findings) {
        Ok(settled) => settled,
        Err(exit) => return exit,
    };
    let exit = match exit(args, &audited) {
        Exit::AsExpected | Exit::Mismatch if !live.unreadable.is_empty() => Exit::BadInput,
        Exit::AsExpected | Exit::Mismatch if !live.failed.is_empty() => Exit::Inconclusive,
        exit => exit,
    };
    let problems: Vec<&Problem> = audited.problems.iter().collect();
    Stream::Out.line(&match args.output {
        AuditOutput::Human => human::render(&audited, Stream::Out.colour()),
        AuditOutput::Json => json::render(&audited),
        AuditOutput::Sarif => settled.sarif(&audited.findings, &pages::kinds(), &problems, exit),
    });
    remarks(&audited);
    settled.finish(&audited.findings, exit)
}

/// What is loaded, held against what could be read; nothing unless that was asked for.
fn live(args: &AuditArgs, audited: &Audited) -> Result<Live, Refusal> {
    if !args.live.live {
        return Ok(Live::default());
    }
    if !audited.problems.is_empty() {
        Stream::Err.line("what is loaded was not looked at, for want of what it should be");
        return Ok(Live::default());
    }
    // What `check` says about the input is counted already.
    let colour = Stream::Err.colour();
    ask(&args.paths, &args.live, args.readings.of_user(), colour)
}

/// Says why nothing can be said of what is loaded.
fn refused(refusal: &Refusal) -> Exit {
    match refusal {
        Refusal::BadInput(problems) => {
            for problem in problems {
                Stream::Err.line(problem);
            }
            Exit::BadInput
        }
        Refusal::Lacking(missing) => {
            Stream::Err.line(&lacking(missing));
            Exit::Lacking
        }
        Refusal::Failed(error) => {
            Stream::Err.line(&format!("failed to {error}"));
            Exit::Inconclusive
        }
    }
}

fn options(args: &AuditArgs) -> Options {
    let usual = Options::default();
    Options {
        public: match args.public_mark.is_empty() {
            true => usual.public,
            false => args.public_mark.clone(),
        },
        wildcard_share: args.wildcard_share,
    }
}

/// What limits the worth of what was printed.
fn remarks(audited: &Audited) {
    if audited.without_workloads {
        Stream::Err.line(
            "no workload is among the manifests: whom policies select and what is open there is \
             not judged; audit them together with the workloads",
        );
    }
    if audited.warnings > 0 {
        let warnings = counted(audited.warnings, "further warning");
        Stream::Err.line(&format!(
            "{warnings} and notes about the input: `netverdict check` shows what"
        ));
    }
    if !audited.problems.is_empty() {
        let problems = counted(audited.problems.len(), "problem");
        Stream::Err.line(&format!(
            "{problems} in the input: what could not be read was not audited, and findings about \
             the rest may come of that"
        ));
    }
}

fn exit(args: &AuditArgs, audited: &Audited) -> Exit {
    if !audited.problems.is_empty() {
        return Exit::BadInput;
    }
    if audited.scenarios + audited.manifests == 0 {
        Stream::Err.line("no scenario and no manifest found");
        return Exit::NothingSelected;
    }
    match audited.counting(args.fail_on.severity()) {
        0 => Exit::AsExpected,
        _ => Exit::Mismatch,
    }
}
