//! Peers as people get them wrong.

use super::Operator;
use super::prefix::PrefixChange;
use super::words::{Made, requirement};
use crate::model::{EndpointSelector, Namespaces, Peer, PeerKind, Requirement, Selector};

/// What becomes of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeerChange {
    Lost,
    /// A requirement, counted over the namespaces' first.
    LabelLost(usize),
    Prefix(PrefixChange),
    ExceptLost(usize),
    Except {
        hole: usize,
        change: PrefixChange,
    },
}

impl PeerChange {
    /// Every change of the peer.
    pub(super) fn all(peer: &Peer) -> impl Iterator<Item = PeerChange> {
        let labels = match &peer.kind {
            PeerKind::Workloads(selector) => labels_of(selector),
            PeerKind::Nodes(Selector(labels)) => labels.len(),
            PeerKind::Cidr(_) | PeerKind::Entity(_) => 0,
        };
        let holes = match &peer.kind {
            PeerKind::Cidr(cidr) => Some(cidr.except.len()),
            PeerKind::Workloads(_) | PeerKind::Entity(_) | PeerKind::Nodes(_) => None,
        };
        let prefixes = (holes.iter()).flat_map(|_| PrefixChange::ALL.map(PeerChange::Prefix));
        let prefixes: Vec<PeerChange> = prefixes.collect();
        let holes = (0..holes.unwrap_or(0)).flat_map(|hole| {
            let changed = PrefixChange::ALL.map(|change| PeerChange::Except { hole, change });
            [PeerChange::ExceptLost(hole)].into_iter().chain(changed)
        });
        [PeerChange::Lost]
            .into_iter()
            .chain((0..labels).map(PeerChange::LabelLost))
            .chain(prefixes)
            .chain(holes)
    }

    /// Which way to err this is.
    pub(super) fn operator(self) -> Operator {
        match self {
            PeerChange::Lost => Operator::PeerLost,
            PeerChange::LabelLost(_) => Operator::LabelLost,
            PeerChange::ExceptLost(_) => Operator::ExceptLost,
            PeerChange::Prefix(change) | PeerChange::Except { hole: _, change } => {
                change.operator()
            }
        }
    }

    /// Makes any change but [`PeerChange::Lost`], which is the rule's; `None` where
    /// nothing valid comes of it.
    pub(super) fn make(self, peer: &mut Peer) -> Option<Made> {
        let words = match (self, &mut peer.kind) {
            (PeerChange::LabelLost(index), PeerKind::Workloads(selector)) => {
                let lost = take_label(selector, index)?;
                label_lost(&lost)
            }
            (PeerChange::LabelLost(index), PeerKind::Nodes(Selector(labels))) => {
                let lost = (index < labels.len()).then(|| labels.remove(index))?;
                label_lost(&lost)
            }
            (PeerChange::Prefix(change), PeerKind::Cidr(cidr)) => {
                let changed = change.of_cidr(cidr)?;
                let words = format!("{} became {}", cidr.prefix, changed.prefix);
                *cidr = changed;
                words
            }
            (PeerChange::ExceptLost(hole), PeerKind::Cidr(cidr)) => {
                let lost = (hole < cidr.except.len()).then(|| cidr.except.remove(hole))?;
                format!("the exception {lost} from {} is lost", cidr.prefix)
            }
            (PeerChange::Except { hole, change }, PeerKind::Cidr(cidr)) => {
                let old = *cidr.except.get(hole)?;
                // An exception outside its prefix is none.
                let new = change.of(old).filter(|new| cidr.prefix.covers(*new))?;
                cidr.except[hole] = new;
                format!("the exception {old} from {} became {new}", cidr.prefix)
            }
            (
                PeerChange::Lost
                | PeerChange::LabelLost(_)
                | PeerChange::Prefix(_)
                | PeerChange::ExceptLost(_)
                | PeerChange::Except { .. },
                _,
            ) => return None,
        };
        Some(Made::new(&peer.location, words))
    }
}

/// How many requirements the selector has, those on namespaces among them.
pub(super) fn labels_of(selector: &EndpointSelector) -> usize {
    let namespaces = match &selector.namespaces {
        Namespaces::Labelled(Selector(labels)) => labels.len(),
        Namespaces::All | Namespaces::Named(_) => 0,
    };
    namespaces + selector.labels.0.len()
}

/// Takes a requirement out, counted over those on namespaces first.
pub(super) fn take_label(selector: &mut EndpointSelector, index: usize) -> Option<Requirement> {
    let mut index = index;
    if let Namespaces::Labelled(Selector(labels)) = &mut selector.namespaces {
        if index < labels.len() {
            return Some(labels.remove(index));
        }
        index -= labels.len();
    }
    let labels = &mut selector.labels.0;
    (index < labels.len()).then(|| labels.remove(index))
}

pub(super) fn label_lost(lost: &Requirement) -> String {
    format!("the requirement {} is lost", requirement(lost))
}
