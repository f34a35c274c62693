//! What objects say of themselves, beside what decides about packets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Backend, Labels, ListedSource, ObjectName};
use crate::diagnostic::Location;
use crate::port::ProtoPort;

/// `"true"` on a policy: it counts what it would drop, and drops nothing.
pub const DRY_RUN: &str = "policy.cilium.io/dry-run";

/// `"true"` on a policy: somebody has seen it hold in the XDP path.
pub const XDP_VALIDATED: &str = "policy.cilium.io/ebpf-xdp-validated";

/// Policies, Services and Namespaces as their manifests describe them. Nothing in here
/// decides about a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// Each object's metadata, by kind and name. Kinds are as manifests write them:
    /// those of [`super::PolicyKind::name`], `Service` and `Namespace`. Names of what is
    /// in no namespace have none.
    pub described: BTreeMap<&'static str, BTreeMap<ObjectName, Object>>,
    /// Every Service, in the order of the manifests, those without node port among them.
    pub services: Vec<Service>,
}

/// What an object's metadata says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its labels.
    pub labels: Labels,
    /// Its annotations, by key.
    pub annotations: BTreeMap<String, Annotation>,
    /// Where its name stands.
    pub location: Location,
}

/// The value of an annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The value.
    pub value: String,
    /// Where it stands.
    pub location: Location,
}

/// A `v1 Service`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: ObjectName,
    /// How it is reached.
    pub kind: ServiceKind,
    /// Indices into [`super::Policy::workloads`] of those that its selector selects,
    /// ascending; `None` where it has no selector.
    pub selected: Option<Vec<usize>>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Sources that its load balancer takes; every one if empty.
    pub source_ranges: Vec<ListedSource>,
    /// Addresses that a load balancer has for it: those of its status, or else
    /// `loadBalancerIP`, which asks for one.
    pub balancers: Vec<IpAddr>,
    /// Whether `externalTrafficPolicy` is `Local`, so that a client's address reaches
    /// the backends.
    pub keeps_client: bool,
    /// The object; its name stands at [`Object::location`].
    pub location: Location,
}

/// How a Service is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKind {
    /// At an address inside the cluster.
    ClusterIp,
    /// At a port of every node as well.
    NodePort,
    /// At a load balancer outside the cluster as well, and mostly at node ports.
    LoadBalancer,
    /// By a name that DNS answers with another.
    ExternalName,
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The port at the Service's own address, and its protocol.
    pub port: ProtoPort,
    /// The port of the node, if the manifest gives one.
    pub node_port: Option<u16>,
    /// Who receives what is sent to it, ascending; none where no workload that is
    /// selected has the port.
    pub backends: Vec<Backend>,
    /// The whole entry.
    pub location: Location,
}

impl Objects {
    /// What is known of an object.
    pub fn get(&self, kind: &str, name: &ObjectName) -> Option<&Object> {
        self.described.get(kind)?.get(name)
    }
}

impl Object {
    /// The annotation, if its value is `"true"`.
    pub fn set(&self, annotation: &str) -> Option<&Annotation> {
        (self.annotations.get(annotation)).filter(|annotation| annotation.value == "true")
    }
}

impl Service {
    /// Whether it is meant to be reached from outside the cluster.
    pub fn is_exposed(&self) -> bool {
        match self.kind {
            ServiceKind::NodePort | ServiceKind::LoadBalancer => true,
            ServiceKind::ClusterIp | ServiceKind::ExternalName => false,
        }
    }
}

impl ServiceKind {
    /// The word in `type`.
    pub const fn name(self) -> &'static str {
        match self {
            ServiceKind::ClusterIp => "ClusterIP",
            ServiceKind::NodePort => "NodePort",
            ServiceKind::LoadBalancer => "LoadBalancer",
            ServiceKind::ExternalName => "ExternalName",
        }
    }
}
