//! SARIF 2.1.0, for code scanning:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

mod location;
mod rule;

use netverdict_policy::finding::{Finding, Kind, Standing};
use serde_json::{Value, json};

use crate::event::Problem;
use crate::exit::Exit;
use crate::fingerprint;
use crate::repository::Repository;
use location::{locations, related};
use rule::{level, rule};

/// Everything that goes into a log.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// Which command found it, such as `audit`.
    pub command: &'a str,
    /// Every kind that could have been found.
    pub kinds: &'a [&'static Kind],
    /// What was found.
    pub findings: &'a [Finding],
    /// What kept the command from looking.
    pub problems: &'a [&'a Problem],
    /// How it ended.
    pub exit: Exit,
    /// Whether a baseline says which findings are new.
    pub has_baseline: bool,
    /// What paths are relative to.
    pub repository: &'a Repository,
}

/// The log as JSON.
pub fn render(log: &Log<'_>) -> String {
    let results: Vec<Value> = (log.findings.iter())
        .map(|finding| result(log, finding))
        .collect();
    let conclusive = match log.exit {
        Exit::AsExpected | Exit::Mismatch | Exit::NothingSelected => true,
        Exit::BadInput | Exit::Inconclusive | Exit::Lacking => false,
    };
    let notifications: Vec<Value> = (log.problems.iter()).map(|it| notification(it)).collect();
    let sarif = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "netverdict",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": log.kinds.iter().map(|kind| rule(kind)).collect::<Vec<_>>(),
            } },
            // Two commands over the same files are two analyses.
            "automationDetails": { "id": format!("netverdict/{}/", log.command) },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": conclusive,
                "exitCode": log.exit.code(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    let mut text = format!("{sarif:#}");
    text.push('\n');
    text
}

fn result(log: &Log<'_>, finding: &Finding) -> Value {
    let mut message = finding.message.clone();
    if let Some(fix) = &finding.fix {
        message.push_str(". ");
        message.push_str(fix);
    }
    let fingerprint = fingerprint::of(finding, log.repository);
    let mut result = json!({
        "ruleId": finding.kind.id,
        "level": level(finding.severity),
        "message": { "text": message },
        "locations": locations(finding, log.repository),
        "relatedLocations": related(finding, log.repository),
        "partialFingerprints": { "netverdictFinding/v1": fingerprint },
        "properties": { "subject": finding.subject },
    });
    let index = (log.kinds.iter()).position(|kind| kind.id == finding.kind.id);
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    match &finding.standing {
        // An empty list says that it was looked for.
        Standing::Counts => result["suppressions"] = json!([]),
        Standing::Suppressed { reason, .. } => {
            result["suppressions"] = json!([{ "kind": "inSource", "justification": reason }]);
        }
        Standing::Accepted => {
            let why = "accepted when the baseline was taken";
            result["suppressions"] = json!([{ "kind": "external", "justification": why }]);
        }
    }
    if log.has_baseline {
        let unchanged = finding.standing == Standing::Accepted;
        result["baselineState"] = json!(if unchanged { "unchanged" } else { "new" });
    }
    result
}

fn notification(problem: &Problem) -> Value {
    json!({
        "level": "error",
        "message": { "text": problem.text },
        "descriptor": { "id": problem.code },
    })
}
