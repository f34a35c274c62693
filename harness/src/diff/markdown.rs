//! Changes as a comment on a pull request.

use std::fmt::Write as _;

use netverdict_policy::diff::Side;

use super::finding::kind;
use super::human::{Told, summary, text, who};

/// Rows of the table before the rest is counted.
const ROWS: usize = 50;

/// The whole comment.
pub fn comment(names: [&str; 2], all: &[Told<'_>]) -> String {
    let ids: Vec<&'static str> = all.iter().map(|told| kind(told.change).id).collect();
    let [old, new] = names.map(code);
    let mut text = format!("### netverdict: {old} → {new}\n\n");
    if all.is_empty() {
        text.push_str("No packet is treated differently.\n");
        return text;
    }
    let _ = writeln!(text, "**{}**\n", summary(&ids));
    let loud = (all.iter()).filter(|told| told.change.exposes());
    for told in loud.take(ROWS) {
        let sentence = told.teller.sentence(told.change, told.edits);
        let _ = writeln!(text, "> [!CAUTION]\n> {}\n", escaped(&sentence));
    }
    text.push_str("| | from | to | ports | addresses | line |\n|---|---|---|---|---|---|\n");
    for told in all.iter().take(ROWS) {
        let change = told.change;
        let line = told.edits.first().map(|edit| {
            let spots = [(Side::New, &edit.new), (Side::Old, &edit.old)];
            let spot = spots
                .into_iter()
                .find_map(|(side, spot)| Some((side, spot.as_ref()?)));
            spot.map_or(String::new(), |(side, spot)| {
                code(&told.teller.place(side, &spot.location))
            })
        });
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            kind(change).id,
            cell(&told.teller.names(&change.from)),
            cell(&told.teller.names(&change.to)),
            cell(&super::words::ports(&change.ports)),
            cell(&who(change)),
            line.unwrap_or_default(),
        );
    }
    if all.len() > ROWS {
        let _ = writeln!(text, "\n{} more are in `-o json`.", all.len() - ROWS);
    }
    text.push_str("\n<details><summary>Lines and witnesses</summary>\n\n```\n");
    for told in all.iter().take(ROWS) {
        let _ = writeln!(text, "{}\n", self::text(told).replace("```", "'''"));
    }
    text.push_str("```\n\n</details>\n");
    text
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|"))
}

fn cell(text: &str) -> String {
    escaped(text).replace('|', "\\|")
}

/// Text that others wrote is shown, and never read as HTML.
fn escaped(text: &str) -> String {
    text.replace('<', "&lt;").replace('\n', " ")
}
