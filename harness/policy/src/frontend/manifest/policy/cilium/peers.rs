//! Reads who is on the other side of a rule.

use super::super::draft::{DraftPeer, Gaps, GroupRef, ServiceRef, given, key_location};
use super::super::selector::{self, Selected};
use super::super::{cidr, entity};
use super::Context;
use crate::diagnostic::{Diagnostic, Location};
use crate::frontend::manifest::fields::{Keys, Known};
use crate::frontend::problems::Problems;
use crate::frontend::suggest::did_you_mean;
use crate::frontend::tree::{Node, Value};
use crate::model::{Cidr, Direction, Entity, Peer, PeerKind, Selector};

const CIDR_SET: Keys = Keys {
    what: "an entry of a set of CIDRs",
    read: &["cidr", "cidrGroupRef", "cidrGroupSelector", "except"],
    ignored: &[],
};

const SERVICE: Keys = Keys {
    what: "an entry of toServices",
    read: &["k8sService", "k8sServiceSelector"],
    ignored: &[],
};

const SERVICE_NAME: Keys = Keys {
    what: "k8sService",
    read: &["serviceName", "namespace"],
    ignored: &[],
};

const SERVICE_LABELS: Keys = Keys {
    what: "k8sServiceSelector",
    read: &["selector", "namespace"],
    ignored: &[],
};

const DNS_NAME: Keys = Keys {
    what: "an entry of toFQDNs",
    read: &["matchName", "matchPattern"],
    ignored: &[],
};

/// The ways to name peers; a rule may use one.
const KINDS: [(&str, &str, Kind); 8] = [
    ("fromEndpoints", "toEndpoints", Kind::Endpoints),
    ("fromEntities", "toEntities", Kind::Entities),
    ("fromCIDR", "toCIDR", Kind::Cidrs),
    ("fromCIDRSet", "toCIDRSet", Kind::CidrSets),
    ("fromNodes", "toNodes", Kind::Nodes),
    ("fromGroups", "toGroups", Kind::Groups),
    ("", "toServices", Kind::Services),
    ("", "toFQDNs", Kind::Names),
];

#[derive(Clone, Copy)]
enum Kind {
    Endpoints,
    Entities,
    Cidrs,
    CidrSets,
    Nodes,
    Groups,
    Services,
    Names,
}

/// The outer `None` where something is wrong, the inner one where the rule names
/// no peers at all. An empty list is about nobody.
pub(super) fn read(
    item: &Node,
    path: &str,
    context: &Context<'_>,
    gaps: &mut Gaps,
    problems: &mut Problems,
) -> Option<Option<Vec<DraftPeer>>> {
    let mut found: Option<Vec<DraftPeer>> = None;
    let mut filled: Option<(&str, &Location)> = None;
    let mut sound = true;
    for (from, to, kind) in KINDS {
        let key = match context.direction {
            Direction::Ingress => from,
            Direction::Egress => to,
        };
        let Some(node) = given(item, key) else {
            continue;
        };
        let place = key_location(item, key).unwrap_or(&node.location);
        let Some(items) = problems.list(node) else {
            sound = false;
            continue;
        };
        let listed = found.get_or_insert_default();
        if items.is_empty() {
            problems.warn(
                "empty-list",
                &node.location,
                format!("'{key}' is an empty list, which is about nobody"),
                "list peers, or leave the key out; Cilium takes an empty list for nobody, not for \
                 everybody",
            );
            continue;
        }
        // Upstream this holds for fromCIDR beside fromCIDRSet as well.
        if let Some((first, first_place)) = filled {
            sound = false;
            problems.push(
                Diagnostic::error(
                    "peers-combined",
                    place,
                    format!("'{first}' and '{key}' do not go together in one rule"),
                    "write a rule for each: rules are alternatives. Cilium rejects this one",
                )
                .with_label(first_place, "the other"),
            );
            continue;
        }
        filled = Some((key, place));
        let list = List {
            items,
            path: &format!("{path}.{key}"),
            place,
            namespace: context.namespace,
        };
        match list.read(kind, gaps, problems) {
            Some(peers) => {
                if peers.is_empty() {
                    // Nobody of those named can be told by a packet.
                    gaps.nothing_is_left();
                }
                listed.extend(peers);
            }
            None => sound = false,
        }
    }
    // An empty list beside a filled one leaves nobody.
    sound.then_some(found)
}

/// The value of one key.
struct List<'l> {
    items: &'l [Node],
    path: &'l str,
    place: &'l Location,
    namespace: Option<&'l str>,
}

