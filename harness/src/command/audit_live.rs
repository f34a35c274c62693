//! `netverdict audit --live`

use netverdict_policy::diagnostic::Severity;
use netverdict_policy::finding::Finding;
use netverdict_policy::live::KINDS;

use super::findings::Settled;
use super::print::{Stream, lacking};
use crate::cli::{AuditArgs, AuditOutput};
use crate::exit::Exit;
use crate::loaded::ask::{Live, Refusal, ask};
use crate::words::counted;

/// Holds what is loaded against what the paths declare.
pub(super) fn run(args: &AuditArgs) -> Exit {
    let readings = args.readings.of_user();
    let live = match ask(&args.paths, &args.live, readings, Stream::Err.colour()) {
        Ok(live) => live,
        Err(refusal) => return refused(&refusal),
    };
    let Live {
        mut findings,
        scope,
        unreadable,
        failed,
        notes,
    } = live;
    for text in notes.iter().chain(&scope).chain(&unreadable) {
        Stream::Err.line(text);
    }
    for error in &failed {
        Stream::Err.line(&format!("failed to {error}"));
    }
    let settled = match Settled::new("audit", &args.findings, &mut findings) {
        Ok(settled) => settled,
        Err(exit) => return exit,
    };
    let least = args.fail_on.severity();
    let fails = |finding: &Finding| finding.counts() && finding.severity >= least;
    let exit = if !unreadable.is_empty() {
        Exit::BadInput
    } else if !failed.is_empty() {
        Exit::Inconclusive
    } else if findings.iter().any(fails) {
        Exit::Mismatch
    } else {
        Exit::AsExpected
    };
    if args.output == AuditOutput::Sarif {
        Stream::Out.line(&settled.sarif(&findings, KINDS, &[], exit));
    } else {
        for finding in findings.iter().filter(|finding| finding.counts()) {
            Stream::Out.line(&in_words(finding));
        }
        let accepted = (findings.iter())
            .filter(|finding| !finding.counts())
            .count();
        let accepted = match accepted {
            0 => String::new(),
            count => format!(", {count} of them accepted"),
        };
        Stream::Out.line(&format!("{}{accepted}", counted(findings.len(), "finding")));
    }
    settled.finish(&findings, exit)
}

/// Says why nothing can be said.
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

fn in_words(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut text = format!("{severity} [{}] {}", finding.kind.id, finding.message);
    for label in &finding.places {
        text.push_str(&format!("\n    {}: {}", label.location, label.text));
    }
    text
}
