//! Rules as people get them wrong.

use super::Operator;
use super::peer::PeerChange;
use super::port::PortChange;
use super::words::Made;
use crate::model::{Peers, PolicyKind, Ports, Rule, RuleAction};

/// What becomes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleChange {
    ActionSwapped,
    Peer { peer: usize, change: PeerChange },
    Port { entry: usize, change: PortChange },
}

impl RuleChange {
    /// Every change of the rule, in the order of its text.
    pub(super) fn all(kind: PolicyKind, rule: &Rule) -> impl Iterator<Item = RuleChange> {
        // Kubernetes has no deny rules.
        let swapped = (kind != PolicyKind::Kubernetes).then_some(RuleChange::ActionSwapped);
        let peers = match &rule.peers {
            Peers::Any => &[][..],
            Peers::Listed(peers) => peers,
        };
        let ports = match &rule.ports {
            Ports::All => &[][..],
            Ports::Listed(ports) => ports,
        };
        let peers = (peers.iter().enumerate()).flat_map(|(peer, one)| {
            PeerChange::all(one).map(move |change| RuleChange::Peer { peer, change })
        });
        let ports = (ports.iter().enumerate()).flat_map(|(entry, one)| {
            PortChange::all(one).map(move |change| RuleChange::Port { entry, change })
        });
        swapped.into_iter().chain(peers).chain(ports)
    }

    /// Which way to err this is.
    pub(super) fn operator(self) -> Operator {
        match self {
            RuleChange::ActionSwapped => Operator::ActionSwapped,
            RuleChange::Peer { peer: _, change } => change.operator(),
            RuleChange::Port { entry: _, change } => change.operator(),
        }
    }

    /// Makes the change; `None` where there is nothing to change.
    pub(super) fn make(self, kind: PolicyKind, rule: &mut Rule) -> Option<Made> {
        match self {
            RuleChange::ActionSwapped => {
                let (action, words) = match rule.action {
                    RuleAction::Allow => (RuleAction::Deny, "allow became deny"),
                    RuleAction::Deny => (RuleAction::Allow, "deny became allow"),
                };
                rule.action = action;
                Some(Made::new(&rule.location, words))
            }
            RuleChange::Peer { peer, change } => {
                let Peers::Listed(peers) = &mut rule.peers else {
                    return None;
                };
                if change != PeerChange::Lost {
                    return change.make(peers.get_mut(peer)?);
                }
                let lost = (peer < peers.len()).then(|| peers.remove(peer))?;
                let mut words = format!("{} is lost", super::words::peer(&lost.kind));
                // `from: []` is nobody to Cilium, and anybody to Kubernetes.
                if peers.is_empty() && kind == PolicyKind::Kubernetes {
                    rule.peers = Peers::Any;
                    words.push_str(": nobody else is named, so it is anybody");
                }
                Some(Made::new(&lost.location, words))
            }
            RuleChange::Port { entry, change } => {
                let Ports::Listed(ports) = &mut rule.ports else {
                    return None;
                };
                if change != PortChange::Lost {
                    return change.make(ports.get_mut(entry)?);
                }
                let lost = (entry < ports.len()).then(|| ports.remove(entry))?;
                let mut words = format!("port {} is lost", super::words::port(&lost));
                if ports.is_empty() {
                    rule.ports = Ports::All;
                    words.push_str(": no other is named, so it is every port");
                }
                Some(Made::new(&lost.location, words))
            }
        }
    }
}
