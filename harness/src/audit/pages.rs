//! What each rule means: `--explain` and `--list-rules`.

use netverdict_policy::audit::{CATALOGUE, kind};
use netverdict_policy::finding::Kind;
use netverdict_policy::frontend::did_you_mean;

use super::json::{catalogue_name, severity_name};

/// The page of a rule, as Markdown.
///
/// # Errors
/// Which rule may have been meant.
pub fn explain(id: &str) -> Result<String, String> {
    match kind(id) {
        Some(kind) => Ok(page(kind)),
        None => {
            let ids: Vec<&str> = CATALOGUE.iter().map(|kind| kind.id).collect();
            let near = did_you_mean(id, ids.iter().copied());
            Err(format!("no rule is named '{id}': {near}"))
        }
    }
}

fn page(kind: &Kind) -> String {
    let Kind {
        id,
        severity,
        summary,
        explanation,
        fix,
        references,
    } = kind;
    let severity = severity_name(*severity);
    let mut page =
        format!("# {id} ({severity})\n\n{summary}.\n\n{explanation}\n\n## What to do\n\n{fix}\n");
    if !references.is_empty() {
        page += "\n## What others call it\n\n";
        for reference in *references {
            let catalogue = catalogue_name(reference.catalogue);
            page += &format!("* {catalogue} {reference}: {}\n", reference.url());
        }
    }
    page += &format!(
        "\n## Letting one stay\n\nAt the end of its line, or in a line above it: \
         `# netverdict: allow {id} because REASON`;\nor an annotation of the object: \
         `netverdict.io/allow.{id}: REASON`.\n"
    );
    page
}

/// Every rule, a line each.
pub fn list() -> String {
    let lines = CATALOGUE.iter().map(|kind| {
        let severity = severity_name(kind.severity);
        format!("{:<31} {severity:<8} {}", kind.id, kind.summary)
    });
    lines.collect::<Vec<_>>().join("\n")
}
