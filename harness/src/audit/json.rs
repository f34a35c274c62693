//! Findings as one JSON object.

use netverdict_policy::diagnostic::{Label, Severity};
use netverdict_policy::finding::{Catalogue, Finding, Reference, Standing};
use serde::Serialize;

use super::Audited;

/// Everything that was found, and what could not be read.
#[derive(Serialize)]
struct Whole<'a> {
    findings: Vec<One<'a>>,
    problems: Vec<Wrong<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct One<'a> {
    id: &'a str,
    severity: &'static str,
    message: &'a str,
    subject: &'a str,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    places: Vec<Further<'a>>,
    fix: &'a str,
    standing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    references: Vec<Entry>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Further<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    words: &'a str,
}

#[derive(Serialize)]
struct Entry {
    catalogue: &'static str,
    id: &'static str,
    name: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Wrong<'a> {
    code: &'a str,
    place: Option<&'a str>,
    text: &'a str,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
    suppressed: usize,
    accepted: usize,
    scenarios: usize,
    manifests: usize,
}

/// The text, in lines.
pub fn render(audited: &Audited) -> String {
    let standing = |wanted: fn(&Standing) -> bool| {
        let all = audited.findings.iter();
        all.filter(|finding| wanted(&finding.standing)).count()
    };
    let of = |severity| {
        let all = audited.findings.iter();
        all.filter(|it| it.counts() && it.severity == severity)
            .count()
    };
    let whole = Whole {
        findings: audited.findings.iter().map(one).collect(),
        problems: (audited.problems.iter())
            .map(|problem| Wrong {
                code: &problem.code,
                place: problem.file.as_deref(),
                text: &problem.text,
            })
            .collect(),
        summary: Summary {
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            notes: of(Severity::Note),
            suppressed: standing(|it| matches!(it, Standing::Suppressed { .. })),
            accepted: standing(|it| matches!(it, Standing::Accepted)),
            scenarios: audited.scenarios,
            manifests: audited.manifests,
        },
    };
    serde_json::to_string_pretty(&whole).expect("findings are plain data")
}

fn one(finding: &Finding) -> One<'_> {
    let (first, further) = match finding.places.split_first() {
        Some((first, further)) => (Some(place(first)), further),
        None => (None, &[][..]),
    };
    One {
        id: finding.kind.id,
        severity: severity_name(finding.severity),
        message: &finding.message,
        subject: &finding.subject,
        place: first,
        places: (further.iter())
            .map(|label| Further {
                place: place(label),
                words: &label.text,
            })
            .collect(),
        fix: finding.fix.as_deref().unwrap_or(finding.kind.fix),
        standing: match finding.standing {
            Standing::Counts => "counts",
            Standing::Suppressed { .. } => "suppressed",
            Standing::Accepted => "accepted",
        },
        reason: match &finding.standing {
            Standing::Suppressed { reason, .. } => Some(reason),
            Standing::Counts | Standing::Accepted => None,
        },
        references: finding.kind.references.iter().map(entry).collect(),
    }
}

fn place(label: &Label) -> Place<'_> {
    Place {
        file: &label.location.file.path,
        line: label.location.line,
        column: label.location.column,
    }
}

fn entry(reference: &Reference) -> Entry {
    Entry {
        catalogue: catalogue_name(reference.catalogue),
        id: reference.id,
        name: reference.name,
        url: reference.url(),
    }
}

/// `error`, `warning` or `note`.
pub(super) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// What a catalogue is called.
pub(super) fn catalogue_name(catalogue: Catalogue) -> &'static str {
    match catalogue {
        Catalogue::AttackTechnique => "MITRE ATT&CK technique",
        Catalogue::AttackMitigation => "MITRE ATT&CK mitigation",
        Catalogue::Defend => "MITRE D3FEND",
    }
}
