//! What each rule by itself says of every address.

use super::policy::isolates;
use super::ports::{Receiver, held_with};
use super::{PolicyReading, Question};
use crate::journey::Point;
use crate::model::{Direction, Peers, RuleAction, RuleRef};
use crate::region::Region;

/// What one peer of a rule matches in a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// The peer of the rule.
    pub rule: RuleRef,
    /// Whether it is a rule that denies.
    pub denies: bool,
    /// The peers that it matches; they may be none.
    pub peers: Region,
}

impl PolicyReading<'_> {
    /// What each peer of each rule matches that is asked at a workload, in the policy's
    /// order, those that match nobody included; nothing at the uplink.
    ///
    /// # Panics
    /// If the point is at a workload that the policy does not have.
    pub fn matching(&self, question: &Question) -> Vec<Matching> {
        let (workload, direction, receiver) = match question.point {
            Point::Uplink => return Vec::new(),
            Point::Egress(workload) => (workload, Direction::Egress, Receiver::Peer),
            Point::Ingress(workload) => {
                (workload, Direction::Ingress, Receiver::Workload(workload))
            }
        };
        let mut matching = Vec::new();
        for &index in self.selecting(workload) {
            let network_policy = &self.policy().network_policies[index];
            let rules = network_policy.rules.iter().enumerate();
            for (rule_index, rule) in rules.filter(|(_, rule)| rule.direction == direction) {
                let with = held_with(
                    &rule.ports,
                    question.l4,
                    receiver,
                    self.policy(),
                    self.places(),
                );
                let meant: Vec<Region> = match &rule.peers {
                    Peers::Any => vec![Region::everything()],
                    Peers::Listed(peers) => (peers.chunks(1))
                        .map(|peer| self.places().meant(network_policy.kind, peer))
                        .collect(),
                };
                matching.extend(meant.iter().enumerate().map(|(peer, meant)| Matching {
                    rule: RuleRef::Policy {
                        policy: index,
                        rule: rule_index,
                        peer,
                    },
                    denies: rule.action == RuleAction::Deny,
                    peers: meant.intersect(&with),
                }));
            }
        }
        matching
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
