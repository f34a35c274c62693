//! How findings are made.

use netverdict_policy::diagnostic::{Label, Location, Severity};
use netverdict_policy::finding::{Finding, Kind, Standing};

/// A finding that no line says.
pub(super) fn new(kind: &'static Kind, message: String, subject: String) -> Finding {
    Finding {
        kind,
        severity: kind.severity,
        message,
        fix: None,
        subject,
        places: Vec::new(),
        standing: Standing::Counts,
    }
}

/// Changes to a finding that was just made.
pub(super) trait Refined {
    /// With another severity than its kind has.
    fn severe(self, severity: Severity) -> Self;
    /// With the line that declares otherwise, or as much.
    fn at(self, location: Option<&Location>, text: &str) -> Self;
    /// With what to do here.
    fn fixed_by(self, fix: String) -> Self;
}

impl Refined for Finding {
    fn severe(mut self, severity: Severity) -> Finding {
        self.severity = severity;
        self
    }

    fn at(mut self, location: Option<&Location>, text: &str) -> Finding {
        self.places.extend(location.map(|location| Label {
            location: location.clone(),
            text: text.to_owned(),
        }));
        self
    }

    fn fixed_by(mut self, fix: String) -> Finding {
        self.fix = Some(fix);
        self
    }
}
