//! Reads Kubernetes manifests: `v1 Service` and `cilium.io/v2
//! CiliumNetworkPolicy`.
//!
//! A field that could change what is allowed is read or refused, never skipped.

mod fields;
mod metadata;
mod policy;
mod rule;
mod service;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use service::Service;

use super::problems::Problems;
use super::suggest::did_you_mean;
use super::tree::{self, Node, Value};
use crate::diagnostic::{Diagnostic, Location, SourceFile};
use crate::model::{NetworkPolicy, ObjectName};

/// What the manifests of a scenario say together.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) services: Vec<Service>,
    pub(super) policies: Vec<PolicyObject>,
    /// Whether some object could not be read.
    pub(super) broken: bool,
    seen: BTreeMap<(&'static str, ObjectName), Location>,
}

/// A policy, and where its selector stands.
#[derive(Debug)]
pub(super) struct PolicyObject {
    pub(super) policy: NetworkPolicy,
    pub(super) selector_location: Location,
}

/// Kinds of objects that are understood, by `apiVersion` and `kind`.
const KINDS: [(&str, &str); 2] = [("v1", "Service"), ("cilium.io/v2", "CiliumNetworkPolicy")];

/// Reads the documents of a manifest file.
pub(super) fn read(file: &Arc<SourceFile>, objects: &mut Objects, problems: &mut Problems) {
    let before = problems.count();
    match tree::parse(file, problems) {
        Some(documents) => {
            if documents.is_empty() {
                problems.push(super::file_empty(file));
            }
            for document in &documents {
                object(document, objects, problems);
            }
        }
        None => objects.broken = true,
    }
    objects.broken |= problems.count() > before;
}

fn object(document: &Node, objects: &mut Objects, problems: &mut Problems) {
    let (api_version, kind) = (document.get("apiVersion"), document.get("kind"));
    let (Some(api_version), Some(kind)) = (api_version, kind) else {
        problems.error(
            "not-a-manifest",
            &document.location,
            "a manifest has 'apiVersion' and 'kind'",
            "list only Kubernetes manifests under 'manifests'",
        );
        return;
    };
    let (Some(api), Some(kind_name)) = (problems.text(api_version), problems.text(kind)) else {
        return;
    };
    match (api, kind_name) {
        ("v1", "Service") => {
            if let Some(service) = service::read(document, problems)
                && objects.is_new("Service", &service.name, &service.location, problems)
            {
                objects.services.push(service);
            }
        }
        ("cilium.io/v2", "CiliumNetworkPolicy") => {
            if let Some(object) = policy::read(document, problems) {
                let NetworkPolicy { name, location, .. } = &object.policy;
                if objects.is_new("CiliumNetworkPolicy", name, location, problems) {
                    objects.policies.push(object);
                }
            }
        }
        _ => {
            let known = KINDS.map(|(api, kind)| format!("{api} {kind}"));
            problems.error(
                "unsupported-kind",
                &kind.location,
                format!("this version does not understand '{api} {kind_name}'"),
                did_you_mean(
                    &format!("{api} {kind_name}"),
                    known.iter().map(String::as_str),
                ),
            );
        }
    }
}

impl Objects {
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

/// Whether the document says what it is, as every manifest does.
pub(super) fn is_manifest(document: &Node) -> bool {
    match document.value {
        Value::Map(_) => document.get("apiVersion").is_some() && document.get("kind").is_some(),
        _ => false,
    }
}
