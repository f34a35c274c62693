//! Whom rules are about: each distinct peer once.

use std::collections::HashMap;

use crate::model::{
    Choices, Direction, EndpointSelector, Entity, NetworkPolicy, PeerKind, Peers, PolicyKind, Rule,
    Selector,
};
use crate::prefix::Prefix;

/// A peer as far as it says who is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who<'a> {
    Workloads(&'a EndpointSelector),
    /// Addresses in the prefix, but in none of the exceptions.
    Addresses {
        prefix: Prefix,
        except: &'a [Prefix],
        /// Whether those of workloads are meant as well.
        workloads: bool,
        /// Whether those of the node and of remote nodes are.
        nodes: bool,
    },
    Entity(Entity),
    Nodes(&'a Selector),
}

/// A peer of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Party {
    /// Whoever it is.
    Anybody,
    /// Number of a [`Who`].
    Number(u32),
}

/// A rule with its peers looked up.
pub(super) struct KnownRule<'a> {
    /// Index into [`NetworkPolicy::rules`].
    pub(super) index: usize,
    pub(super) rule: &'a Rule,
    /// Peers and their indices, without those that are nobody.
    pub(super) parties: Vec<(usize, Party)>,
}

/// Distinct peers, numbered from 0 in the order in which they are met.
#[derive(Default)]
pub(super) struct Peerage<'a> {
    who: Vec<Who<'a>>,
    /// Looked up only, never listed.
    numbers: HashMap<Who<'a>, u32>,
}

impl<'a> Peerage<'a> {
    /// The rules of a policy, their peers among the known from now on.
    pub(super) fn rules_of(
        &mut self,
        policy: &'a NetworkPolicy,
        choices: Choices,
    ) -> Vec<KnownRule<'a>> {
        let rules = policy.rules.iter().enumerate();
        rules
            .map(|(index, rule)| KnownRule {
                index,
                rule,
                parties: self.parties(policy.kind, &rule.peers, choices),
            })
            .collect()
    }

    /// Every distinct peer, by number.
    pub(super) fn all(&self) -> &[Who<'a>] {
        &self.who
    }

    fn parties(
        &mut self,
        kind: PolicyKind,
        peers: &'a Peers,
        choices: Choices,
    ) -> Vec<(usize, Party)> {
        let listed = match peers {
            Peers::Any => return vec![(0, Party::Anybody)],
            Peers::Listed(listed) => listed.iter().enumerate(),
        };
        listed
            .filter_map(|(index, peer)| {
                let who = match &peer.kind {
                    PeerKind::Entity(Entity::All) => return Some((index, Party::Anybody)),
                    PeerKind::Entity(Entity::None) => return None,
                    PeerKind::Workloads(selector) => Who::Workloads(selector),
                    PeerKind::Cidr(cidr) => Who::Addresses {
                        prefix: cidr.prefix,
                        except: &cidr.except,
                        workloads: match kind {
                            PolicyKind::Kubernetes => choices.ip_blocks_match_workloads,
                            PolicyKind::Cilium | PolicyKind::CiliumClusterwide => {
                                choices.cidrs_match_workloads
                            }
                        },
                        nodes: choices.cidrs_match_nodes,
                    },
                    PeerKind::Entity(entity) => Who::Entity(*entity),
                    PeerKind::Nodes(selector) => Who::Nodes(selector),
                };
                Some((index, Party::Number(self.number(who))))
            })
            .collect()
    }

    fn number(&mut self, who: Who<'a>) -> u32 {
        *self.numbers.entry(who).or_insert_with(|| {
            let number = u32::try_from(self.who.len()).expect("fewer peers than 32 bits count");
            self.who.push(who);
            number
        })
    }
}

impl KnownRule<'_> {
    /// Whether the rule is about this direction.
    pub(super) fn is(&self, direction: Direction) -> bool {
        self.rule.direction == direction
    }
}
