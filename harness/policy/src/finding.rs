//! What is wrong with something that is valid, in the shape that every report takes it
//! in.

pub mod reference;

use std::fmt;

use crate::diagnostic::{Label, Location, Severity};

/// A kind of finding: what it is called, and what everybody should know about it.
///
/// Kinds are `static`; two findings are of one kind if the ids are equal.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Stable name in kebab case, such as `wildcard-cidr`.
    pub id: &'static str,
    /// How bad it is, where a finding does not say otherwise.
    pub severity: Severity,
    /// One line, without a full stop.
    pub summary: &'static str,
    /// What it means and why it matters, as Markdown.
    pub explanation: &'static str,
    /// What to do about it, as Markdown.
    pub fix: &'static str,
    /// What others call it.
    pub references: &'static [Reference],
}

/// An entry of a public catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Which catalogue.
    pub catalogue: Catalogue,
    /// The entry's id there: `T1190`, `M1037`, `D3-NTF`.
    pub id: &'static str,
    /// The entry's name there.
    pub name: &'static str,
}

/// Catalogues that findings refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Catalogue {
    /// A technique of MITRE ATT&CK: what an attacker gains.
    AttackTechnique,
    /// A mitigation of MITRE ATT&CK: what was missing.
    AttackMitigation,
    /// A technique of MITRE D3FEND.
    Defend,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind it is of.
    pub kind: &'static Kind,
    /// How bad this one is.
    pub severity: Severity,
    /// What is wrong here: one sentence, with names and addresses.
    pub message: String,
    /// What to do here, if there is more to say than [`Kind::fix`] does.
    pub fix: Option<String>,
    /// What it is about, such as `default/inventory 30007/tcp`: with the kind it tells a
    /// finding from others, wherever its line moves to.
    pub subject: String,
    /// Where; the first is the main place. Empty for what no line says.
    pub places: Vec<Label>,
    /// Whether somebody has said that it may stay.
    pub standing: Standing,
}

/// Whether a finding counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    #[default]
    Counts,
    /// Its author says, in place, that it may stay.
    Suppressed {
        /// Why.
        reason: String,
        /// Where it says so.
        location: Location,
    },
    /// It was there when a baseline was taken.
    Accepted,
}

impl Finding {
    /// Whether it counts against what was looked at.
    pub fn counts(&self) -> bool {
        self.standing == Standing::Counts
    }

    /// The main place.
    pub fn location(&self) -> Option<&Location> {
        self.places.first().map(|label| &label.location)
    }
}

impl Reference {
    /// Where the entry is to be read.
    pub fn url(&self) -> String {
        let Reference { id, name, .. } = self;
        match self.catalogue {
            Catalogue::AttackTechnique => {
                let id = id.replace('.', "/");
                format!("https://attack.mitre.org/techniques/{id}/")
            }
            Catalogue::AttackMitigation => format!("https://attack.mitre.org/mitigations/{id}/"),
            // Entries of D3FEND are known by their names.
            Catalogue::Defend => {
                let name = name.replace(' ', "");
                format!("https://d3fend.mitre.org/technique/d3f:{name}/")
            }
        }
    }
}

/// `T1190 Exploit Public-Facing Application`.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.name)
    }
}
