//! Places as SARIF's locations.

use netverdict_policy::diagnostic::{Label, Location};
use netverdict_policy::finding::{Finding, Standing};
use serde_json::{Value, json};

use crate::repository::Repository;

/// The main place; code scanning shows no other as the finding's.
pub(super) fn locations(finding: &Finding, repository: &Repository) -> Vec<Value> {
    (finding.places.iter().take(1))
        .map(|label| location(label, repository))
        .collect()
}

/// All other places, and where it is said that the finding may stay.
pub(super) fn related(finding: &Finding, repository: &Repository) -> Vec<Value> {
    let suppressed = match &finding.standing {
        Standing::Counts | Standing::Accepted => None,
        Standing::Suppressed { location, .. } => Some(Label {
            location: location.clone(),
            text: "suppressed here".to_owned(),
        }),
    };
    let others = finding.places.iter().skip(1).chain(&suppressed);
    let mut related: Vec<Value> = others.map(|label| location(label, repository)).collect();
    for (number, location) in related.iter_mut().enumerate() {
        location["id"] = json!(number + 1);
    }
    related
}

fn location(label: &Label, repository: &Repository) -> Value {
    let path = &label.location.file.path;
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&repository.relative(path)) },
            "region": region(&label.location),
        },
    });
    if !label.text.is_empty() {
        location["message"] = json!({ "text": label.text });
    }
    location
}

/// Without an end it goes to the end of its line. An end is the first column behind it.
fn region(location: &Location) -> Value {
    let mut region = json!({
        "startLine": location.line,
        "startColumn": location.column,
    });
    let text = location.text();
    // The end of the last line is no place of its own.
    let text = text.trim_end_matches(['\n', '\r']);
    if !text.is_empty() {
        let further_lines = text.matches('\n').count();
        let last_line = text.rsplit('\n').next().unwrap_or(text).chars().count();
        let before = match further_lines {
            0 => usize::try_from(location.column).unwrap_or(usize::MAX),
            _ => 1,
        };
        let line = usize::try_from(location.line).unwrap_or(usize::MAX);
        region["endLine"] = json!(line.saturating_add(further_lines));
        region["endColumn"] = json!(before.saturating_add(last_line));
    }
    region
}

/// A path as a URI: relative ones stay so (RFC 3986, 3.3 and 4.2).
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use netverdict_policy::diagnostic::SourceFile;

    use super::*;

    #[test]
    fn regions_end_behind_their_last_character() {
        let file = Arc::new(SourceFile {
            path: "a.yaml".to_owned(),
            text: "ä: 10.0.0.0/8\nb:\n  c\n".to_owned(),
        });
        let of = |offset, length| region(&Location::new(&file, offset, length));
        assert_eq!(
            of(4, 10),
            json!({"startLine": 1, "startColumn": 4, "endLine": 1, "endColumn": 14})
        );
        assert_eq!(
            of(15, 7),
            json!({"startLine": 2, "startColumn": 1, "endLine": 3, "endColumn": 4})
        );
        assert_eq!(of(4, 0), json!({"startLine": 1, "startColumn": 4}));
    }

    #[test]
    fn a_path_is_a_uri() {
        for (path, expected) in [
            ("a/b-1.yaml", "a/b-1.yaml"),
            ("a/two words#1.yaml", "a/two%20words%231.yaml"),
            ("ä.yaml", "%C3%A4.yaml"),
            ("a:b", "a%3Ab"),
            ("/tmp/x", "file:///tmp/x"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
