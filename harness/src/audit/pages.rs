//! What each rule means: `--explain` and `--list-rules`.

use netverdict_policy::audit::CATALOGUE;
use netverdict_policy::finding::Kind;
use netverdict_policy::frontend::did_you_mean;
use netverdict_policy::live;

use super::json::{catalogue_name, severity_name};

/// Every rule: those about files, then those about what is loaded.
pub fn kinds() -> Vec<&'static Kind> {
    CATALOGUE.iter().chain(live::KINDS).copied().collect()
}

/// The page of a rule, as Markdown.
///
/// # Errors
/// Which rule may have been meant.
pub fn explain(id: &str) -> Result<String, String> {
    let kinds = kinds();
    match kinds.iter().find(|kind| kind.id == id) {
        Some(kind) => Ok(page(kind)),
        None => {
            let ids: Vec<&str> = kinds.iter().map(|kind| kind.id).collect();
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
    if live::KINDS.iter().any(|known| known.id == *id) {
        // Nobody can write into what is loaded that it may stay.
        page += "\n## Letting one stay\n\nBy a baseline: `--write-baseline FILE`, then \
                 `--baseline FILE`.\n";
        return page;
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
    let kinds = kinds();
    let lines = kinds.iter().map(|kind| {
        let severity = severity_name(kind.severity);
        format!("{:<31} {severity:<8} {}", kind.id, kind.summary)
    });
    lines.collect::<Vec<_>>().join("\n")
}
