//! Numbers for rules.

use std::collections::HashMap;

use crate::image::RuleId;
use crate::model::RuleRef;

/// Rules and their numbers, dense from 1, in the order of first use.
#[derive(Default)]
pub(super) struct Numbers {
    rules: Vec<RuleRef>,
    /// Looked up only, never listed.
    known: HashMap<RuleRef, RuleId>,
}

impl Numbers {
    /// The number of `rule`; a new one if it has none yet.
    pub(super) fn number(&mut self, rule: RuleRef) -> RuleId {
        *self.known.entry(rule).or_insert_with(|| {
            self.rules.push(rule);
            RuleId(u32::try_from(self.rules.len()).expect("fewer rules than 32 bits count"))
        })
    }

    /// The rule with number `n` at index `n - 1`.
    pub(super) fn into_rules(self) -> Vec<RuleRef> {
        self.rules
    }
}
