//! How much of the policies is enforced: rule by rule, with what is missing.
//!
//! A packet filter cannot decide what a proxy decides (HTTP paths, server names,
//! DNS names), nor what passes no hook of a workload (a node's own traffic).
//! Such a field is never skipped: it is a [`Gap`] of its rule.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::diagnostic::Location;
use crate::model::{ObjectName, PolicyKind};

/// Every rule of every policy, in the order of the manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The rules.
    pub rules: Vec<RuleCoverage>,
}

/// How much of one rule is enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCoverage {
    /// Which kind of object the rule stands in.
    pub kind: PolicyKind,
    /// The object's name.
    pub policy: ObjectName,
    /// The rule's field path in the object, such as `spec.ingress[0]`.
    pub field: String,
    /// Where the rule stands.
    pub location: Location,
    /// What is not enforced, in the order of the text; empty if all is.
    pub gaps: Vec<Gap>,
    /// How much is left with these gaps.
    pub enforced: Enforced,
}

/// How much of a rule is enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enforced {
    /// Everything it says.
    Whole,
    /// Peers and ports, but not what a proxy would add; or some of its peers.
    InPart,
    /// Nothing of it.
    Not,
}

/// A field that is not enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its path in the object, such as `spec.ingress[0].toPorts[1].rules.http`.
    pub field: String,
    /// Where it stands.
    pub location: Location,
    /// What it asks for and what is done instead: a fragment, in lower case.
    pub words: String,
}

/// How many rules are enforced how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Those enforced as a whole.
    pub whole: usize,
    /// Those enforced in part.
    pub in_part: usize,
    /// Those not enforced.
    pub not: usize,
}

impl Coverage {
    /// How many rules are enforced how far.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for rule in &self.rules {
            match rule.enforced {
                Enforced::Whole => tally.whole += 1,
                Enforced::InPart => tally.in_part += 1,
                Enforced::Not => tally.not += 1,
            }
        }
        tally
    }

    /// Whether every rule is enforced as a whole: what a pipeline may demand.
    pub fn is_complete(&self) -> bool {
        (self.rules.iter()).all(|rule| rule.enforced == Enforced::Whole)
    }

    /// The rules that are not enforced as a whole.
    pub fn incomplete(&self) -> impl Iterator<Item = &RuleCoverage> {
        (self.rules.iter()).filter(|rule| rule.enforced != Enforced::Whole)
    }

    /// Takes the rules of `other` in behind its own.
    pub fn extend(&mut self, other: Coverage) {
        self.rules.extend(other.rules);
    }
}

impl Tally {
    /// All of them.
    pub const fn total(self) -> usize {
        self.whole + self.in_part + self.not
    }
}

/// One line, such as `enforced 41 of 44 rules; 3 in part`.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.tally(), f)
    }
}

/// One line, such as `enforced 41 of 44 rules; 2 in part, 1 not at all`.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        let rules = if total == 1 { "rule" } else { "rules" };
        write!(f, "enforced {} of {total} {rules}", self.whole)?;
        match (self.in_part, self.not) {
            (0, 0) => Ok(()),
            (in_part, 0) => write!(f, "; {in_part} in part"),
            (0, not) => write!(f, "; {not} not at all"),
            (in_part, not) => write!(f, "; {in_part} in part, {not} not at all"),
        }
    }
}

/// `spec.ingress[0].toPorts[0].rules: the L7 rules are not exercised`.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.words)
    }
}

impl Serialize for Coverage {
    /// `{enforced: {whole, in_part, not}, summary, rules: [RULE…]}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'c> {
            enforced: Tally,
            summary: String,
            rules: &'c [RuleCoverage],
        }
        Shape {
            enforced: self.tally(),
            summary: self.to_string(),
            rules: &self.rules,
        }
        .serialize(serializer)
    }
}

impl Serialize for RuleCoverage {
    /// `{kind, policy, field, file, line, column, enforced, gaps: [GAP…]}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'c> {
            kind: &'static str,
            policy: String,
            field: &'c str,
            file: &'c str,
            line: u32,
            column: u32,
            enforced: Enforced,
            gaps: &'c [Gap],
        }
        Shape {
            kind: self.kind.name(),
            policy: self.policy.to_string(),
            field: &self.field,
            file: &self.location.file.path,
            line: self.location.line,
            column: self.location.column,
            enforced: self.enforced,
            gaps: &self.gaps,
        }
        .serialize(serializer)
    }
}

impl Serialize for Gap {
    /// `{field, file, line, column, words}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'c> {
            field: &'c str,
            file: &'c str,
            line: u32,
            column: u32,
            words: &'c str,
        }
        Shape {
            field: &self.field,
            file: &self.location.file.path,
            line: self.location.line,
            column: self.location.column,
            words: &self.words,
        }
        .serialize(serializer)
    }
}
