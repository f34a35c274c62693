//! Reads pods, and what makes pods.

use std::net::IpAddr;

use super::super::problems::Problems;
use super::super::tree::{Node, Value};
use super::Objects;
use super::fields::Open;
use super::kinds::Template;
use super::metadata::{self, Metadata, Owner, Scope};
use super::pod::{self, PodSpec, PodStatus};
use super::remarks::Remark;
use crate::diagnostic::Location;
use crate::model::{Labels, NamedPort, ObjectName};
use crate::port::ProtoPort;

/// A pod, or what makes pods.
#[derive(Clone, Debug)]
pub(in crate::frontend) struct WorkloadObject {
    pub(in crate::frontend) rank: Rank,
    pub(in crate::frontend) kind: &'static str,
    pub(in crate::frontend) name: ObjectName,
    /// Labels of the pods, without what Cilium derives.
    pub(in crate::frontend) labels: Labels,
    pub(in crate::frontend) named_ports: Vec<NamedPort>,
    /// Every port that its containers declare.
    pub(in crate::frontend) ports: Vec<ProtoPort>,
    pub(in crate::frontend) service_account: Option<String>,
    pub(in crate::frontend) host_network: bool,
    /// Addresses of its status.
    pub(in crate::frontend) addresses: Vec<(IpAddr, Location)>,
    pub(in crate::frontend) owner: Option<Owner>,
    /// Nothing of it runs: it has finished, or has no replicas.
    pub(in crate::frontend) idle: bool,
    /// Its name, where it is given.
    pub(in crate::frontend) location: Location,
}

/// How near an object is to what really runs, the nearest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::frontend) enum Rank {
    /// It makes objects that make pods, or stands on top for another reason.
    Top,
    /// It makes pods for an object above it, if there is one.
    Between,
    /// It is a pod.
    Pod,
}

/// Reads a pod.
pub(super) fn pod(document: &Node, objects: &mut Objects, problems: &mut Problems) {
    let given = |key| {
        let node: Option<&Node> = document.get(key);
        node.filter(|node| node.value != Value::Null)
    };
    let metadata = metadata::read(document, Scope::Namespaced, problems);
    let spec = match given("spec") {
        Some(node) => pod::spec(node, &mut objects.remarks, problems),
        None => PodSpec::default(),
    };
    let status = match given("status") {
        Some(node) => pod::status(node, problems),
        None => PodStatus::default(),
    };
    let Some(metadata) = metadata else {
        return;
    };
    let Metadata {
        name,
        labels,
        owner,
        location,
    } = metadata;
    let object = WorkloadObject {
        rank: Rank::Pod,
        kind: "Pod",
        name,
        labels,
        named_ports: spec.named_ports,
        ports: spec.ports,
        service_account: spec.service_account,
        host_network: spec.host_network,
        addresses: status.addresses,
        // A pod that kubelet itself runs is owned by its node.
        owner: owner.filter(|owner| owner.kind != "Node"),
        idle: status.finished,
        location,
    };
    add(object, objects, problems);
}

/// Reads what makes pods.
pub(super) fn template(
    kind: Template,
    document: &Node,
    objects: &mut Objects,
    problems: &mut Problems,
) {
    let metadata = metadata::read(document, Scope::Namespaced, problems);
    let template = template_of(kind, document, problems);
    let Some(template) = template else {
        return;
    };
    let spec = match template.spec {
        Some(node) if kind.is_machine() => machine(node, objects, problems),
        Some(node) => pod::spec(node, &mut objects.remarks, problems),
        None => PodSpec::default(),
    };
    let status = match document.get("status") {
        Some(node) if kind == Template::VirtualMachineInstance => machine_addresses(node, problems),
        _ => Vec::new(),
    };
    let Some(Metadata {
        name,
        labels: own_labels,
        owner,
        location,
    }) = metadata
    else {
        return;
    };
    let labels = match template.labels {
        FoundLabels::OfObject => Some(own_labels),
        FoundLabels::OfTemplate(labels) => labels,
    };
    let Some(labels) = labels else {
        return;
    };
    let object = WorkloadObject {
        rank: kind.rank(),
        kind: kind.name(),
        name,
        labels,
        named_ports: spec.named_ports,
        ports: spec.ports,
        service_account: spec.service_account,
        host_network: spec.host_network,
        addresses: status,
        owner: owner.filter(|owner| kind.owners().contains(&owner.kind.as_str())),
        idle: template.idle,
        location,
    };
    add(object, objects, problems);
}

fn add(object: WorkloadObject, objects: &mut Objects, problems: &mut Problems) {
    if objects.is_new(object.kind, &object.name, &object.location, problems) {
        objects.workloads.push(object);
    }
}

/// The part of an object that pods are made from.
struct Found<'n> {
    labels: FoundLabels,
    spec: Option<&'n Node>,
    idle: bool,
}

/// Where the labels of pods stand.
enum FoundLabels {
    /// In the object's own metadata.
    OfObject,
    /// In the template's; `None` if they could not be read.
    OfTemplate(Option<Labels>),
}

