//! Policies as their own document tells them, before what they refer to is
//! known.

use crate::coverage::{Enforced, Gap};
use crate::diagnostic::Location;
use crate::frontend::tree::{Node, Value};
use crate::model::{Direction, ObjectName, Peer, PolicyKind, Ports, RuleAction, Selector, Subject};
use crate::prefix::Prefix;

/// A policy object.
#[derive(Clone, Debug)]
pub(in crate::frontend) struct PolicyObject {
    pub(in crate::frontend) kind: PolicyKind,
    pub(in crate::frontend) name: ObjectName,
    /// The document.
    pub(in crate::frontend) location: Location,
    /// Whether it is counted and not enforced.
    pub(in crate::frontend) dry_run: bool,
    pub(super) specs: Vec<DraftSpec>,
}

/// What one `spec` says.
#[derive(Clone, Debug)]
pub(super) struct DraftSpec {
    pub(super) subject: Subject,
    pub(super) isolates_ingress: bool,
    pub(super) isolates_egress: bool,
    pub(super) rules: Vec<DraftRule>,
    /// The value of the selector.
    pub(super) selector_location: Location,
}

/// One entry of a section.
#[derive(Clone, Debug)]
pub(super) struct DraftRule {
    /// Its path in the object.
    pub(super) field: String,
    pub(super) direction: Direction,
    pub(super) action: RuleAction,
    pub(super) peers: DraftPeers,
    pub(super) ports: Ports,
    pub(super) location: Location,
    pub(super) gaps: Gaps,
}

/// Who is on the other side.
#[derive(Clone, Debug)]
pub(super) enum DraftPeers {
    Any,
    Listed(Vec<DraftPeer>),
}

/// An entry of a list of peers.
#[derive(Clone, Debug)]
pub(super) enum DraftPeer {
    /// One that is known.
    Known(Peer),
    /// The prefixes of CIDR groups.
    CidrGroups {
        groups: GroupRef,
        except: Vec<Prefix>,
        location: Location,
    },
    /// The backends of Services.
    Services {
        services: ServiceRef,
        field: String,
        location: Location,
    },
}

/// Which CIDR groups.
#[derive(Clone, Debug)]
pub(super) enum GroupRef {
    /// The one of this name.
    Named(String),
    /// Those with these labels.
    Labelled(Selector),
}

/// Which Services; without a namespace, those of every one.
#[derive(Clone, Debug)]
pub(super) enum ServiceRef {
    /// Those of this name.
    Named {
        name: String,
        namespace: Option<String>,
    },
    /// Those with these labels.
    Labelled {
        labels: Selector,
        namespace: Option<String>,
    },
}

/// What of a rule is not enforced.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps {
    found: Vec<Gap>,
    /// With these gaps, nothing of the rule is enforced.
    nothing_left: bool,
}

impl Gaps {
    /// Something is missing, and the rest of the rule is enforced.
    pub(super) fn part(
        &mut self,
        field: impl Into<String>,
        location: &Location,
        words: impl Into<String>,
    ) {
        self.found.push(Gap {
            field: field.into(),
            location: location.clone(),
            words: words.into(),
        });
    }

    /// Nothing of the rule is enforced, for this reason.
    pub(super) fn whole(
        &mut self,
        field: impl Into<String>,
        location: &Location,
        words: impl Into<String>,
    ) {
        self.part(field, location, words);
        self.nothing_left = true;
    }

    /// Nothing of the rule is enforced, for the reasons given before.
    pub(super) fn nothing_is_left(&mut self) {
        self.nothing_left = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How much is enforced, and the gaps in the order of the text.
    pub(super) fn into_parts(mut self) -> (Enforced, Vec<Gap>) {
        self.found.sort_by_key(|gap| gap.location.offset);
        let enforced = match (self.found.is_empty(), self.nothing_left) {
            (true, _) => Enforced::Whole,
            (false, false) => Enforced::InPart,
            (false, true) => Enforced::Not,
        };
        (enforced, self.found)
    }
}

/// The value of `key`, unless it is missing or null: the API server takes both
/// for the same.
pub(super) fn given<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).filter(|value| value.value != Value::Null)
}

/// Where `key` itself stands.
pub(super) fn key_location<'n>(node: &'n Node, key: &str) -> Option<&'n Location> {
    let Value::Map(entries) = &node.value else {
        return None;
    };
    (entries.iter())
        .find(|entry| entry.key == key)
        .map(|entry| &entry.key_location)
}
