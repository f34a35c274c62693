//! From rules, each with its own idea of sources, to one verdict per prefix.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::model::{RuleAction, RuleRef};
use crate::prefix::Prefix;

/// What one entry of a rule says: sources in `cidr`, but not those in `except`.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) cidr: Prefix,
    pub(super) except: &'a [Prefix],
    pub(super) action: RuleAction,
    pub(super) rule: RuleRef,
}

/// What becomes of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableVerdict {
    Allow(RuleRef),
    Deny(RuleRef),
    NoMatch,
}

/// Verdicts by source prefix, where the longest prefix that holds a source
/// decides, and none means [`TableVerdict::NoMatch`]. Sorted, so that a prefix
/// stands before those inside it; no row repeats what encloses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table(Vec<(Prefix, TableVerdict)>);

impl Table {
    /// The table that says what the entries say together. Deny beats allow;
    /// among equals the longer `cidr` gives the name, then the earlier entry.
    ///
    /// Every `cidr` and `except` is visited once, in order, which is a walk down
    /// and up the tree of prefixes; the entries that hold for the prefix being
    /// visited are kept, best first.
    pub(super) fn new(entries: &[Entry<'_>]) -> Table {
        let mut rows = Vec::new();
        let mut walk = Walk::new(entries);
        let marks = marks(entries);
        let mut at_prefix = marks.as_slice();
        while let Some(Mark { prefix, .. }) = at_prefix.first().copied() {
            let (here, behind) =
                at_prefix.split_at(at_prefix.partition_point(|mark| mark.prefix <= prefix));
            at_prefix = behind;
            walk.leave_all_but_enclosing(prefix);
            let enclosing = walk.verdict();
            walk.enter(prefix, here);
            let verdict = walk.verdict();
            if verdict != enclosing {
                rows.push((prefix, verdict));
            }
        }
        Table(rows)
    }

    pub(super) fn rows(&self) -> &[(Prefix, TableVerdict)] {
        &self.0
    }
}

/// Where an entry begins or ceases to hold on the way down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    prefix: Prefix,
    /// Ordered behind the beginning: an `except` of the whole `cidr` wins.
    ceases: bool,
    entry: usize,
}

/// All marks, sorted.
fn marks(entries: &[Entry<'_>]) -> Vec<Mark> {
    let mut marks = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let mark = |prefix, ceases| Mark {
            prefix,
            ceases,
            entry: index,
        };
        // An exception around the whole leaves nothing.
        if entry.except.iter().any(|hole| hole.covers(entry.cidr)) {
            continue;
        }
        marks.push(mark(entry.cidr, false));
        marks.extend(entry.except.iter().map(|hole| mark(*hole, true)));
    }
    marks.sort_unstable();
    marks
}

/// A place in the tree of prefixes, and what holds there.
struct Walk<'a> {
    entries: &'a [Entry<'a>],
    /// The prefixes around the place, outermost first, and how much of `changes`
    /// was there before each.
    path: Vec<(Prefix, usize)>,
    /// What the path has changed, to be undone on the way up.
    changes: Vec<Mark>,
    allowing: BTreeSet<Rank>,
    denying: BTreeSet<Rank>,
}

/// Sorts the entry that gives its name first: longest `cidr`, then index.
type Rank = (Reverse<u8>, usize);

impl<'a> Walk<'a> {
    fn new(entries: &'a [Entry<'a>]) -> Self {
        Walk {
            entries,
            path: Vec::new(),
            changes: Vec::new(),
            allowing: BTreeSet::new(),
            denying: BTreeSet::new(),
        }
    }

    fn leave_all_but_enclosing(&mut self, prefix: Prefix) {
        while let Some((_, changes_before)) = self.path.pop_if(|(around, _)| !around.covers(prefix))
        {
            while self.changes.len() > changes_before {
                if let Some(change) = self.changes.pop() {
                    self.set(change.entry, change.ceases);
                }
            }
        }
    }

    fn enter(&mut self, prefix: Prefix, marks: &[Mark]) {
        self.path.push((prefix, self.changes.len()));
        for mark in marks {
            if self.set(mark.entry, !mark.ceases) {
                self.changes.push(*mark);
            }
        }
    }

    /// Makes an entry hold or not; whether that was a change.
    fn set(&mut self, index: usize, holds: bool) -> bool {
        let entry = &self.entries[index];
        let rank = (Reverse(entry.cidr.length()), index);
        let ranks = match entry.action {
            RuleAction::Allow => &mut self.allowing,
            RuleAction::Deny => &mut self.denying,
        };
        if holds {
            ranks.insert(rank)
        } else {
            ranks.remove(&rank)
        }
    }

    fn verdict(&self) -> TableVerdict {
        let rule =
            |ranks: &BTreeSet<Rank>| ranks.first().map(|(_, index)| self.entries[*index].rule);
        let denied = rule(&self.denying).map(TableVerdict::Deny);
        let allowed = || rule(&self.allowing).map(TableVerdict::Allow);
        denied.or_else(allowed).unwrap_or(TableVerdict::NoMatch)
    }
}

#[cfg(test)]
mod tests;
