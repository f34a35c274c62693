//! Rules of which a packet filter enforces a part, or nothing.

use std::collections::BTreeSet;

use super::catalogue::{L7_NOT_ENFORCED, RULE_NOT_ENFORCED};
use super::{Found, finding};
use crate::coverage::{Coverage, Gap};

/// Ends of paths of fields that only a proxy understands.
const OF_PROXIES: [&str; 4] = [
    ".terminatingTLS",
    ".originatingTLS",
    ".serverNames",
    ".listener",
];

pub(super) fn findings(coverage: &Coverage) -> Vec<Found> {
    let mut known = BTreeSet::new();
    let mut found = Vec::new();
    for rule in coverage.incomplete() {
        for gap in &rule.gaps {
            // A rule may be listed for several steps, and several rules share a gap.
            if !known.insert((&gap.location, &gap.words)) {
                continue;
            }
            let kind = match is_of_proxy(gap) {
                true => &L7_NOT_ENFORCED,
                false => &RULE_NOT_ENFORCED,
            };
            let (object, name) = (rule.kind.name(), &rule.policy);
            let message = format!("{object} {name}, {}: {}", gap.field, gap.words);
            let subject = format!("{object} {name} {}", gap.field);
            let one = finding(kind, &gap.location, subject, message);
            found.push(Found::of(one).about(object, name));
        }
    }
    found
}

fn is_of_proxy(gap: &Gap) -> bool {
    gap.field.contains(".rules.") || OF_PROXIES.iter().any(|end| gap.field.ends_with(end))
}
