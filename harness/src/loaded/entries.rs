//! Entries that one of the two has and the other lacks.

use std::collections::{BTreeMap, BTreeSet};

use netverdict_abi::map;
use netverdict_policy::diagnostic::Location;
use netverdict_policy::finding::Finding;
use netverdict_policy::image::{Key, MapImage, RuleId, Verdict};
use netverdict_policy::live;
use netverdict_policy::prefix::{Family, Prefix};

use super::finding::{self, Refined as _};
use crate::matrix::input::Subject;

/// Entries of one part of a map that have a finding each.
const MOST_LISTED: usize = 8;

/// Compares the entries that say something by themselves; and those of guards, where
/// both sides give guards and identities the same numbers. Where they do not, what the
/// entries mean is compared all the same, in [`super::meaning`].
pub(super) fn audit(
    declared: &Subject,
    loaded: &MapImage,
    absent: &BTreeSet<&str>,
    findings: &mut Vec<Finding>,
) {
    let written = &declared.image;
    if written == loaded {
        return;
    }
    let same_numbers =
        written.identities == loaded.identities && written.guards.len() == loaded.guards.len();
    let keys = |image: &MapImage| -> BTreeSet<Key> {
        let keys = image.keys().filter(|key| match key {
            Key::Denied(_)
            | Key::Prefilter(_)
            | Key::Source(..)
            | Key::Backend(..)
            | Key::Endpoint(_) => true,
            Key::Identity(_) | Key::Default(_) | Key::Policy(..) => same_numbers,
        });
        // Of a program that is not loaded the map is missing, which is said by itself.
        let keys = keys.filter(|key| !absent.contains(map_of(*key)));
        keys.collect()
    };
    let (own, found) = (keys(written), keys(loaded));
    let mut listed = Listed::default();
    for key in found.difference(&own) {
        let message = format!("loaded, and declared nowhere: {}", loaded.describe(*key));
        let found = finding::new(&live::UNDECLARED_ENTRY, message, subject(*key));
        listed.add(*key, found);
    }
    listed.finish("loaded, and declared nowhere", findings);
    let mut listed = Listed::default();
    for key in own.difference(&found) {
        let message = format!("declared, and not loaded: {}", written.describe(*key));
        let found = finding::new(&live::MISSING_ENTRY, message, subject(*key));
        listed.add(*key, found.at(place(declared, *key), "declared here"));
    }
    listed.finish("declared, and not loaded", findings);
    let mut renumbered = 0;
    let mut listed = Listed::default();
    for key in own.intersection(&found) {
        let (before, now) = (written.describe(*key), loaded.describe(*key));
        if before == now {
            continue;
        }
        if without_rules(&before) == without_rules(&now) {
            renumbered += 1;
            continue;
        }
        let message = format!("loaded otherwise than declared: {now}; declared is {before}");
        let found = finding::new(&live::UNDECLARED_ENTRY, message, subject(*key));
        listed.add(*key, found.at(place(declared, *key), "declared here"));
    }
    listed.finish("loaded otherwise than declared", findings);
    if renumbered > 0 {
        let entries = if renumbered == 1 {
            "entry names"
        } else {
            "entries name"
        };
        let message = format!("{renumbered} loaded {entries} another rule than these manifests do");
        findings.push(finding::new(
            &live::OTHER_RULES,
            message,
            "rules".to_owned(),
        ));
    }
}

/// Findings of one kind: the first few of each part of a map one by one, the rest
/// together.
#[derive(Default)]
struct Listed {
    found: Vec<Finding>,
    by_part: BTreeMap<String, (usize, Option<Finding>)>,
}

impl Listed {
    fn add(&mut self, key: Key, finding: Finding) {
        let (count, last) = self.by_part.entry(key.part()).or_default();
        *count += 1;
        match *count <= MOST_LISTED {
            true => self.found.push(finding),
            false => *last = Some(finding),
        }
    }

    fn finish(mut self, what: &str, findings: &mut Vec<Finding>) {
        findings.append(&mut self.found);
        for (part, (count, last)) in self.by_part {
            // The last stands for all of them: its kind, and its line.
            let Some(last) = last else { continue };
            let message = match count - MOST_LISTED {
                1 => last.message.clone(),
                more => format!("{what}: {more} more entries of {part}"),
            };
            findings.push(Finding {
                message,
                subject: format!("{part}, more"),
                ..last
            });
        }
    }
}

/// The map that an entry stands in.
fn map_of(key: Key) -> &'static str {
    let of_family = |prefix: Prefix, v4, v6| match prefix.family() {
        Family::V4 => v4,
        Family::V6 => v6,
    };
    match key {
        Key::Denied(prefix) | Key::Source(_, prefix) => {
            of_family(prefix, map::PREFILTER_V4, map::PREFILTER_V6)
        }
        Key::Prefilter(_) => map::PREFILTERS,
        Key::Backend(..) => map::BACKENDS,
        Key::Endpoint(_) | Key::Default(_) => map::ENDPOINTS,
        Key::Identity(prefix) => of_family(prefix, map::IDENTITIES_V4, map::IDENTITIES_V6),
        Key::Policy(..) => map::POLICY,
    }
}

/// What of an entry does not change with what it says.
fn subject(key: Key) -> String {
    match key {
        Key::Denied(prefix) | Key::Source(_, prefix) | Key::Identity(prefix) => {
            format!("{} {prefix}", key.part())
        }
        Key::Prefilter(port) => format!("{} {port}", key.part()),
        Key::Backend(_, (workload, port)) => {
            format!("{} workload {workload} port {port}", key.part())
        }
        Key::Endpoint(address) => format!("{} {address}", key.part()),
        Key::Default(_) => key.part(),
        Key::Policy(_, entry) => format!("{} {entry:?}", key.part()),
    }
}

/// The text of an entry without the number of its rule, which ends it.
fn without_rules(entry: &str) -> &str {
    entry
        .rsplit_once(" (rule ")
        .map_or(entry, |(entry, _)| entry)
}

/// The line that declares an entry, if one does.
fn place(declared: &Subject, key: Key) -> Option<&Location> {
    let image = &declared.image;
    let of_rule = |rule: RuleId| declared.policy.location(image.rule(rule)?);
    let of_verdict = |verdict: &Verdict| match verdict {
        Verdict::Allow(rule) | Verdict::Deny(rule) => of_rule(*rule),
        Verdict::NoMatch => None,
    };
    match key {
        Key::Denied(prefix) => of_rule(*image.deny_list.get(&prefix)?),
        Key::Prefilter(port) | Key::Backend(port, _) => {
            let mut prefilters = declared.policy.prefilters.iter();
            Some(&prefilters.find(|it| it.node_port == port)?.location)
        }
        Key::Source(port, prefix) => of_verdict(image.prefilters.get(&port)?.sources.get(&prefix)?),
        Key::Default(guard) => of_rule(image.guards.get(guard as usize)?.default_deny?),
        Key::Policy(guard, entry) => {
            of_verdict(image.guards.get(guard as usize)?.entries.get(&entry)?)
        }
        Key::Endpoint(_) | Key::Identity(_) => None,
    }
}
