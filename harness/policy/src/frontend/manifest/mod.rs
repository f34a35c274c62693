//! Reads Kubernetes manifests: who is there, what stands in front of whom, and
//! which policies apply.
//!
//! A field that could change what is allowed is read or refused, never skipped.
//! Pod specs are the exception to the form of that rule: of their many fields
//! those that bear on labels, ports, addresses and the network are read, and the
//! rest is let pass (see `workload`).

mod changes;
mod fields;
mod kinds;
mod metadata;
mod namespace;
mod node;
mod pod;
pub(super) mod policy;
mod remarks;
mod service;
mod workload;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use policy::{CidrGroup, PolicyObject};
pub(super) use remarks::{Remark, Remarks};
pub(super) use service::{Service, ServicePort, TargetPort};
pub(super) use workload::{Rank, WorkloadObject};

use super::problems::Problems;
use super::tree::{self, Node, Value};
use crate::diagnostic::{Diagnostic, Location, SourceFile};
use crate::model::{Labels, Object, ObjectName};
use kinds::{Kind, Treatment};

/// Lists inside lists that are followed.
const MAX_LISTS: usize = 8;

/// What manifests say together.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    pub(super) namespaces: BTreeMap<String, NamespaceObject>,
    pub(super) nodes: Vec<NodeObject>,
    pub(super) workloads: Vec<WorkloadObject>,
    pub(super) services: Vec<Service>,
    pub(super) policies: Vec<PolicyObject>,
    pub(super) cidr_groups: Vec<CidrGroup>,
    /// What policies, services and namespaces say of themselves.
    pub(super) described: BTreeMap<&'static str, BTreeMap<ObjectName, Object>>,
    /// What is to be done with documents that are no manifests.
    pub(super) strangers: Strangers,
    /// What is remarkable.
    pub(super) remarks: Remarks,
    /// Whether some object could not be read.
    pub(super) broken: bool,
    /// What was let pass.
    pub(super) passed: Passed,
    pub(super) seen: BTreeMap<(&'static str, ObjectName), Location>,
}

/// What is to be done with documents that are no manifests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Strangers {
    /// They were named as manifests: it is a mistake.
    #[default]
    Refuse,
    /// They happen to lie among manifests.
    PassOver,
}

/// Kinds that were let pass, by `apiVersion` and `kind`: how many objects, and
/// where the first one is.
#[derive(Clone, Debug, Default)]
pub(super) struct Passed(BTreeMap<(String, String), (usize, Location)>);

/// A `Namespace`.
#[derive(Clone, Debug)]
pub(super) struct NamespaceObject {
    pub(super) labels: Labels,
    pub(super) location: Location,
}

/// A `Node`.
#[derive(Clone, Debug)]
pub(super) struct NodeObject {
    pub(super) labels: Labels,
    pub(super) addresses: Vec<(std::net::IpAddr, Location)>,
    pub(super) location: Location,
}

/// Reads the documents of a manifest file.
pub(super) fn read(file: &Arc<SourceFile>, objects: &mut Objects, problems: &mut Problems) {
    let before = problems.errors();
    match tree::parse(file, problems) {
        Some(documents) => {
            if documents.is_empty() {
                problems.push(super::file_empty(file));
            }
            for document in &documents {
                root(document, objects, problems);
            }
        }
        None => objects.broken = true,
    }
    objects.broken |= problems.errors() > before;
}

/// Reads the manifests behind a scenario, in its own file.
pub(super) fn read_behind(documents: &[Node], objects: &mut Objects, problems: &mut Problems) {
    let before = problems.errors();
    for document in documents.iter().filter(|document| is_manifest(document)) {
        root(document, objects, problems);
    }
    objects.broken |= problems.errors() > before;
}

/// Whether the document says what it is, as every manifest does.
pub(super) fn is_manifest(document: &Node) -> bool {
    match document.value {
        Value::Map(_) => document.get("apiVersion").is_some() && document.get("kind").is_some(),
        _ => false,
    }
}

/// What an object says it is, or the list it stands in says for it.
#[derive(Clone, Copy)]
struct Identity<'n> {
    api_version: &'n str,
    kind: &'n str,
    location: &'n Location,
}

fn root(document: &Node, objects: &mut Objects, problems: &mut Problems) {
    match identity(document, None, problems) {
        Ok(identity) => object(document, identity, 0, objects, problems),
        Err(Unidentified::Missing) => {
            let stranger = Diagnostic::error(
                "not-a-manifest",
                &document.location,
                "a manifest has 'apiVersion' and 'kind'",
                "name only Kubernetes manifests, or folders of them",
            );
            problems.push(match objects.strangers {
                Strangers::Refuse => stranger,
                Strangers::PassOver => stranger.into_warning(),
            });
        }
        Err(Unidentified::Reported) => {}
    }
}

/// Why an object does not say what it is.
enum Unidentified {
    /// A key is missing.
    Missing,
    /// A key has a value of the wrong type.
    Reported,
}

fn identity<'n>(
    document: &'n Node,
    given: Option<Identity<'n>>,
    problems: &mut Problems,
) -> Result<Identity<'n>, Unidentified> {
    let given = given.ok_or(Unidentified::Missing);
    let (api_version, kind) = (document.get("apiVersion"), document.get("kind"));
    let api_version = match api_version {
        Some(node) => problems.text(node).ok_or(Unidentified::Reported)?,
        None => {
            given
                .as_ref()
                .map_err(|_| Unidentified::Missing)?
                .api_version
        }
    };
    let (kind, location) = match kind {
        Some(node) => {
            let kind = problems.text(node).ok_or(Unidentified::Reported)?;
            (kind, &node.location)
        }
        None => (given?.kind, &document.location),
    };
    Ok(Identity {
        api_version,
        kind,
        location,
    })
}

