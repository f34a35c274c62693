//! Entries that one of the two has and the other lacks.

use std::collections::BTreeSet;

use netverdict_policy::diagnostic::Location;
use netverdict_policy::finding::Finding;
use netverdict_policy::image::{Key, MapImage, RuleId, Verdict};
use netverdict_policy::live;

use super::finding::{self, Refined as _};
use crate::matrix::input::Subject;

/// Compares the entries that say something by themselves; and those of guards, where
/// both sides give guards and identities the same numbers. Where they do not, what the
/// entries mean is compared all the same, in [`super::meaning`].
pub(super) fn audit(declared: &Subject, loaded: &MapImage, findings: &mut Vec<Finding>) {
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
        keys.collect()
    };
    let (own, found) = (keys(written), keys(loaded));
    let mut renumbered = 0;
    for key in found.difference(&own) {
        let entry = loaded.describe(*key);
        let message = format!("loaded, and declared nowhere: {entry}");
        findings.push(finding::new(
            &live::UNDECLARED_ENTRY,
            message,
            subject(*key),
        ));
    }
    for key in own.difference(&found) {
        let entry = written.describe(*key);
        let message = format!("declared, and not loaded: {entry}");
        let found = finding::new(&live::MISSING_ENTRY, message, subject(*key));
        findings.push(found.at(place(declared, *key), "declared here"));
    }
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
        findings.push(found.at(place(declared, *key), "declared here"));
    }
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
