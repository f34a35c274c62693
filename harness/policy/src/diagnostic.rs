//! Places in source files, and what is wrong there.

mod report;

use std::fmt;
use std::sync::Arc;

pub use report::Report;

/// A source file as the front end read it.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path, as the user would write it.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A place in a source file. Cheap to clone.
#[derive(Clone)]
pub struct Location {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Byte offset of the first byte.
    pub offset: usize,
    /// Length in bytes; may be 0.
    pub length: usize,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Location {
    /// The place of `length` bytes at byte `offset`. An offset beyond the text,
    /// or inside a character, means the next place that exists.
    pub fn new(file: &Arc<SourceFile>, offset: usize, length: usize) -> Location {
        let text = &file.text;
        let offset = (offset..=text.len()).find(|at| text.is_char_boundary(*at));
        let offset = offset.unwrap_or(text.len());
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Location {
            file: Arc::clone(file),
            offset,
            length: length.min(text.len() - offset),
            line: count(before.bytes().filter(|byte| *byte == b'\n').count() + 1),
            column: count(before[line_start..].chars().count() + 1),
        }
    }

    /// The text of the place.
    pub fn text(&self) -> &str {
        self.file
            .text
            .get(self.offset..self.offset + self.length)
            .unwrap_or("")
    }

    /// The whole line in which the place begins, without its end.
    pub fn whole_line(&self) -> &str {
        let text = &self.file.text;
        let offset = self.offset.min(text.len());
        let from = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        let to = text[offset..]
            .find('\n')
            .map_or(text.len(), |newline| offset + newline);
        text[from..to].trim_end_matches('\r')
    }
}

/// `path:line:column`, as editors and terminals link it.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.path, self.line, self.column)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Location {}

impl PartialOrd for Location {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Location {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Location {
    fn key(&self) -> (&str, usize, usize) {
        (&self.file.path, self.offset, self.length)
    }
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// What was made of something that could have been read otherwise, or was
    /// left out for a reason; nothing is wrong.
    Note,
    /// Worth knowing; the input is valid.
    Warning,
    /// The input is invalid.
    Error,
}

/// One thing that is wrong with the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable name in kebab case, such as `prefix-host-bits`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Where; the first is the main place. All in the same file unless said.
    pub labels: Vec<Label>,
}

/// A place that belongs to a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub location: Location,
    /// What is to be seen there; may be empty.
    pub text: String,
}

impl Diagnostic {
    /// An error at `location`.
    pub fn error(
        code: &'static str,
        location: &Location,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            help: help.into(),
            labels: vec![Label {
                location: location.clone(),
                text: String::new(),
            }],
        }
    }

    /// The same, as a warning.
    #[must_use]
    pub fn into_warning(mut self) -> Diagnostic {
        self.severity = Severity::Warning;
        self
    }

    /// The same, as a note.
    #[must_use]
    pub fn into_note(mut self) -> Diagnostic {
        self.severity = Severity::Note;
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn with_label(mut self, location: &Location, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            location: location.clone(),
            text: text.into(),
        });
        self
    }
}