fn object(
    document: &Node,
    identity: Identity<'_>,
    depth: usize,
    objects: &mut Objects,
    problems: &mut Problems,
) {
    let Identity {
        api_version,
        kind,
        location,
    } = identity;
    if let Some(of) = list_of(document, kind) {
        return list(document, identity, of, depth, objects, problems);
    }
    match kinds::treatment(api_version, kind) {
        Treatment::Read(kind) => understood(kind, document, objects, problems),
        Treatment::Pass => objects.passed.add(api_version, kind, location),
        Treatment::Refuse { does } => problems.error(
            "unsupported-kind",
            location,
            format!("this version does not understand '{api_version} {kind}'"),
            format!("it {does}; leave the object out to see what holds without it"),
        ),
        Treatment::Elsewhere { who } => problems.warn(
            "kind-not-enforced",
            location,
            format!("{kind} is enforced by {who}, not by a packet filter"),
            "what it forbids shows as allowed here",
        ),
        Treatment::Mistaken { meant: (api, kind) } => problems.error(
            "unsupported-kind",
            location,
            format!("there is no '{api_version} {}'", identity.kind),
            format!("did you mean '{api} {kind}'?"),
        ),
        Treatment::WrongVersion { read } => problems.error(
            "unsupported-kind",
            location,
            format!("this version does not understand '{api_version} {kind}'"),
            format!("it understands {kind} of the version {read}"),
        ),
    }
}

fn understood(kind: Kind, document: &Node, objects: &mut Objects, problems: &mut Problems) {
    match kind {
        Kind::Namespace => namespace::read(document, objects, problems),
        Kind::Node => node::read(document, objects, problems),
        Kind::Pod => workload::pod(document, objects, problems),
        Kind::Template(template) => workload::template(template, document, objects, problems),
        Kind::Service => {
            if let Some(service) = service::read(document, &mut objects.remarks, problems)
                && objects.is_new("Service", &service.name, &service.location, problems)
            {
                objects.describe("Service", &service.name, document);
                objects.services.push(service);
            }
        }
        Kind::Policy(kind) => policy::read(kind, document, objects, problems),
        Kind::CidrGroup => policy::cidr_group(document, objects, problems),
    }
}

/// What a list is a list of: `Some("")` for a `List` of anything.
fn list_of<'n>(document: &Node, kind: &'n str) -> Option<&'n str> {
    let of = kind.strip_suffix("List")?;
    // An object may have a name that ends like a list's.
    (of.is_empty() || document.get("items").is_some()).then_some(of)
}

fn list(
    document: &Node,
    identity: Identity<'_>,
    of: &str,
    depth: usize,
    objects: &mut Objects,
    problems: &mut Problems,
) {
    if depth == MAX_LISTS {
        problems.error(
            "list-too-deep",
            identity.location,
            format!("more than {MAX_LISTS} lists inside each other"),
            "put the objects into one list",
        );
        return;
    }
    let items = match document.get("items") {
        Some(node) if node.value == Value::Null => &[],
        Some(node) => problems.list(node).unwrap_or(&[]),
        None => {
            problems.error(
                "missing-key",
                &document.location,
                "'items' is missing",
                "a list has its objects under 'items'",
            );
            &[]
        }
    };
    for item in items {
        let inherited = Identity {
            kind: of,
            ..identity
        };
        let inherited = Some(inherited).filter(|_| !of.is_empty());
        match self::identity(item, inherited, problems) {
            Ok(identity) => object(item, identity, depth + 1, objects, problems),
            Err(Unidentified::Missing) => problems.error(
                "not-a-manifest",
                &item.location,
                "an object of a List has 'apiVersion' and 'kind'",
                "give it both, or make the list a PodList, NamespaceList or the like",
            ),
            Err(Unidentified::Reported) => {}
        }
    }
}

impl Objects {
    /// Keeps what an object says of itself.
    fn describe(&mut self, kind: &'static str, name: &ObjectName, document: &Node) {
        let of_kind = self.described.entry(kind).or_default();
        of_kind.insert(name.clone(), metadata::described(document));
    }

    /// Whether this is the first object of its kind and name; the second is a
    /// problem.
    fn is_new(
        &mut self,
        kind: &'static str,
        name: &ObjectName,
        location: &Location,
        problems: &mut Problems,
    ) -> bool {
        let Some(earlier) = self.seen.get(&(kind, name.clone())) else {
            self.seen.insert((kind, name.clone()), location.clone());
            return true;
        };
        problems.push(
            Diagnostic::error(
                "duplicate-object",
                location,
                format!("there is a {kind} {name} already"),
                "a cluster keeps one object of a kind, namespace and name: remove one, or name \
                 it differently",
            )
            .with_label(earlier, "the first one"),
        );
        false
    }
}

impl Passed {
    fn add(&mut self, api_version: &str, kind: &str, location: &Location) {
        let name = (api_version.to_owned(), kind.to_owned());
        let place = || (0, location.clone());
        self.0.entry(name).or_insert_with(place).0 += 1;
    }

    /// One note for each kind.
    pub(super) fn note(&self, problems: &mut Problems) {
        for ((api_version, kind), (count, location)) in &self.0 {
            let objects = if *count == 1 { "object" } else { "objects" };
            problems.note(
                "kind-passed-over",
                location,
                format!("{count} {objects} of the kind '{api_version} {kind}' passed over"),
                "the kind has no effect on which packets a filter lets through",
            );
        }
    }
}
