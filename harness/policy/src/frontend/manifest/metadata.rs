//! Names and labels of objects.

use super::super::problems::Problems;
use super::super::suggest::closest;
use super::super::tree::{Node, Value};
use super::fields::{Keys, Known, Open};
use crate::diagnostic::Location;
use crate::model::{Annotation, DRY_RUN, Labels, Object, ObjectName, XDP_VALIDATED};

/// Bookkeeping of the API server and of tools, without effect on packets.
const METADATA: Keys = Keys {
    what: "metadata",
    read: &["name", "namespace", "annotations"],
    ignored: &[
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "labels",
        "managedFields",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    ],
};

/// What an object is, as far as annotations are concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A policy, of which some of Cilium's annotations are understood.
    Policy,
    /// Anything else.
    Other,
}

/// The name of an object.
pub(super) fn name(node: &Node, subject: Subject, problems: &mut Problems) -> Option<ObjectName> {
    let metadata = Known::of(node, &METADATA, problems)?;
    annotations(&metadata, subject, problems);
    let name = metadata
        .need("name", "every object has metadata.name", problems)
        .and_then(|node| object_name(node, problems));
    let namespace = match metadata.get("namespace") {
        Some(node) => object_name(node, problems),
        None => Some("default".to_owned()),
    };
    Some(ObjectName {
        namespace: namespace?,
        name: name?,
    })
}

/// What metadata says of an object that is no policy and no service.
pub(super) struct Metadata {
    /// Its name; without namespace if it belongs to none.
    pub(super) name: ObjectName,
    pub(super) labels: Labels,
    pub(super) owner: Option<Owner>,
    /// Its name, where it is given.
    pub(super) location: Location,
}

/// Who made an object, and looks after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::frontend) struct Owner {
    pub(in crate::frontend) kind: String,
    pub(in crate::frontend) name: String,
}

/// Whether objects of a kind belong to a namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// They do.
    Namespaced,
    /// They belong to the cluster.
    Cluster,
}

/// The metadata of an object whose annotations have no effect.
pub(super) fn read(document: &Node, scope: Scope, problems: &mut Problems) -> Option<Metadata> {
    let Some(node) = document.get("metadata") else {
        problems.error(
            "missing-key",
            &document.location,
            "'metadata' is missing",
            "give it metadata with a name",
        );
        return None;
    };
    let keys = [
        "name",
        "namespace",
        "generateName",
        "labels",
        "ownerReferences",
    ];
    let metadata = Open::of(node, "metadata", &keys, problems)?;
    let (name, location) = match (metadata.get("name"), metadata.get("generateName")) {
        (Some(node), _) => (object_name(node, problems), &node.location),
        // The API server would put random letters behind it.
        (None, Some(node)) => {
            let begin = problems.text(node).map(|text| text.trim_end_matches('-'));
            (begin.map(str::to_owned), &node.location)
        }
        (None, None) => {
            problems.error(
                "missing-key",
                &node.location,
                "'name' is missing",
                "every object has metadata.name",
            );
            (None, &node.location)
        }
    };
    let namespace = match (scope, metadata.get("namespace")) {
        (Scope::Cluster, _) => Some(String::new()),
        (Scope::Namespaced, Some(node)) => object_name(node, problems),
        (Scope::Namespaced, None) => Some("default".to_owned()),
    };
    let labels = match metadata.get("labels") {
        Some(node) => problems.labels(node),
        None => Some(Labels::new()),
    };
    let owner = (metadata.get("ownerReferences")).and_then(|node| owner(node, problems));
    Some(Metadata {
        name: ObjectName {
            namespace: namespace?,
            name: name?,
        },
        labels: labels?,
        owner,
        location: location.clone(),
    })
}

