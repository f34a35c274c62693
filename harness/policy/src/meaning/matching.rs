//! What each rule by itself says of every address.

use super::policy::isolates;
use super::ports::{Receiver, held_with};
use super::{PolicyReading, Question};
use crate::journey::Point;
use crate::model::{Direction, Peers, RuleAction, RuleRef};
use crate::region::Region;

/// Whom one peer of a rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Index into [`crate::model::Policy::network_policies`].
    pub policy: usize,
    /// Index into [`crate::model::NetworkPolicy::rules`].
    pub rule: usize,
    /// Index into [`Peers::Listed`]; 0 where the rule is about anybody.
    pub peer: usize,
    /// Whether it is a rule that denies.
    pub denies: bool,
    /// Those whom it names, at whatever port; they may be none.
    pub region: Region,
}

impl Named {
    /// The peer of the rule.
    pub fn rule(&self) -> RuleRef {
        RuleRef::Policy {
            policy: self.policy,
            rule: self.rule,
            peer: self.peer,
        }
    }
}

impl PolicyReading<'_> {
    /// Whom each peer of each rule names that is asked at a workload, in the policy's
    /// order, those that name nobody included.
    ///
    /// # Panics
    /// If the policy does not have the workload.
    pub fn named(&self, workload: usize, direction: Direction) -> Vec<Named> {
        let mut named = Vec::new();
        for &policy in self.selecting(workload) {
            let network_policy = &self.policy().network_policies[policy];
            let rules = network_policy.rules.iter().enumerate();
            for (rule, said) in rules.filter(|(_, rule)| rule.direction == direction) {
                let regions: Vec<Region> = match &said.peers {
                    Peers::Any => vec![Region::everything()],
                    Peers::Listed(peers) => (peers.chunks(1))
                        .map(|peer| self.places().meant(network_policy.kind, peer))
                        .collect(),
                };
                named.extend(regions.into_iter().enumerate().map(|(peer, region)| Named {
                    policy,
                    rule,
                    peer,
                    denies: said.action == RuleAction::Deny,
                    region,
                }));
            }
        }
        named
    }

    /// The peers in exchanges with whom the ports of a rule hold what is asked about,
    /// whomever the rule names; nobody at the uplink.
    ///
    /// # Panics
    /// If the policy does not have the rule or the workload.
    pub fn held(&self, question: &Question, policy: usize, rule: usize) -> Region {
        let receiver = match question.point {
            Point::Uplink => return Region::empty(),
            Point::Egress(_) => Receiver::Peer,
            Point::Ingress(workload) => Receiver::Workload(workload),
        };
        let ports = &self.policy().network_policies[policy].rules[rule].ports;
        held_with(ports, question.l4, receiver, self.policy(), self.places())
    }

    /// Indices of the policies that make a workload default-deny in a direction.
    ///
    /// # Panics
    /// If the policy does not have the workload.
    pub fn isolating(&self, workload: usize, direction: Direction) -> impl Iterator<Item = usize> {
        let selecting = self.selecting(workload).iter().copied();
        selecting.filter(move |index| isolates(&self.policy().network_policies[*index], direction))
    }
}
