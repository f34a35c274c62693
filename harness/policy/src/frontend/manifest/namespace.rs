//! Reads a `v1 Namespace`.

use super::super::problems::Problems;
use super::super::tree::Node;
use super::metadata::{self, Metadata, Scope};
use super::{NamespaceObject, Objects};

/// Reads one object.
pub(super) fn read(document: &Node, objects: &mut Objects, problems: &mut Problems) {
    let Some(metadata) = metadata::read(document, Scope::Cluster, problems) else {
        return;
    };
    let Metadata {
        name,
        labels,
        owner: _,
        location,
    } = metadata;
    if objects.is_new("Namespace", &name, &location, problems) {
        objects.describe("Namespace", &name, document);
        let object = NamespaceObject { labels, location };
        objects.namespaces.insert(name.name, object);
    }
}
