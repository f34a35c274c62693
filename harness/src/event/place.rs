//! Places of files in events: with the line that is there, so that a report can be made
//! where the file is not.

use std::sync::Arc;

use netverdict_policy::diagnostic::{Label, Location, SourceFile};
use serde::{Deserialize, Serialize};

/// A place that has to do with why something is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, as the user would write it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// How many characters belong to it, at most to the end of the line.
    pub length: u32,
    /// The whole line.
    pub text: String,
    /// What is to be seen there.
    pub remark: String,
}

impl Place {
    /// The place with what is to be said of it.
    pub fn new(location: &Location, remark: impl Into<String>) -> Place {
        let length = location.text().lines().next().unwrap_or("");
        Place {
            file: location.file.path.clone(),
            line: location.line,
            column: location.column,
            length: u32::try_from(length.chars().count()).unwrap_or(u32::MAX),
            text: location.whole_line().to_owned(),
            remark: remark.into(),
        }
    }

    /// The same place, in a file of which but one line is known.
    pub fn label(&self) -> Label {
        let bytes = |chars: u32| {
            let chars = usize::try_from(chars).unwrap_or(usize::MAX);
            let mut ends = self.text.char_indices().map(|(at, _)| at);
            ends.nth(chars).unwrap_or(self.text.len())
        };
        let from = bytes(self.column.saturating_sub(1));
        let to = bytes(self.column.saturating_sub(1).saturating_add(self.length));
        Label {
            location: Location {
                file: Arc::new(SourceFile {
                    path: self.file.clone(),
                    text: self.text.clone(),
                }),
                offset: from,
                length: to - from,
                line: self.line,
                column: self.column,
            },
            text: self.remark.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_same_without_its_file() {
        let file = Arc::new(SourceFile {
            path: "a.yaml".to_owned(),
            text: "one: 1\n  ümlaut: [10.0.0.0/8]  # all\nthree: 3\n".to_owned(),
        });
        let offset = file.text.find("10.0").expect("there");
        let location = Location::new(&file, offset, "10.0.0.0/8".len());
        let place = Place::new(&location, "too wide");
        assert_eq!(place.text, "  ümlaut: [10.0.0.0/8]  # all");
        let label = place.label();
        assert_eq!(label.location.text(), "10.0.0.0/8");
        assert_eq!(label.location.whole_line(), place.text);
        assert_eq!(label.location.to_string(), "a.yaml:2:12");
        assert_eq!(Place::new(&label.location, "too wide"), place);
    }
}
