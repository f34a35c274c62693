//! `netverdict audit`

use netverdict_policy::audit::{CATALOGUE, Options};

use super::audit_live;
use super::findings::Settled;
use super::print::Stream;
use crate::audit::{Audited, audit, human, json, pages};
use crate::cli::{AuditArgs, AuditOutput, FindingArgs};
use crate::event::Problem;
use crate::exit::Exit;
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
    if args.live.live {
        return audit_live::run(args);
    }
    let colour = args.output == AuditOutput::Human && Stream::Err.colour();
    let mut audited = audit(&args.paths, &options(args), args.readings.of_user(), colour);
    for problem in &audited.problems {
        Stream::Err.line(&problem.text);
    }
    // What was not read whole is no measure of what is new.
    let none = FindingArgs {
        summary: args.findings.summary.clone(),
        ..FindingArgs::default()
    };
    let asked = match audited.problems.is_empty() {
        true => &args.findings,
        false => &none,
    };
    let settled = match Settled::new("audit", asked, &mut audited.findings) {
        Ok(settled) => settled,
        Err(exit) => return exit,
    };
    let exit = exit(args, &audited);
    let problems: Vec<&Problem> = audited.problems.iter().collect();
    Stream::Out.line(&match args.output {
        AuditOutput::Human => human::render(&audited, Stream::Out.colour()),
        AuditOutput::Json => json::render(&audited),
        AuditOutput::Sarif => settled.sarif(&audited.findings, CATALOGUE, &problems, exit),
    });
    remarks(&audited);
    settled.finish(&audited.findings, exit)
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
