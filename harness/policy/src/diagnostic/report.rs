//! Diagnostics as miette shows them: code, excerpt with labels, help.

use std::fmt;
use std::sync::Arc;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::{Diagnostic, Label, Location, Severity, SourceFile};

/// A diagnostic that a miette handler can render. Places in files other than
/// the first one's follow as related diagnostics.
#[derive(Debug)]
pub struct Report {
    diagnostic: Diagnostic,
    excerpt: Option<Excerpt>,
    elsewhere: Vec<Elsewhere>,
}

impl Report {
    /// Wraps `diagnostic`.
    pub fn new(diagnostic: Diagnostic) -> Report {
        let first = diagnostic.labels.first().map(|label| &label.location.file);
        let shown = diagnostic
            .labels
            .iter()
            .all(|label| showable(&label.location));
        let excerpt = first
            .filter(|_| shown)
            .map(|file| Excerpt(Arc::clone(file)));
        let elsewhere = (diagnostic.labels.iter().skip(1))
            .filter(|label| Some(&label.location.file.path) != first.map(|file| &file.path))
            .filter(|_| shown)
            .map(|label| Elsewhere {
                label: label.clone(),
                excerpt: Excerpt(Arc::clone(&label.location.file)),
            })
            .collect();
        Report {
            diagnostic,
            excerpt,
            elsewhere,
        }
    }
}

/// Lines in bytes beyond which no excerpt is shown: nobody could read it, and
/// miette panics where a label lies 65,536 columns in.
const LONGEST_LINE: usize = 1000;

/// Lines around a place that an excerpt may show.
const CONTEXT: usize = 3;

/// Whether the place can be shown: its file was read, and its lines have a
/// length that a terminal can make something of.
fn showable(location: &Location) -> bool {
    let text = &location.file.text;
    let (before, behind) = text.split_at(location.offset.min(text.len()));
    let around =
        (before.rsplit('\n').take(CONTEXT + 1)).chain(behind.split('\n').take(CONTEXT + 1));
    let longest = around.map(str::len).max().unwrap_or(0);
    !text.is_empty() && longest <= LONGEST_LINE
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.excerpt.is_none()
            && let Some(Label { location, .. }) = self.diagnostic.labels.first()
        {
            match location.file.text.is_empty() {
                true => write!(f, "{}: ", location.file.path)?,
                false => write!(f, "{location}: ")?,
            }
        }
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Note => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.diagnostic.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let excerpt = self.excerpt.as_ref()?;
        Some(excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Excerpt(file) = self.excerpt.as_ref()?;
        let here = (self.diagnostic.labels.iter().enumerate())
            .filter(|(_, label)| label.location.file.path == file.path)
            .map(|(index, label)| span(label, index == 0));
        Some(Box::new(here))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.elsewhere.is_empty() {
            return None;
        }
        let related = (self.elsewhere.iter()).map(|place| place as &dyn miette::Diagnostic);
        Some(Box::new(related))
    }
}

/// A place in another file.
#[derive(Debug)]
struct Elsewhere {
    label: Label,
    excerpt: Excerpt,
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label.text)
    }
}

impl std::error::Error for Elsewhere {}

impl miette::Diagnostic for Elsewhere {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        // The message above the excerpt is the label's text.
        let place = (self.label.location.offset, self.label.location.length);
        Some(Box::new(
            [LabeledSpan::new_primary_with_span(None, place)].into_iter(),
        ))
    }
}

fn span(label: &Label, primary: bool) -> LabeledSpan {
    let text = Some(label.text.clone()).filter(|text| !text.is_empty());
    let place = (label.location.offset, label.location.length);
    match primary {
        true => LabeledSpan::new_primary_with_span(text, place),
        false => LabeledSpan::new_with_span(text, place),
    }
}

/// A file to show lines of; never copied.
#[derive(Debug)]
struct Excerpt(Arc<SourceFile>);

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let Excerpt(file) = self;
        let lines = file.text.read_span(span, lines_before, lines_after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            file.path.clone(),
            lines.data(),
            *lines.span(),
            lines.line(),
            lines.column(),
            lines.line_count(),
        )))
    }
}
