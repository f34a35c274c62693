//! What is dangerous, contradictory or without effect in policies, prefilters and
//! services: found by sets of addresses, not by trying any ([`crate::meaning`]).
//!
//! An [`Auditor`] takes worlds (a cluster of manifests, or a scenario), asks each every
//! question of the [`catalogue`], and says what it found, each thing once, with what its
//! authors say may stay.

pub mod catalogue;
mod context;
mod diagnosed;
mod enforced;
mod exposure;
mod forged;
mod open;
mod overlap;
mod policies;
mod prefilters;
mod prefixes;
mod public;
mod suppress;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::coverage::Coverage;
use crate::diagnostic::{Diagnostic, Label, Location, Severity, SourceFile};
use crate::finding::{Finding, Kind, Standing};
use crate::model::{ObjectName, Policy};

pub use catalogue::{CATALOGUE, kind};
pub use diagnosed::is_reported;
pub use public::{PublicMark, PublicMarkError};

/// What there is to be looked over together.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// Everything that decides about a packet.
    pub policy: &'a Policy,
    /// How much of each rule is enforced.
    pub coverage: &'a Coverage,
    /// What the front end said of the files.
    pub diagnostics: &'a [Diagnostic],
    /// Whether traffic from outside reaches the uplink.
    pub outside_reaches: bool,
    /// The scenario that it is, which findings in other files name.
    pub scenario: Option<&'a Location>,
}

/// How things are judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What marks a Service that is meant for everybody.
    pub public: Vec<PublicMark>,
    /// Of a hundred addresses outside private ranges, how many make prefixes a wildcard
    /// if there are more.
    pub wildcard_share: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            public: vec![PublicMark::default()],
            wildcard_share: 1.0,
        }
    }
}

/// Takes worlds, and says what is wrong with them.
#[derive(Debug, Default)]
pub struct Auditor {
    options: Options,
    findings: Vec<Finding>,
    known: BTreeSet<(&'static str, Option<Location>, String)>,
    suppressions: suppress::Suppressions,
}

/// A finding, and the object that it is about, whose annotations may suppress it.
struct Found {
    finding: Finding,
    object: Option<(&'static str, ObjectName)>,
}

impl Auditor {
    /// Judges as the options say.
    pub fn new(options: Options) -> Auditor {
        Auditor {
            options,
            ..Auditor::default()
        }
    }

    /// Looks a world over. What has been found at the same place before, in another world
    /// that shares its manifests, is not said again.
    pub fn look(&mut self, world: &World<'_>) {
        let mut found = diagnosed::findings(world.diagnostics);
        found.extend(enforced::findings(world.coverage));
        let context = context::Context::new(world, &self.options);
        found.extend(open::findings(&context));
        found.extend(exposure::findings(&context));
        found.extend(forged::findings(&context));
        found.extend(prefilters::findings(&context));
        found.extend(prefixes::findings(&context));
        found.extend(policies::findings(&context));
        found.extend(overlap::findings(&context));
        self.suppressions.annotations(&world.policy.objects);
        for Found {
            mut finding,
            object,
        } in found
        {
            let key = (
                finding.kind.id,
                finding.location().cloned(),
                finding.subject.clone(),
            );
            if !self.known.insert(key) {
                continue;
            }
            if let Some((kind, name)) = object {
                let object = world.policy.objects.get(kind, &name);
                finding.standing = self.suppressions.by_object(finding.kind, object);
            }
            if let Some(scenario) = world.scenario {
                name_scenario(&mut finding, scenario);
            }
            self.findings.push(finding);
        }
    }

    /// Everything found in the worlds so far, file by file in the order of the text, with
    /// what these files say may stay.
    pub fn finish(mut self, files: &[Arc<SourceFile>]) -> Vec<Finding> {
        for file in files {
            self.suppressions.comments(file);
        }
        for finding in &mut self.findings {
            self.suppressions.by_comment(finding);
        }
        self.findings.extend(self.suppressions.findings());
        let order = |finding: &Finding| {
            let place = finding.location();
            let file = place.map(|place| {
                let file = files.iter().position(|file| file.path == place.file.path);
                (file.unwrap_or(usize::MAX), place.offset)
            });
            (file.unwrap_or((usize::MAX, 0)), finding.kind.id)
        };
        self.findings.sort_by_cached_key(order);
        self.findings
    }
}

/// Which scenario a finding in another file, such as a manifest of several, belongs to.
fn name_scenario(finding: &mut Finding, scenario: &Location) {
    let elsewhere = |place: &Label| place.location.file.path != scenario.file.path;
    if !finding.places.is_empty() && finding.places.iter().all(elsewhere) {
        finding.places.push(Label {
            location: scenario.clone(),
            text: "in this scenario".to_owned(),
        });
    }
}

/// A finding as bad as its kind, without further advice.
fn finding(
    kind: &'static Kind,
    place: &Location,
    subject: impl Into<String>,
    message: impl Into<String>,
) -> Finding {
    Finding {
        kind,
        severity: kind.severity,
        message: message.into(),
        fix: None,
        subject: subject.into(),
        places: vec![Label {
            location: place.clone(),
            text: String::new(),
        }],
        standing: Standing::Counts,
    }
}

impl Found {
    fn of(finding: Finding) -> Found {
        Found {
            finding,
            object: None,
        }
    }

    fn about(mut self, kind: &'static str, name: &ObjectName) -> Found {
        self.object = Some((kind, name.clone()));
        self
    }
}

impl Finding {
    fn rated(mut self, severity: Severity) -> Finding {
        self.severity = severity;
        self
    }

    fn with_fix(mut self, fix: impl Into<String>) -> Finding {
        self.fix = Some(fix.into());
        self
    }

    fn with_place(mut self, place: &Location, text: impl Into<String>) -> Finding {
        self.places.push(Label {
            location: place.clone(),
            text: text.into(),
        });
        self
    }
}
