//! From statements that may contradict each other to a table in which the longest
//! prefix decides.

/// Prefixes of something, ordered so that each stands directly before everything
/// inside it.
pub(super) trait Nested: Copy + Ord {
    /// Whether everything of `other` lies in this one.
    fn covers(self, other: Self) -> bool;
}

/// What is said of everything in a prefix. Ordered as precedence has it among
/// equal prefixes: deny first, then who stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Statement<K> {
    pub(super) key: K,
    pub(super) says: Says,
    /// Who says it: of statements that decide alike, the lower number is named.
    pub(super) by: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Says {
    Deny,
    Allow,
}

/// Leaves the statements, sorted, by which the longest prefix decides: deny where
/// any statement about it denies, else allow where any allows.
///
/// A deny holds for all that is inside, so nothing is left below it. An allow
/// inside another stays, for it is the one to be named.
pub(super) fn settle<K: Nested>(statements: &mut Vec<Statement<K>>) {
    statements.sort_unstable();
    let mut last: Option<K> = None;
    let mut denied: Option<K> = None;
    statements.retain(|statement| {
        let Statement { key, says, by: _ } = *statement;
        if last == Some(key) || denied.is_some_and(|around| around.covers(key)) {
            return false;
        }
        last = Some(key);
        if says == Says::Deny {
            denied = Some(key);
        }
        true
    });
}
