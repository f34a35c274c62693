//! A diagnostic as `miette` shows it: code, excerpt with labels, help.

use std::fmt;

use miette::{LabeledSpan, MietteError, SourceCode, SourceSpan, SpanContents};

use super::{Diagnostic, Label, Location, Severity, SourceFile};

/// A diagnostic ready to be rendered. Labels in other files than the first one's
/// are rendered behind it, each with its own excerpt.
#[derive(Debug)]
pub struct Report {
    diagnostic: Diagnostic,
    source: Option<Excerpts>,
    elsewhere: Vec<Elsewhere>,
}

impl Report {
    /// Wraps `diagnostic`.
    pub fn new(diagnostic: Diagnostic) -> Report {
        let main = diagnostic
            .labels
            .first()
            .map(|label| label.location.clone());
        let elsewhere = (diagnostic.labels.iter())
            .filter(|label| !in_file(main.as_ref(), label))
            .map(|label| Elsewhere {
                source: Excerpts::of(&label.location),
                label: label.clone(),
            })
            .collect();
        Report {
            source: main.as_ref().map(Excerpts::of),
            elsewhere,
            diagnostic,
        }
    }
}

fn in_file(main: Option<&Location>, label: &Label) -> bool {
    main.is_some_and(|main| main.file.path == label.location.file.path)
}

fn span(label: &Label) -> LabeledSpan {
    let text = Some(label.text.clone()).filter(|text| !text.is_empty());
    LabeledSpan::new(text, label.location.offset, label.location.length)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(&self.diagnostic.help)
            .filter(|help| !help.is_empty())
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let main = self.diagnostic.labels.first()?;
        let here = move |label: &&Label| in_file(Some(&main.location), label);
        Some(Box::new(
            self.diagnostic.labels.iter().filter(here).map(span),
        ))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.elsewhere.is_empty() {
            return None;
        }
        let each = |place| place as &dyn miette::Diagnostic;
        Some(Box::new(self.elsewhere.iter().map(each)))
    }
}

/// A place in another file.
#[derive(Debug)]
struct Elsewhere {
    label: Label,
    source: Excerpts,
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.label.text.is_empty() {
            "see also"
        } else {
            &self.label.text
        })
    }
}

impl std::error::Error for Elsewhere {}

impl miette::Diagnostic for Elsewhere {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let location = &self.label.location;
        let span = LabeledSpan::new(None, location.offset, location.length);
        Some(Box::new(std::iter::once(span)))
    }
}

/// A file that excerpts are taken from, under its name.
#[derive(Debug)]
struct Excerpts {
    file: std::sync::Arc<SourceFile>,
}

impl Excerpts {
    fn of(location: &Location) -> Excerpts {
        Excerpts {
            file: std::sync::Arc::clone(&location.file),
        }
    }
}

impl SourceCode for Excerpts {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.file.text.read_span(span, before, after)?;
        Ok(Box::new(
            miette::MietteSpanContents::new_named(
                self.file.path.clone(),
                inner.data(),
                *inner.span(),
                inner.line(),
                inner.column(),
                inner.line_count(),
            )
            .with_language("yaml"),
        ))
    }
}
