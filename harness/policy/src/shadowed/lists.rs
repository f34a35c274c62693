//! Entries of lists, and defaults of prefilters.

use std::collections::BTreeMap;

use super::{Shadowed, Why};
use crate::model::{ListedSource, Policy, RuleRef};
use crate::prefix::Prefix;
use crate::region::Region;

/// Entries of the list for every port always decide: nothing is asked before them.
pub(super) fn shadowed(policy: &Policy) -> Vec<Shadowed> {
    let mut found = Vec::new();
    let every_port = List::new(
        numbered(&policy.deny_list).map(|(entry, prefix)| (prefix, RuleRef::DenyList { entry })),
    );
    for (prefilter, stage) in policy.prefilters.iter().enumerate() {
        let mut denying = Vec::new();
        for (entry, prefix) in numbered(&stage.deny) {
            let rule = RuleRef::PrefilterDeny { prefilter, entry };
            match every_port.covering(prefix) {
                by if by.is_empty() => denying.push((prefix, rule)),
                by => found.push(Shadowed {
                    rule,
                    why: Why::DeniedBefore { by },
                }),
            }
        }
        let deny = List::new(denying);
        let denied = every_port.region.union(&deny.region);
        for (entry, prefix) in numbered(&stage.allow) {
            if !denied.covers(&Region::of(prefix)) {
                continue;
            }
            let mut by = every_port.covering(prefix);
            if by.is_empty() {
                by = deny.covering(prefix);
            }
            if by.is_empty() {
                // Neither list denies it all.
                by = every_port.within(prefix);
                by.extend(deny.within(prefix));
            }
            found.push(Shadowed {
                rule: RuleRef::PrefilterAllow { prefilter, entry },
                why: Why::Denied { by },
            });
        }
        let allowed = Region::from_prefixes(numbered(&stage.allow).map(|(_, prefix)| prefix));
        if denied.union(&allowed) == Region::everything() {
            found.push(Shadowed {
                rule: RuleRef::PrefilterDefault { prefilter },
                why: Why::NothingLeft,
            });
        }
    }
    found
}

fn numbered(list: &[ListedSource]) -> impl Iterator<Item = (usize, Prefix)> {
    (list.iter().enumerate()).map(|(entry, source)| (entry, source.prefix))
}

/// A list of sources, for finding what holds a prefix.
struct List {
    region: Region,
    /// The first entry with each prefix.
    entries: BTreeMap<Prefix, RuleRef>,
}

impl List {
    fn new(listed: impl IntoIterator<Item = (Prefix, RuleRef)>) -> List {
        let mut entries = BTreeMap::new();
        for (prefix, rule) in listed {
            entries.entry(prefix).or_insert(rule);
        }
        List {
            region: Region::from_prefixes(entries.keys().copied()),
            entries,
        }
    }

    /// The entry that holds all of the prefix, the widest of several; else those that
    /// do so together; none where they do not.
    fn covering(&self, prefix: Prefix) -> Vec<RuleRef> {
        if !self.region.covers(&Region::of(prefix)) {
            return Vec::new();
        }
        let mut wider = (0..=prefix.length())
            .map(|length| Prefix::containing(prefix.first(), length))
            .filter_map(|wider| self.entries.get(&wider));
        match wider.next() {
            Some(one) => vec![*one],
            None => self.within(prefix),
        }
    }

    /// Entries inside the prefix, in the list's order.
    fn within(&self, prefix: Prefix) -> Vec<RuleRef> {
        let from = self.entries.range(prefix..);
        let inside = from.take_while(|(entry, _)| prefix.covers(**entry));
        let mut rules: Vec<RuleRef> = inside.map(|(_, rule)| *rule).collect();
        rules.sort_unstable();
        rules
    }
}
