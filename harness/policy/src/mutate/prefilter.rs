//! Prefilters and deny lists as people get them wrong.

use super::Operator;
use super::prefix::PrefixChange;
use super::words::Made;
use crate::model::{DefaultAction, ListedSource, Prefilter};
use crate::port::{ProtoPort, Protocol};

/// What becomes of a prefilter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PrefilterChange {
    /// Up or down by one.
    PortShifted(i8),
    ProtocolSwapped,
    DefaultFlipped,
    BypassSwitched,
    AllowListEmptied,
    Allow {
        entry: usize,
        change: EntryChange,
    },
    Deny {
        entry: usize,
        change: EntryChange,
    },
}

/// What becomes of an entry of a list of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryChange {
    Lost,
    Prefix(PrefixChange),
}

impl EntryChange {
    /// Every change of every entry, with the entry's index.
    pub(super) fn all(list: &[ListedSource]) -> impl Iterator<Item = (usize, EntryChange)> {
        (0..list.len()).flat_map(|entry| {
            let changed = PrefixChange::ALL.map(EntryChange::Prefix);
            ([EntryChange::Lost].into_iter().chain(changed)).map(move |change| (entry, change))
        })
    }

    /// Which way to err this is, in a list whose lost entries are `lost`.
    pub(super) fn operator(self, lost: Operator) -> Operator {
        match self {
            EntryChange::Lost => lost,
            EntryChange::Prefix(change) => change.operator(),
        }
    }

    /// Makes the change of that entry of a list; `None` where nothing valid comes of
    /// it.
    pub(super) fn make(
        self,
        list: &mut Vec<ListedSource>,
        entry: usize,
        name: &str,
    ) -> Option<Made> {
        match self {
            EntryChange::Lost => {
                let gone = (entry < list.len()).then(|| list.remove(entry))?;
                let words = format!("{} is lost from the {name}", gone.prefix);
                Some(Made::new(&gone.location, words))
            }
            EntryChange::Prefix(change) => {
                let listed = list.get_mut(entry)?;
                let new = change.of(listed.prefix)?;
                let words = format!("{} of the {name} became {new}", listed.prefix);
                listed.prefix = new;
                Some(Made::new(&listed.location, words))
            }
        }
    }
}

/// What lists are called.
pub(super) const DENY_LIST: &str = "deny list";

const ALLOW_LIST: &str = "allow list";

impl PrefilterChange {
    /// Every change of the prefilter.
    pub(super) fn all(prefilter: &Prefilter) -> impl Iterator<Item = PrefilterChange> {
        let emptied = (!prefilter.allow.is_empty()).then_some(PrefilterChange::AllowListEmptied);
        let allow = EntryChange::all(&prefilter.allow)
            .map(|(entry, change)| PrefilterChange::Allow { entry, change });
        let deny = EntryChange::all(&prefilter.deny)
            .map(|(entry, change)| PrefilterChange::Deny { entry, change });
        [
            PrefilterChange::PortShifted(-1),
            PrefilterChange::PortShifted(1),
            PrefilterChange::ProtocolSwapped,
            PrefilterChange::DefaultFlipped,
            PrefilterChange::BypassSwitched,
        ]
        .into_iter()
        .chain(emptied)
        .chain(allow)
        .chain(deny)
    }

    /// Which way to err this is.
    pub(super) fn operator(self) -> Operator {
        match self {
            PrefilterChange::PortShifted(_) => Operator::PortShifted,
            PrefilterChange::ProtocolSwapped => Operator::ProtocolSwapped,
            PrefilterChange::DefaultFlipped => Operator::DefaultFlipped,
            PrefilterChange::BypassSwitched => Operator::BypassSwitched,
            PrefilterChange::AllowListEmptied => Operator::AllowListEmptied,
            PrefilterChange::Allow { entry: _, change } => {
                change.operator(Operator::AllowEntryLost)
            }
            PrefilterChange::Deny { entry: _, change } => change.operator(Operator::DenyEntryLost),
        }
    }

    /// Makes the change; `None` where nothing valid comes of it.
    pub(super) fn make(self, prefilter: &mut Prefilter) -> Option<Made> {
        let (location, words) = match self {
            PrefilterChange::PortShifted(by) => {
                let port = (prefilter.node_port.port)
                    .checked_add_signed(i16::from(by))
                    .filter(|port| *port > 0)?;
                let new = ProtoPort {
                    port,
                    ..prefilter.node_port
                };
                let words = format!("the prefilter's {} became {new}", prefilter.node_port);
                prefilter.node_port = new;
                (&prefilter.location, words)
            }
            PrefilterChange::ProtocolSwapped => {
                let protocol = match prefilter.node_port.protocol {
                    Protocol::Tcp => Protocol::Udp,
                    Protocol::Udp | Protocol::Sctp => Protocol::Tcp,
                };
                let new = ProtoPort {
                    protocol,
                    ..prefilter.node_port
                };
                let words = format!("the prefilter's {} became {new}", prefilter.node_port);
                prefilter.node_port = new;
                (&prefilter.location, words)
            }
            PrefilterChange::DefaultFlipped => {
                let (default, words) = match prefilter.default {
                    DefaultAction::Pass => (DefaultAction::Drop, "the default pass became drop"),
                    DefaultAction::Drop => (DefaultAction::Pass, "the default drop became pass"),
                };
                prefilter.default = default;
                let location = &prefilter.default_location;
                (location, words.to_owned())
            }
            PrefilterChange::BypassSwitched => {
                prefilter.bypass_policy = !prefilter.bypass_policy;
                let words = match prefilter.bypass_policy {
                    true => "the bypass is switched on",
                    false => "the bypass is switched off",
                };
                let location = &prefilter.bypass_location;
                (location, words.to_owned())
            }
            PrefilterChange::AllowListEmptied => {
                prefilter.allow.clear();
                let words = "the allow list is emptied".to_owned();
                let location = &prefilter.allow_location;
                (location, words)
            }
            PrefilterChange::Allow { entry, change } => {
                return change.make(&mut prefilter.allow, entry, ALLOW_LIST);
            }
            PrefilterChange::Deny { entry, change } => {
                return change.make(&mut prefilter.deny, entry, DENY_LIST);
            }
        };
        Some(Made::new(location, words))
    }
}
