//! What is loaded in the kernel, held against what is declared: `audit --live`.
//!
//! [`netverdict_lab::loaded`] reads, everything here is a pure function of what it read:
//! `hooks` looks at interfaces and their programs, `settings` at what holds for the
//! policy in force as a whole, `entries` at its entries one by one, and `meaning` at
//! what they all together do to packets.

pub mod ask;
mod entries;
mod finding;
mod hooks;
mod meaning;
mod scope;
mod settings;

use netverdict_lab::filter::HeldPolicy;
use netverdict_lab::loaded::{Interface, Loaded, LoadedFilter};
use netverdict_lab::object::Fingerprint;
use netverdict_policy::finding::Finding;
use netverdict_policy::image::MapImage;
use netverdict_policy::live;

use crate::lane::Mode;
use crate::matrix::input::Subject;

pub use scope::scope;

/// What is held against what.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What is declared.
    pub declared: &'a Subject,
    /// By what the filter's programs and maps are known.
    pub print: &'a Fingerprint,
    /// What was read.
    pub loaded: &'a Loaded,
    /// Names of the interfaces that it is about; all if empty.
    pub interfaces: &'a [String],
    /// How the filter is meant to be attached.
    pub mode: Mode,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Answer {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What cannot be read, since nobody knows what it means: `program 7 (filter) at
    /// eth0 …`.
    pub unreadable: Vec<String>,
    /// What could not be read, though it should.
    pub failed: Vec<String>,
}

impl<'a> Question<'a> {
    /// The interfaces that it is about.
    pub fn interfaces(&self) -> impl Iterator<Item = &'a Interface> {
        let named = self.interfaces;
        let all = self.loaded.interfaces.iter();
        all.filter(move |it| named.is_empty() || named.contains(&it.name))
    }

    /// Names that were asked for and that no interface has.
    pub fn unknown(&self) -> Vec<&'a str> {
        let known = |name: &String| self.loaded.interfaces.iter().any(|it| it.name == *name);
        let unknown = self.interfaces.iter().filter(|name| !known(name));
        unknown.map(String::as_str).collect()
    }

    /// The filters of which a program is attached to one of [`Question::interfaces`].
    fn filters(&self) -> Vec<&'a LoadedFilter> {
        let filters = self.loaded.filters.iter();
        filters
            .filter(|filter| {
                let has = |id: u32| filter.programs.iter().any(|program| program.id == id);
                self.interfaces()
                    .any(|it| it.attached.iter().any(|(_, id)| has(*id)))
            })
            .collect()
    }

    /// What the maps of the first filter say whose maps can be read.
    fn policy(&self) -> Option<&'a HeldPolicy> {
        (self.filters().into_iter()).find_map(|filter| filter.policy.as_ref()?.as_ref().ok())
    }
}

/// Holds what is loaded against what is declared.
pub fn audit(question: &Question<'_>) -> Answer {
    let mut answer = Answer::default();
    hooks::audit(question, &mut answer);
    let filters = question.filters();
    for filter in &filters {
        match &filter.policy {
            Some(Ok(held)) => policy(question, held, &mut answer),
            Some(Err(error)) => answer.failed.push(error.to_string()),
            // What is not of the layout was said at its hook.
            None => {}
        }
    }
    // Most dangerous first, and each kind in one piece.
    let order = |finding: &Finding| {
        let kind = live::KINDS
            .iter()
            .position(|kind| kind.id == finding.kind.id);
        (std::cmp::Reverse(finding.severity), kind)
    };
    answer.findings.sort_by_key(order);
    answer.findings.dedup();
    answer
}

fn policy(question: &Question<'_>, held: &HeldPolicy, answer: &mut Answer) {
    let declared = question.declared;
    let findings = &mut answer.findings;
    if !settings::audit(declared, held, findings) {
        // Nothing that stands in the maps decides.
        return;
    }
    let image = MapImage {
        // The maps hold numbers; what they stand for is the compiler's.
        rules: declared.image.rules.clone(),
        ..held.in_force.image.clone()
    };
    settings::prefilters(declared, &image, findings);
    entries::audit(declared, &image, &held.absent, findings);
    findings.extend((held.in_force.strays.iter()).map(|stray| {
        let subject = format!("{} {}", stray.map, stray.entry);
        finding::new(&live::STRAY_ENTRY, stray.to_string(), subject)
    }));
    meaning::audit(declared, &image, &held.absent, findings);
}

#[cfg(test)]
mod tests;