impl List<'_> {
    fn read(&self, kind: Kind, gaps: &mut Gaps, problems: &mut Problems) -> Option<Vec<DraftPeer>> {
        match kind {
            Kind::Groups => {
                gaps.part(
                    self.path,
                    self.place,
                    "not enforced: a cloud provider knows the addresses of its groups; nobody is \
                     meant here",
                );
                return Some(Vec::new());
            }
            Kind::Names => {
                for item in self.items {
                    name(item, problems)?;
                }
                gaps.part(
                    self.path,
                    self.place,
                    "not enforced: which addresses a DNS name has, Cilium's DNS proxy learns from \
                     answers; nobody is meant here",
                );
                return Some(Vec::new());
            }
            Kind::Endpoints
            | Kind::Entities
            | Kind::Cidrs
            | Kind::CidrSets
            | Kind::Nodes
            | Kind::Services => {}
        }
        let mut peers = Vec::with_capacity(self.items.len());
        let mut sound = true;
        for (index, item) in self.items.iter().enumerate() {
            let path = || format!("{}[{index}]", self.path);
            let known = |kind| {
                Some(DraftPeer::Known(Peer {
                    kind,
                    location: item.location.clone(),
                }))
            };
            let peer = match kind {
                Kind::Endpoints => match self.endpoints(item, problems) {
                    Some(Selected::Workloads(selector)) => known(PeerKind::Workloads(selector)),
                    Some(Selected::Entity(entity)) => known(PeerKind::Entity(entity)),
                    Some(Selected::Unknown(words)) => {
                        gaps.part(path(), &item.location, words);
                        continue;
                    }
                    None => None,
                },
                Kind::Entities => entity(item, problems).and_then(|e| known(PeerKind::Entity(e))),
                Kind::Cidrs => cidr::prefix(item, problems).and_then(|prefix| {
                    known(PeerKind::Cidr(Cidr {
                        prefix,
                        except: Vec::new(),
                    }))
                }),
                Kind::CidrSets => cidr_set(item, problems),
                Kind::Nodes => selector::cilium(item, problems)
                    .and_then(|terms| known(PeerKind::Nodes(selector::plain(terms)))),
                Kind::Services => service(item, path(), problems),
                Kind::Groups | Kind::Names => None,
            };
            match peer {
                Some(peer) => peers.push(peer),
                None => sound = false,
            }
        }
        sound.then_some(peers)
    }

    fn endpoints(&self, item: &Node, problems: &mut Problems) -> Option<Selected> {
        let terms = selector::cilium(item, problems)?;
        selector::peer(terms, self.namespace, problems)
    }
}

fn entity(item: &Node, problems: &mut Problems) -> Option<Entity> {
    let text = problems.text(item)?;
    let found = entity::named(text);
    if found.is_none() {
        problems.error(
            "unknown-entity",
            &item.location,
            format!("there is no entity '{text}'"),
            did_you_mean(text, entity::names()),
        );
    }
    found
}

fn cidr_set(item: &Node, problems: &mut Problems) -> Option<DraftPeer> {
    let fields = Known::of(item, &CIDR_SET, problems)?;
    let (prefix, name) = (given(item, "cidr"), given(item, "cidrGroupRef"));
    let labels = given(item, "cidrGroupSelector");
    let except = given(item, "except");
    let location = item.location.clone();
    let groups = match (prefix, name, labels) {
        (Some(node), None, None) => {
            let (prefix, except) = cidr::block(node, except, false, problems)?;
            return fields.whole.then_some(DraftPeer::Known(Peer {
                kind: PeerKind::Cidr(Cidr { prefix, except }),
                location,
            }));
        }
        (None, Some(node), None) => GroupRef::Named(problems.text(node)?.to_owned()),
        (None, None, Some(node)) => GroupRef::Labelled(selector::kubernetes(node, problems)?),
        (None, None, None) => {
            if fields.whole {
                problems.error(
                    "missing-key",
                    &item.location,
                    "'cidr' is missing",
                    "give the prefix that the entry is about, or a group by cidrGroupRef or \
                     cidrGroupSelector",
                );
            }
            return None;
        }
        _ => {
            problems.error(
                "cidr-set-ambiguous",
                &item.location,
                "an entry is one of cidr, cidrGroupRef and cidrGroupSelector",
                "write an entry for each, with a '-' of its own",
            );
            return None;
        }
    };
    let except = match except {
        Some(node) => cidr::prefixes(node, problems)?,
        None => Vec::new(),
    };
    fields.whole.then_some(DraftPeer::CidrGroups {
        groups,
        except,
        location,
    })
}

fn service(item: &Node, field: String, problems: &mut Problems) -> Option<DraftPeer> {
    let fields = Known::of(item, &SERVICE, problems)?;
    let text = |node: &Node, key: &str, problems: &mut Problems| match given(node, key) {
        Some(Node {
            value: Value::Text(text),
            ..
        }) if text.is_empty() => Some(None),
        Some(node) => problems.text(node).map(|text| Some(text.to_owned())),
        None => Some(None),
    };
    // Where both are given, Cilium looks at the selector alone.
    let services = if let Some(node) = given(item, "k8sServiceSelector") {
        let inner = Known::of(node, &SERVICE_LABELS, problems)?;
        let labels = match given(node, "selector") {
            Some(node) => selector::plain(selector::cilium(node, problems)?),
            None => Selector::default(),
        };
        let namespace = text(node, "namespace", problems)?;
        inner
            .whole
            .then_some(ServiceRef::Labelled { labels, namespace })?
    } else if let Some(node) = given(item, "k8sService") {
        let inner = Known::of(node, &SERVICE_NAME, problems)?;
        let name = inner.need("serviceName", "name the Service", problems)?;
        let name = problems.text(name)?.to_owned();
        let namespace = text(node, "namespace", problems)?;
        inner
            .whole
            .then_some(ServiceRef::Named { name, namespace })?
    } else {
        problems.error(
            "missing-key",
            &item.location,
            "'k8sService' is missing",
            "name a Service by k8sService: {serviceName: NAME, namespace: NAMESPACE}",
        );
        return None;
    };
    fields.whole.then(|| DraftPeer::Services {
        services,
        field,
        location: item.location.clone(),
    })
}

/// A DNS name or pattern; which addresses it has, nobody knows here.
fn name(item: &Node, problems: &mut Problems) -> Option<()> {
    let fields = Known::of(item, &DNS_NAME, problems)?;
    match (given(item, "matchName"), given(item, "matchPattern")) {
        (Some(node), None) | (None, Some(node)) => problems.text(node).map(drop)?,
        _ => {
            problems.error(
                "fqdn-ambiguous",
                &item.location,
                "an entry is a matchName or a matchPattern",
                "write one of the two; several entries are alternatives",
            );
            return None;
        }
    }
    fields.whole.then_some(())
}
