//! What tells a finding from others, wherever its line moves to.

use netverdict_policy::finding::Finding;
use sha2::{Digest, Sha256};

use crate::repository::Repository;

/// Digest of a finding's kind, its subject, its file and the text of its line, without
/// the line's number and its spaces.
pub fn of(finding: &Finding, repository: &Repository) -> String {
    let (file, line) = file_and_line(finding, repository);
    let mut digest = Sha256::new();
    for part in [finding.kind.id, &finding.subject, &file, &line] {
        digest.update(part.as_bytes());
        // No part holds it.
        digest.update([0]);
    }
    let digest = digest.finalize();
    digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// The main place's file, and its line with single spaces; both empty if there is none.
pub fn file_and_line(finding: &Finding, repository: &Repository) -> (String, String) {
    finding
        .location()
        .map_or_else(Default::default, |location| {
            let words: Vec<&str> = location.whole_line().split_whitespace().collect();
            (repository.relative(&location.file.path), words.join(" "))
        })
}
