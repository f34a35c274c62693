//! Which rules can never decide anything.
//!
//! A rule decides about a packet if it is among those that [`crate::oracle::Decision`]
//! names. It may never do so: since nobody is there for it to match, or since what
//! beats it matches all that it does. Two rules that say the same of the same packets
//! decide together, and neither is shadowed.
//!
//! This is exact: over all addresses, ports, message types and protocols, at every hook
//! by itself ([`crate::meaning`]). Whether a packet ever gets as far as that hook is
//! another question.

mod lists;
mod rules;

use std::fmt;

use crate::meaning::PolicyReading;
use crate::model::{Peers, Policy, Prefilter, RuleRef};

/// A rule that can never decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadowed {
    /// The rule.
    pub rule: RuleRef,
    /// Why not.
    pub why: Why,
}

/// Why a rule can never decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its policy is about nodes, which pass no hook of a workload.
    AboutNodes,
    /// Its policy selects no workload that has a network of its own.
    SelectsNobody,
    /// Nobody is there whom it names, and no address.
    MatchesNobody,
    /// Whom it names has no address of a family that those have whom its policy
    /// selects.
    OtherFamily,
    /// It names no port, or none that the receiver has, or message types of the other
    /// family.
    NoSuchPort,
    /// All that it allows, others deny.
    Denied {
        /// Those of them that deny any of it, in the policy's order, at least one. Of
        /// list entries, one that denies it all, if there is one.
        by: Vec<RuleRef>,
    },
    /// All that it denies, the deny list for every port denies before.
    DeniedBefore {
        /// Likewise.
        by: Vec<RuleRef>,
    },
    /// A default: rules or list entries decide about everybody.
    NothingLeft,
}

impl Why {
    /// The rules that decide in its place; none where it is nobody's doing, or
    /// everybody's.
    pub fn by(&self) -> &[RuleRef] {
        match self {
            Why::Denied { by } | Why::DeniedBefore { by } => by,
            Why::AboutNodes
            | Why::SelectsNobody
            | Why::MatchesNobody
            | Why::OtherFamily
            | Why::NoSuchPort
            | Why::NothingLeft => &[],
        }
    }
}

/// A clause that follows "it can never decide:".
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::AboutNodes => "its policy is about nodes, which pass no hook",
            Why::SelectsNobody => "its policy selects no workload with a network of its own",
            Why::MatchesNobody => "nobody is there whom it names",
            Why::OtherFamily => {
                "whom it names and whom its policy selects have no address family in common"
            }
            Why::NoSuchPort => "no packet between them carries a port or type that it names",
            Why::Denied { .. } => "everything that it allows is denied",
            Why::DeniedBefore { .. } => "everything that it denies is denied at every port",
            Why::NothingLeft => "something else decides about everybody",
        })
    }
}

/// Every rule that can never decide, in the order of [`rules`].
pub fn shadowed(policy: &Policy) -> Vec<Shadowed> {
    by_reading(&PolicyReading::new(policy))
}

/// The same of a policy that has been read already.
pub fn by_reading(reading: &PolicyReading<'_>) -> Vec<Shadowed> {
    let mut shadowed = lists::shadowed(reading.policy());
    shadowed.extend(rules::shadowed(reading));
    shadowed.sort_by_key(|shadowed| shadowed.rule);
    shadowed
}

/// Every rule of a policy that has a line, ascending: list entries, defaults of
/// prefilters, peers of rules, and default deny of policies that isolate.
pub fn rules(policy: &Policy) -> Vec<RuleRef> {
    let mut all: Vec<RuleRef> = (0..policy.deny_list.len())
        .map(|entry| RuleRef::DenyList { entry })
        .collect();
    for (prefilter, stage) in policy.prefilters.iter().enumerate() {
        let Prefilter { deny, allow, .. } = stage;
        all.extend((0..deny.len()).map(|entry| RuleRef::PrefilterDeny { prefilter, entry }));
        all.extend((0..allow.len()).map(|entry| RuleRef::PrefilterAllow { prefilter, entry }));
        all.push(RuleRef::PrefilterDefault { prefilter });
    }
    for (policy, network_policy) in policy.network_policies.iter().enumerate() {
        for (rule, said) in network_policy.rules.iter().enumerate() {
            let peers = match &said.peers {
                Peers::Any => 1,
                Peers::Listed(peers) => peers.len(),
            };
            all.extend((0..peers).map(|peer| RuleRef::Policy { policy, rule, peer }));
        }
        if network_policy.isolates_ingress || network_policy.isolates_egress {
            all.push(RuleRef::DefaultDeny { policy });
        }
    }
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests;
