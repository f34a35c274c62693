//! From paths to valid scenarios, or every problem at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{GraphicalReportHandler, GraphicalTheme};
use netverdict_policy::diagnostic::{Diagnostic, Severity};
use netverdict_policy::frontend::{self, FileKind};

use crate::event::Problem;
use crate::select::Loaded;
use crate::sources::{Reader, SourceError, find};

/// What was found under the paths of the command line.
#[derive(Debug, Default)]
pub struct Input {
    /// Valid scenarios, in the order of their paths.
    pub scenarios: Vec<Loaded>,
    /// Manifest files named or found, each valid by itself.
    pub manifests: usize,
    /// What is wrong; empty if everything is valid.
    pub problems: Vec<Problem>,
    /// Warnings, ready to print.
    pub warnings: Vec<String>,
}

/// Reads and validates everything under `paths`.
pub fn load(paths: &[PathBuf], colour: bool) -> Input {
    let mut input = Input::default();
    let files = match find(paths) {
        Ok(files) => files,
        Err(errors) => {
            input.problems.extend(errors.iter().map(source_problem));
            return input;
        }
    };
    let mut reader = Reader::default();
    for path in &files {
        load_one(path, &mut reader, &mut input, colour);
    }
    input
}

fn load_one(path: &Path, reader: &mut Reader, input: &mut Input, colour: bool) {
    let file = match reader.open(path) {
        Ok(file) => file,
        Err(error) => return input.problems.push(source_problem(&error)),
    };
    let diagnostics = match frontend::kind(&file) {
        FileKind::Manifest => {
            input.manifests += 1;
            frontend::manifest(&file)
        }
        FileKind::Scenario => match frontend::scenario(&file, reader) {
            Ok(checked) => {
                input.scenarios.push(Loaded {
                    scenario: Arc::new(checked.scenario),
                    image: Arc::new(checked.image),
                });
                checked.warnings
            }
            Err(diagnostics) => diagnostics,
        },
    };
    for diagnostic in &diagnostics {
        let text = render(diagnostic, colour);
        match diagnostic.severity {
            Severity::Warning | Severity::Note => input.warnings.push(text),
            Severity::Error => input.problems.push(Problem {
                code: diagnostic.code.to_owned(),
                file: (diagnostic.labels.first()).map(|label| label.location.to_string()),
                text,
            }),
        }
    }
}

fn source_problem(error: &SourceError) -> Problem {
    let (code, path) = match error {
        SourceError::Io { path, .. } => ("file-unreadable", path),
        SourceError::TooLarge { path } => ("file-too-large", path),
        SourceError::Empty { path } => ("file-empty", path),
        SourceError::NotText { path, .. } => ("file-not-text", path),
    };
    Problem {
        code: code.to_owned(),
        file: Some(path.display().to_string()),
        text: error.to_string(),
    }
}

/// The diagnostic with its excerpt.
pub fn render(diagnostic: &Diagnostic, colour: bool) -> String {
    let theme = if colour {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(100)
        .with_links(false);
    let mut text = String::new();
    let report = netverdict_policy::diagnostic::Report::new(diagnostic.clone());
    if handler.render_report(&mut text, &report).is_err() {
        text.clone_from(&diagnostic.message);
    }
    text
}
