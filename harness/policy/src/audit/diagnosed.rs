//! Findings that the front end makes on its way: they are about the text, of which the
//! policy keeps nothing.

use super::catalogue::{CIDR_HOST_BITS, EXCEPT_OUTSIDE, RULE_SHADOWED};
use super::{Found, finding};
use crate::diagnostic::Diagnostic;
use crate::finding::Kind;

/// Diagnostics that are findings as they stand.
const TAKEN: [(&str, &Kind); 3] = [
    ("prefix-host-bits", &CIDR_HOST_BITS),
    ("except-outside", &EXCEPT_OUTSIDE),
    ("prefix-covered", &RULE_SHADOWED),
];

/// Diagnostics about what an audit finds itself.
const FOUND_AGAIN: [&str; 6] = [
    "policy-selects-nothing",
    "policy-without-rules",
    "prefilter-empty-allow-list",
    "rule-in-part",
    "rule-not-enforced",
    "rules-contradict",
];

/// Whether an audit says what the diagnostic says.
pub fn is_reported(diagnostic: &Diagnostic) -> bool {
    let taken = TAKEN.iter().map(|(code, _)| code);
    taken
        .chain(&FOUND_AGAIN)
        .any(|code| *code == diagnostic.code)
}

pub(super) fn findings(diagnostics: &[Diagnostic]) -> Vec<Found> {
    let mut found = Vec::new();
    for diagnostic in diagnostics {
        let taken = TAKEN.iter().find(|(code, _)| *code == diagnostic.code);
        let (Some((_, kind)), Some((first, others))) = (taken, diagnostic.labels.split_first())
        else {
            continue;
        };
        let subject = first.location.text().trim().to_owned();
        let mut one = finding(kind, &first.location, subject, &*diagnostic.message);
        one.places.extend(others.iter().cloned());
        found.push(Found::of(one.with_fix(&*diagnostic.help)));
    }
    found
}
