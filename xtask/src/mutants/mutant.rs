//! One change to the code, as cargo-mutants lists it.

use serde::Deserialize;

/// A change in one place of a file.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Mutant {
    /// File, line, column, and what is changed to what.
    pub(super) name: String,
    /// Relative to the checkout.
    pub(super) file: String,
    replacement: String,
    span: Span,
    /// The line after the change: with what is changed it says which mutant it is,
    /// also when the lines around it have moved.
    #[serde(skip)]
    pub(super) line: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Span {
    start: Place,
    end: Place,
}

/// In lines and characters, both from 1.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Place {
    line: usize,
    column: usize,
}

/// The mutants of a file by what `cargo mutants --list --json` says and by the
/// file's text.
pub(super) fn read(json: &str, text: &str) -> serde_json::Result<Vec<Mutant>> {
    let mut mutants: Vec<Mutant> = serde_json::from_str(json)?;
    for mutant in &mut mutants {
        mutant.line = mutant.changed(text);
    }
    Ok(mutants)
}

impl Mutant {
    /// What is changed to what, in which function: the name without the place.
    pub(super) fn change(&self) -> &str {
        // The place is LINE:COLUMN, and the change may hold colons of its own.
        let behind_file = self.name.strip_prefix(&self.file).unwrap_or(&self.name);
        behind_file.splitn(4, ':').last().unwrap_or("").trim_start()
    }

    fn changed(&self, text: &str) -> String {
        let line = |place: Place| text.lines().nth(place.line - 1).unwrap_or("");
        let before = line(self.span.start)
            .chars()
            .take(self.span.start.column - 1);
        let behind = line(self.span.end).chars().skip(self.span.end.column - 1);
        let line: String = before
            .chain(self.replacement.chars())
            .chain(behind)
            .collect();
        line.trim().to_owned()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The mutants of a file of two functions that look alike.
    pub(in crate::mutants) fn two() -> Vec<Mutant> {
        let text = "fn a(x: u8) -> bool {\n    x < 1 // é\n}\nfn b() {\n    f();\n    g();\n}\n";
        let json = r#"[
            {"name": "src/a.rs:2:7: replace < with > in a", "file": "src/a.rs",
             "replacement": ">", "genre": "BinaryOperator",
             "span": {"start": {"line": 2, "column": 7}, "end": {"line": 2, "column": 8}}},
            {"name": "src/a.rs:5:5: replace b::c with ()", "file": "src/a.rs",
             "replacement": "()", "genre": "FnValue",
             "span": {"start": {"line": 5, "column": 5}, "end": {"line": 6, "column": 9}}}
        ]"#;
        read(json, text).expect("as cargo-mutants writes it")
    }

    #[test]
    fn a_mutant_is_known_by_its_change_and_the_changed_line() {
        let mutants = two();
        assert_eq!(mutants[0].change(), "replace < with > in a");
        assert_eq!(mutants[0].line, "x > 1 // é");
        assert_eq!(mutants[1].change(), "replace b::c with ()");
        assert_eq!(mutants[1].line, "()");
    }
}
