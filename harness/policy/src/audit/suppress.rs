//! What authors say may stay: comments in their files, and annotations of objects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalogue::{SUPPRESSION_INVALID, SUPPRESSION_UNUSED, kind};
use super::{CATALOGUE, finding};
use crate::diagnostic::{Location, SourceFile};
use crate::finding::{Finding, Kind, Standing};
use crate::frontend::did_you_mean;
use crate::model::{Annotation, Object, Objects};

/// What a comment begins with.
const COMMENT: &str = "# netverdict:";

/// What the key of an annotation begins with; the id follows.
const ANNOTATION: &str = "netverdict.io/allow.";

/// Everything that may stay.
#[derive(Debug, Default)]
pub(super) struct Suppressions {
    /// Reasons by file, line and id, each with its place.
    comments: BTreeMap<(String, u32, &'static str), (String, Location)>,
    /// Places of all that say something usable.
    known: BTreeMap<Location, &'static str>,
    /// Places of those that suppress something.
    used: BTreeSet<Location>,
    /// What is wrong with others, by their places.
    wrong: BTreeMap<Location, String>,
}

impl Suppressions {
    /// Takes the annotations of objects in.
    pub(super) fn annotations(&mut self, objects: &Objects) {
        for object in objects.described.values().flat_map(BTreeMap::values) {
            for (key, annotation) in &object.annotations {
                let Some(id) = key.strip_prefix(ANNOTATION) else {
                    continue;
                };
                self.judge(id, &annotation.value, &annotation.location);
            }
        }
    }

    /// Whether an annotation of the object lets such a finding stay.
    pub(super) fn by_object(&mut self, kind: &'static Kind, object: Option<&Object>) -> Standing {
        let key = format!("{ANNOTATION}{}", kind.id);
        match object.and_then(|object| object.annotations.get(&key)) {
            Some(Annotation { value, location }) if self.known.contains_key(location) => {
                self.used.insert(location.clone());
                Standing::Suppressed {
                    reason: value.trim().to_owned(),
                    location: location.clone(),
                }
            }
            Some(_) | None => Standing::Counts,
        }
    }

    /// Takes the comments of a file in.
    pub(super) fn comments(&mut self, file: &Arc<SourceFile>) {
        let mut offset = 0;
        // Comments in lines of their own, which are about the next line that is none.
        let mut waiting: Vec<(&'static str, String, Location)> = Vec::new();
        for (number, line) in (1..).zip(file.text.split('\n')) {
            let begin = offset;
            offset += line.len() + 1;
            let (before, comment) = match find(line) {
                Some(at) => (&line[..at], Some((at, &line[at + COMMENT.len()..]))),
                None => (line, None),
            };
            if let Some((at, words)) = comment {
                let place = Location::new(file, begin + at, line.trim_end().len() - at);
                waiting.extend(self.comment(words, place));
            }
            let is_comment = before.trim_start().starts_with('#');
            if before.trim().is_empty() || is_comment {
                continue;
            }
            for (id, reason, place) in waiting.drain(..) {
                let key = (file.path.clone(), number, id);
                self.comments.entry(key).or_insert((reason, place));
            }
        }
    }

    fn comment(
        &mut self,
        words: &str,
        place: Location,
    ) -> Option<(&'static str, String, Location)> {
        let Some(rest) = words.trim().strip_prefix("allow ") else {
            let why = "a comment for netverdict says 'allow ID because REASON'".to_owned();
            self.wrong.insert(place, why);
            return None;
        };
        let (id, reason) = match rest.trim().split_once(" because") {
            Some((id, reason)) => (id, reason),
            None => (rest, ""),
        };
        let id = self.judge(id.trim(), reason, &place)?;
        Some((id, reason.trim().to_owned(), place))
    }

    /// The id, if it is one and there is a reason.
    fn judge(&mut self, id: &str, reason: &str, place: &Location) -> Option<&'static str> {
        let is_for_good =
            |kind: &&Kind| **kind != SUPPRESSION_INVALID && **kind != SUPPRESSION_UNUSED;
        let Some(kind) = kind(id).filter(|kind| is_for_good(kind)) else {
            let known: Vec<&str> = (CATALOGUE.iter().copied())
                .filter(is_for_good)
                .map(|kind| kind.id)
                .collect();
            let near = did_you_mean(id, known);
            self.wrong
                .insert(place.clone(), format!("no rule is named '{id}': {near}"));
            return None;
        };
        // `because` and nothing behind it, or a word that says that there is no reason.
        if reason.trim().is_empty() || ["true", "false"].contains(&reason.trim()) {
            let why = format!("{id} is to be allowed, but there is no reason why");
            self.wrong.insert(place.clone(), why);
            return None;
        }
        self.known.insert(place.clone(), kind.id);
        Some(kind.id)
    }

    /// Lets a finding stay if a comment at its line says so.
    pub(super) fn by_comment(&mut self, finding: &mut Finding) {
        let Some(place) = finding.location() else {
            return;
        };
        let key = (place.file.path.clone(), place.line, finding.kind.id);
        if let Some((reason, location)) = self.comments.get(&key) {
            self.used.insert(location.clone());
            if finding.counts() {
                finding.standing = Standing::Suppressed {
                    reason: reason.clone(),
                    location: location.clone(),
                };
            }
        }
    }

    /// What is wrong with suppressions themselves.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let wrong = self.wrong.iter().map(|(place, why)| {
            let subject = place.text().trim().to_owned();
            finding(&SUPPRESSION_INVALID, place, subject, &**why)
        });
        let unused = (self.known.iter()).filter(|(place, _)| !self.used.contains(place));
        let unused = unused.map(|(place, id)| {
            let subject = format!("{id} {}", place.text().trim());
            let message = format!("{id} is allowed here, and there is no such finding");
            finding(&SUPPRESSION_UNUSED, place, subject, message)
        });
        wrong.chain(unused).collect()
    }
}

/// Where a comment for us begins: at the line's begin, or behind white space.
fn find(line: &str) -> Option<usize> {
    (line.match_indices(COMMENT))
        .map(|(at, _)| at)
        .find(|at| *at == 0 || line[..*at].ends_with([' ', '\t']))
}
