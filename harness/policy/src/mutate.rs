//! Mutation testing of a scenario's probes: changes its policy the way people err, and
//! asks whether the probes would notice.
//!
//! [`Plan`] says which changes are tried; each makes a [`Mutant`], of which a [`Judge`]
//! says whether the probes, judged as a run does, would notice. What they do not is
//! either no change at all, shown by comparing sets of addresses, or a gap between the
//! probes, shown by the probe that is missing.

mod change;
mod difference;
mod fate;
pub(crate) mod killer;
mod network_policy;
mod notice;
mod operator;
mod peer;
mod plan;
mod port;
mod prefilter;
mod prefix;
mod rule;
mod touched;
pub(crate) mod ways;
mod words;

use crate::diagnostic::Location;
use crate::model::Policy;

pub use fate::{Fate, Judge};
pub use killer::Killer;
pub use operator::Operator;
pub use plan::Plan;

/// How somebody got a policy wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// In which way.
    pub operator: Operator,
    /// Where: the rule, the peer, the entry of a list.
    pub location: Location,
    /// What became of what: `10.0.0.0/8 became 0.0.0.0/0`.
    pub words: String,
}

/// A policy as somebody got it wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// How.
    pub mutation: Mutation,
    /// The policy of the scenario, and that behind each of its steps, all with the
    /// change wherever they have what it changes.
    pub policies: Vec<Policy>,
}

#[cfg(test)]
mod tests;