fn template_of<'n>(
    kind: Template,
    document: &'n Node,
    problems: &mut Problems,
) -> Option<Found<'n>> {
    let name = kind.name();
    let spec = part(document, "spec", name, problems)?;
    if kind == Template::VirtualMachineInstance {
        return Some(Found {
            labels: FoundLabels::OfObject,
            spec: Some(spec),
            idle: false,
        });
    }
    let replicas = Open::of(
        spec,
        "a workload's spec",
        &["template", "replicas"],
        problems,
    )?
    .get("replicas")
    .and_then(|node| problems.integer(node, 0..=u64::from(u32::MAX >> 1)));
    let holder = match kind {
        Template::CronJob => {
            let job = part(spec, "jobTemplate", name, problems)?;
            part(job, "spec", name, problems)?
        }
        _ => spec,
    };
    let template = part(holder, "template", name, problems)?;
    let fields = Open::of(template, "a template", &["metadata", "spec"], problems)?;
    let labels = fields
        .get("metadata")
        .and_then(|node| Open::of(node, "metadata", &["labels"], problems))
        .and_then(|metadata| metadata.get("labels"));
    let labels = match labels {
        Some(node) => problems.labels(node),
        None => Some(Labels::new()),
    };
    Some(Found {
        labels: FoundLabels::OfTemplate(labels),
        spec: fields.get("spec"),
        idle: replicas == Some(0),
    })
}

/// A mapping without which there would be no pods.
fn part<'n>(
    node: &'n Node,
    key: &'static str,
    kind: &str,
    problems: &mut Problems,
) -> Option<&'n Node> {
    let found = node.get(key).filter(|node| node.value != Value::Null);
    if found.is_none() {
        problems.error(
            "missing-key",
            &node.location,
            format!("'{key}' is missing"),
            format!("a {kind} needs it to make pods"),
        );
    }
    found
}

/// Reads the spec of a virtual machine, whose pod serves the ports of the
/// interface in the cluster's network.
fn machine(node: &Node, objects: &mut Objects, problems: &mut Problems) -> PodSpec {
    let mut spec = PodSpec::default();
    let Some(fields) = Open::of(node, "a machine's spec", &["domain", "networks"], problems) else {
        return spec;
    };
    let networks = fields.get("networks").and_then(|node| problems.list(node));
    if (networks.unwrap_or(&[]).iter()).any(|network| network.get("multus").is_some()) {
        (objects.remarks).add(Remark::FurtherNetworks, &node.location);
    }
    let interfaces = fields
        .get("domain")
        .and_then(|domain| domain.get("devices")?.get("interfaces"))
        .and_then(|node| problems.list(node));
    for interface in interfaces.unwrap_or(&[]) {
        let ports = interface.get("ports").and_then(|node| problems.list(node));
        for item in ports.unwrap_or(&[]) {
            machine_port(item, &mut spec, problems);
        }
    }
    spec
}

fn machine_port(item: &Node, spec: &mut PodSpec, problems: &mut Problems) {
    let keys = ["port", "name", "protocol"];
    let Some(fields) = Open::of(item, "an interface's port", &keys, problems) else {
        return;
    };
    let protocol = match fields.get("protocol") {
        Some(node) => problems.choice(node, &pod::PROTOCOLS),
        None => Some(crate::port::Protocol::Tcp),
    };
    let number = (fields.get("port")).and_then(|node| problems.number::<u16>(node, 1..=65535));
    let (Some(port), Some(protocol)) = (number, protocol) else {
        return;
    };
    let port = ProtoPort { port, protocol };
    if !spec.ports.contains(&port) {
        spec.ports.push(port);
    }
    if let Some(name) = (fields.get("name")).and_then(|node| problems.text(node)) {
        pod::add_named(spec, name, port);
    }
}

/// Addresses of a machine's first interface.
fn machine_addresses(status: &Node, problems: &mut Problems) -> Vec<(IpAddr, Location)> {
    let interfaces = status
        .get("interfaces")
        .filter(|node| node.value != Value::Null)
        .and_then(|node| problems.list(node));
    let Some(first) = interfaces.and_then(<[Node]>::first) else {
        return Vec::new();
    };
    let listed = first
        .get("ipAddresses")
        .and_then(|node| problems.list(node));
    let single = first.get("ipAddress").filter(|_| listed.is_none());
    let mut found: Vec<(IpAddr, Location)> = Vec::new();
    for node in listed.unwrap_or(&[]).iter().chain(single) {
        if let Some(address) = problems.address(node)
            && !found.iter().any(|(known, _)| *known == address)
        {
            found.push((address, node.location.clone()));
        }
    }
    found
}

impl Template {
    /// Whether it makes virtual machines.
    fn is_machine(self) -> bool {
        matches!(
            self,
            Template::VirtualMachine | Template::VirtualMachineInstance
        )
    }

    fn rank(self) -> Rank {
        match self {
            Template::Deployment
            | Template::StatefulSet
            | Template::DaemonSet
            | Template::CronJob
            | Template::VirtualMachine => Rank::Top,
            Template::ReplicaSet
            | Template::ReplicationController
            | Template::Job
            | Template::VirtualMachineInstance => Rank::Between,
        }
    }

    /// Kinds of owners in whose name it runs. What else owns it (an operator's
    /// object, say) may own workloads of many sorts.
    fn owners(self) -> &'static [&'static str] {
        match self {
            Template::ReplicaSet => &["Deployment"],
            Template::ReplicationController => &["DeploymentConfig"],
            Template::Job => &["CronJob"],
            Template::VirtualMachineInstance => &["VirtualMachine"],
            Template::Deployment
            | Template::StatefulSet
            | Template::DaemonSet
            | Template::CronJob
            | Template::VirtualMachine => &[],
        }
    }
}
