//! Reads a `CiliumCIDRGroup`.

use super::cidr;
use super::draft::given;
use crate::diagnostic::Location;
use crate::frontend::manifest::fields::{Keys, Known};
use crate::frontend::manifest::metadata;
use crate::frontend::problems::Problems;
use crate::frontend::tree::{Node, Value};
use crate::model::Labels;
use crate::prefix::Prefix;

const OBJECT: Keys = Keys {
    what: "a CiliumCIDRGroup",
    read: &["metadata", "spec"],
    ignored: &["apiVersion", "kind", "status"],
};

const SPEC: Keys = Keys {
    what: "a CiliumCIDRGroup's spec",
    read: &["externalCIDRs"],
    // Keys that would make a group of groups.
    ignored: &["cidrGroupRef", "cidrGroupRefs", "cidrGroupSelector"],
};

/// Prefixes under a name.
#[derive(Clone, Debug)]
pub(in crate::frontend) struct CidrGroup {
    pub(in crate::frontend) name: String,
    pub(in crate::frontend) location: Location,
    pub(super) labels: Labels,
    pub(super) prefixes: Vec<Prefix>,
}

/// Reads one object.
pub(super) fn read(document: &Node, problems: &mut Problems) -> Option<CidrGroup> {
    let object = Known::of(document, &OBJECT, problems)?;
    let metadata = object.need("metadata", "give it metadata with a name", problems);
    let name = metadata.and_then(|node| metadata::name(node, metadata::Subject::Other, problems));
    let mut labels = Labels::new();
    let mut sound = object.whole;
    if let Some(node) = metadata.and_then(|node| given(node, "labels")) {
        for entry in problems.named(node)? {
            match problems.label_value(&entry.value) {
                Some(value) => drop(labels.insert(entry.key.clone(), value.to_owned())),
                None => sound = false,
            }
        }
    }
    let help = "give it a spec with externalCIDRs";
    let spec = object.need("spec", help, problems)?;
    let fields = Known::of(spec, &SPEC, problems)?;
    if let Value::Map(entries) = &spec.value {
        for entry in entries
            .iter()
            .filter(|entry| SPEC.ignored.contains(&&*entry.key))
        {
            sound = false;
            nested(&entry.key_location, &entry.key, problems);
        }
    }
    let items = match given(spec, "externalCIDRs") {
        Some(node) => problems.list(node)?,
        None => &[],
    };
    let mut prefixes = Vec::new();
    for item in items {
        match &item.value {
            Value::Text(text) if is_name(text) => {
                sound = false;
                nested(&item.location, text, problems);
            }
            Value::Map(_) => {
                sound = false;
                nested(&item.location, item.location.text(), problems);
            }
            _ => match cidr::prefix(item, problems) {
                Some(prefix) => prefixes.push(prefix),
                None => sound = false,
            },
        }
    }
    let name = name?.name;
    (sound && fields.whole).then(|| CidrGroup {
        name,
        location: document.location.clone(),
        labels,
        prefixes,
    })
}

/// Whether a text is more like the name of a group than like a prefix.
fn is_name(text: &str) -> bool {
    !text.contains(['/', ':']) && text.contains(|c: char| c.is_ascii_alphabetic())
}

/// Groups of groups could name each other in a circle; upstream has none.
fn nested(location: &Location, what: &str, problems: &mut Problems) {
    problems.error(
        "cidr-group-nested",
        location,
        format!("a CIDR group holds prefixes, no other group: '{what}'"),
        "write the prefixes out; a rule may name several groups, one entry of fromCIDRSet each",
    );
}