/// The owner that controls the object, or else the first one.
fn owner(list: &Node, problems: &mut Problems) -> Option<Owner> {
    let mut first = None;
    for item in problems.list(list)? {
        let keys = ["kind", "name", "controller"];
        let Some(reference) = Open::of(item, "an owner reference", &keys, problems) else {
            continue;
        };
        let mut text = |key| reference.get(key).and_then(|node| problems.text(node));
        let (Some(kind), Some(name)) = (text("kind"), text("name")) else {
            continue;
        };
        let owner = Owner {
            kind: kind.to_owned(),
            name: name.to_owned(),
        };
        let controller = reference.get("controller").map(|node| &node.value);
        if controller == Some(&Value::Boolean(true)) {
            return Some(owner);
        }
        first.get_or_insert(owner);
    }
    first
}

/// A subdomain as RFC 1123 has it: what the API server takes.
fn object_name(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = problems.text(node)?;
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if text.len() > 253
        || !text.chars().all(inside)
        || !text.starts_with(edge)
        || !text.ends_with(edge)
    {
        problems.error(
            "name-malformed",
            &node.location,
            format!("'{text}' cannot be the name of an object"),
            "Kubernetes takes lower-case letters, digits, '-' and '.', with a letter or digit at \
             both ends",
        );
        return None;
    }
    Some(text.to_owned())
}

/// What the metadata of a document says of it, whatever else is wrong with it. Labels
/// and annotations that are no text, and that no API server would take, are left out.
pub(super) fn described(document: &Node) -> Object {
    let metadata = document.get("metadata");
    let entries = |key: &str| match metadata.and_then(|node| node.get(key)).map(|it| &it.value) {
        Some(Value::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    let name = metadata.and_then(|node| node.get("name").or_else(|| node.get("generateName")));
    let text = |node: &Node| match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Boolean(_) | Value::Integer(_) | Value::Fraction => {
            Some(node.location.text().to_owned())
        }
        Value::Null | Value::List(_) | Value::Map(_) => None,
    };
    Object {
        labels: (entries("labels").iter())
            .filter_map(|entry| Some((entry.key.clone(), text(&entry.value)?)))
            .collect(),
        annotations: (entries("annotations").iter())
            .filter_map(|entry| {
                let annotation = Annotation {
                    value: text(&entry.value)?,
                    location: entry.value.location.clone(),
                };
                Some((entry.key.clone(), annotation))
            })
            .collect(),
        location: name.unwrap_or(document).location.clone(),
    }
}

/// Annotations are notes, but for some of Cilium's, which change how a Service
/// is exposed or whether traffic goes through a proxy. Two that a policy may have are
/// understood.
fn annotations(metadata: &Known<'_>, subject: Subject, problems: &mut Problems) {
    let Some(annotations) = metadata.get("annotations") else {
        return;
    };
    let Value::Map(entries) = &annotations.value else {
        return;
    };
    let understood = [DRY_RUN, XDP_VALIDATED];
    for entry in entries {
        let domain = entry.key.split('/').next().unwrap_or_default();
        if domain != "cilium.io" && !domain.ends_with(".cilium.io") {
            continue;
        }
        if !understood.contains(&entry.key.as_str()) {
            let near = closest(&entry.key, understood).filter(|_| subject == Subject::Policy);
            let near = near.map_or_else(String::new, |near| format!("did you mean '{near}'? "));
            problems.error(
                "unsupported-field",
                &entry.key_location,
                format!("the annotation '{}' is not understood", entry.key),
                format!(
                    "{near}it tells Cilium to treat the object differently, which this version \
                     cannot do"
                ),
            );
        } else if subject == Subject::Other {
            problems.error(
                "unsupported-field",
                &entry.key_location,
                format!("the annotation '{}' is about policies only", entry.key),
                "write it on the policy, or leave it out",
            );
        } else if let Some(value) = problems.text(&entry.value)
            && !["true", "false"].contains(&value)
        {
            problems.error(
                "annotation-value",
                &entry.value.location,
                format!("'{}' is \"true\" or \"false\", not '{value}'", entry.key),
                "write one of the two, in quotes, or leave the annotation out",
            );
        }
    }
}
