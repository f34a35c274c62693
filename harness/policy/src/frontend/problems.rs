//! The collector of everything that is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Location, Severity, SourceFile};

/// Longest message or help in bytes. They quote the input, which may be one
/// word of a megabyte.
const LONGEST: usize = 500;

/// What has been found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Diagnostic>,
    errors: usize,
    rigour: Rigour,
}

/// What becomes of mistakes that leave no doubt what the input does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rigour {
    /// They make it invalid.
    #[default]
    Refuse,
    /// They are warnings, and the input is taken as what enforces it takes it: somebody
    /// wants to know what else is wrong.
    TakeAsIs,
}

impl Problems {
    /// No problems, of input that is taken with this rigour.
    pub(crate) fn with(rigour: Rigour) -> Problems {
        Problems {
            rigour,
            ..Problems::default()
        }
    }

    /// How mistakes are taken.
    pub(crate) fn rigour(&self) -> Rigour {
        self.rigour
    }

    /// Takes an error that leaves no doubt what the input does.
    pub(crate) fn fault(&mut self, diagnostic: Diagnostic) {
        self.push(match self.rigour {
            Rigour::Refuse => diagnostic,
            Rigour::TakeAsIs => diagnostic.into_warning(),
        });
    }

    pub(crate) fn push(&mut self, mut diagnostic: Diagnostic) {
        shorten(&mut diagnostic.message);
        shorten(&mut diagnostic.help);
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        self.found.push(diagnostic);
    }

    pub(crate) fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        diagnostics.into_iter().for_each(|one| self.push(one));
    }

    /// Takes in what is not among it already.
    pub(crate) fn adopt(&mut self, others: Problems) {
        for diagnostic in others.found {
            if !self.found.contains(&diagnostic) {
                self.push(diagnostic);
            }
        }
    }

    pub(crate) fn error(
        &mut self,
        code: &'static str,
        location: &Location,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::error(code, location, message, help));
    }

    pub(crate) fn warn(
        &mut self,
        code: &'static str,
        location: &Location,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::error(code, location, message, help).into_warning());
    }

    pub(crate) fn note(
        &mut self,
        code: &'static str,
        location: &Location,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::error(code, location, message, help).into_note());
    }

    /// How many problems there are; tells whether a reader added one.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// How many problems make the input invalid.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Whether anything makes the input invalid.
    pub(crate) fn any_error(&self) -> bool {
        self.errors > 0
    }

    /// Everything found, file by file as `files` lists them, in the order of
    /// the text. What has no place among them comes last.
    pub(crate) fn into_sorted(mut self, files: &[Arc<SourceFile>]) -> Vec<Diagnostic> {
        let mut order: BTreeMap<&str, usize> = BTreeMap::new();
        for (number, file) in files.iter().enumerate() {
            order.entry(&file.path).or_insert(number);
        }
        self.found.sort_by_key(|diagnostic| {
            diagnostic.labels.first().map_or((usize::MAX, 0), |label| {
                let file = order.get(label.location.file.path.as_str()).copied();
                (file.unwrap_or(usize::MAX), label.location.offset)
            })
        });
        self.found
    }
}

fn shorten(text: &mut String) {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
}
