//! Kinds of findings as SARIF's rules.

use netverdict_policy::diagnostic::Severity;
use netverdict_policy::finding::{Catalogue, Kind};
use serde_json::{Value, json};

pub(super) fn rule(kind: &Kind) -> Value {
    let mut markdown = format!("{}\n\n**What to do:** {}", kind.explanation, kind.fix);
    if !kind.references.is_empty() {
        markdown.push_str("\n\nSee");
        for reference in kind.references {
            markdown.push_str(&format!(" [{reference}]({})", reference.url()));
        }
        markdown.push('.');
    }
    let mut tags = vec!["security".to_owned(), "network-policy".to_owned()];
    tags.extend(kind.references.iter().map(|reference| {
        let catalogue = match reference.catalogue {
            Catalogue::AttackTechnique | Catalogue::AttackMitigation => "mitre-attack",
            Catalogue::Defend => "mitre-d3fend",
        };
        format!("external/{catalogue}/{}", reference.id)
    }));
    let mut rule = json!({
        "id": kind.id,
        "name": pascal(kind.id),
        "shortDescription": { "text": kind.summary },
        "fullDescription": { "text": kind.explanation },
        "help": {
            "text": format!("{} {}", kind.explanation, kind.fix),
            "markdown": markdown,
        },
        "defaultConfiguration": { "level": level(kind.severity) },
        "properties": {
            "tags": tags,
            "precision": "very-high",
            "problem.severity": match kind.severity {
                Severity::Note => "recommendation",
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            // Code scanning's scale, which is that of CVSS.
            "security-severity": match kind.severity {
                Severity::Note => "2.0",
                Severity::Warning => "5.0",
                Severity::Error => "8.0",
            },
        },
    });
    if let Some(reference) = kind.references.first() {
        rule["helpUri"] = json!(reference.url());
    }
    rule
}

pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// `wildcard-cidr` as `WildcardCidr`: names are one word there.
fn pascal(id: &str) -> String {
    id.split('-')
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_one_word() {
        assert_eq!(super::pascal("wildcard-cidr"), "WildcardCidr");
    }
}
