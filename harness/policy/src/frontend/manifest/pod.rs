//! Reads what bears on packets in a pod's spec and status.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::problems::Problems;
use super::super::tree::{Node, Value};
use super::fields::Open;
use super::remarks::{Remark, Remarks};
use crate::diagnostic::{Diagnostic, Location};
use crate::model::NamedPort;
use crate::port::{ProtoPort, Protocol};

/// Longest name of a port (RFC 6335 §5.1).
const LONGEST_PORT_NAME: usize = 15;

pub(super) const PROTOCOLS: [(&str, Protocol); 3] = [
    ("TCP", Protocol::Tcp),
    ("UDP", Protocol::Udp),
    ("SCTP", Protocol::Sctp),
];

/// What a pod's spec says.
#[derive(Debug, Default)]
pub(super) struct PodSpec {
    /// Ports with names, in the order of the file.
    pub(super) named_ports: Vec<NamedPort>,
    /// All of its ports, in the order of the file, each once.
    pub(super) ports: Vec<ProtoPort>,
    pub(super) service_account: Option<String>,
    pub(super) host_network: bool,
}

/// What a pod's status says.
#[derive(Debug, Default)]
pub(super) struct PodStatus {
    pub(super) addresses: Vec<(IpAddr, Location)>,
    /// It has run, and will not run again.
    pub(super) finished: bool,
}

/// Reads a pod's spec. Volumes, images, probes, security contexts and whatever
/// else it has do not bear on packets.
pub(super) fn spec(node: &Node, remarks: &mut Remarks, problems: &mut Problems) -> PodSpec {
    let keys = [
        "containers",
        "initContainers",
        "hostNetwork",
        "serviceAccountName",
        "serviceAccount",
    ];
    let mut spec = PodSpec::default();
    let Some(fields) = Open::of(node, "a pod's spec", &keys, problems) else {
        return spec;
    };
    // `serviceAccount` is the older name of the same field.
    spec.service_account = (fields.get("serviceAccountName"))
        .or_else(|| fields.get("serviceAccount"))
        .and_then(|node| match &node.value {
            Value::Text(text) if text.is_empty() => None,
            _ => problems.text(node).map(str::to_owned),
        });
    spec.host_network = (fields.get("hostNetwork"))
        .and_then(|node| problems.boolean(node))
        .unwrap_or(false);
    let mut names = BTreeMap::new();
    for (key, sidecars_only) in [("containers", false), ("initContainers", true)] {
        let list = fields.get(key).and_then(|node| problems.list(node));
        for item in list.unwrap_or(&[]) {
            container(
                item,
                sidecars_only,
                &mut names,
                &mut spec,
                remarks,
                problems,
            );
        }
    }
    spec
}

fn container<'n>(
    item: &'n Node,
    sidecars_only: bool,
    names: &mut BTreeMap<&'n str, &'n Location>,
    spec: &mut PodSpec,
    remarks: &mut Remarks,
    problems: &mut Problems,
) {
    let keys = ["ports", "restartPolicy", "name"];
    let Some(fields) = Open::of(item, "a container", &keys, problems) else {
        return;
    };
    // An init container that is restarted goes on running beside the others.
    let always = Value::Text("Always".to_owned());
    let sidecar = fields.get("restartPolicy").map(|node| &node.value) == Some(&always);
    if sidecars_only && !sidecar {
        return;
    }
    let list = fields.get("ports").and_then(|node| problems.list(node));
    let mut own = BTreeMap::new();
    for item in list.unwrap_or(&[]) {
        port(item, names, &mut own, spec, remarks, problems);
    }
}

fn port<'n>(
    item: &'n Node,
    names: &mut BTreeMap<&'n str, &'n Location>,
    own: &mut BTreeMap<&'n str, &'n Location>,
    spec: &mut PodSpec,
    remarks: &mut Remarks,
    problems: &mut Problems,
) {
    let keys = ["containerPort", "name", "protocol", "hostPort"];
    let Some(fields) = Open::of(item, "a container's port", &keys, problems) else {
        return;
    };
    if let Some(node) = fields.get("hostPort") {
        remarks.add(Remark::HostPort, &node.location);
    }
    let protocol = match fields.get("protocol") {
        Some(node) => problems.choice(node, &PROTOCOLS),
        None => Some(Protocol::Tcp),
    };
    let number = match fields.get("containerPort") {
        Some(node) => problems.number::<u16>(node, 1..=65535),
        None => {
            problems.warn(
                "port-without-number",
                &item.location,
                "a container's port without 'containerPort' says nothing",
                "write the port's number as containerPort",
            );
            None
        }
    };
    let name = (fields.get("name")).and_then(|node| Some((port_name(node, problems)?, node)));
    if let Some((name, Node { location, .. })) = name {
        if let Some(first) = own.get(name) {
            let duplicate = Diagnostic::error(
                "duplicate-port-name",
                location,
                format!("the container has a port '{name}' already"),
                "give each port of a container a name of its own",
            );
            problems.push(duplicate.with_label(first, "the first one"));
            return;
        }
        if let Some(first) = names.get(name) {
            let duplicate = Diagnostic::error(
                "duplicate-port-name",
                location,
                format!("another container of the pod has a port '{name}' already"),
                "the first one is the port that services and policies mean by this name",
            );
            problems.push(duplicate.with_label(first, "the first one").into_warning());
        }
        own.insert(name, location);
        names.entry(name).or_insert(location);
    }
    let (Some(port), Some(protocol)) = (number, protocol) else {
        return;
    };
    let port = ProtoPort { port, protocol };
    if !spec.ports.contains(&port) {
        spec.ports.push(port);
    }
    if let Some((name, _)) = name {
        add_named(spec, name, port);
    }
}

/// Adds a port's name; of several with one name and protocol the first counts.
pub(super) fn add_named(spec: &mut PodSpec, name: &str, port: ProtoPort) {
    let known = |named: &NamedPort| named.name == name && named.port.protocol == port.protocol;
    if !spec.named_ports.iter().any(known) {
        spec.named_ports.push(NamedPort {
            name: name.to_owned(),
            port,
        });
    }
}

/// The name of a port, as RFC 6335 has names of services.
fn port_name<'n>(node: &'n Node, problems: &mut Problems) -> Option<&'n str> {
    if node.value == Value::Text(String::new()) {
        return None;
    }
    let text = problems.text(node)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.len() > LONGEST_PORT_NAME
        || !text.chars().all(plain)
        || !text.contains(|c: char| c.is_ascii_lowercase())
        || text.starts_with('-')
        || text.ends_with('-')
        || text.contains("--")
    {
        problems.error(
            "port-name-malformed",
            &node.location,
            format!("'{text}' cannot be the name of a port"),
            "Kubernetes takes up to 15 lower-case letters, digits and single '-', at least one \
             letter among them",
        );
        return None;
    }
    Some(text)
}

/// Reads a pod's status.
pub(super) fn status(node: &Node, problems: &mut Problems) -> PodStatus {
    let mut status = PodStatus::default();
    let keys = ["podIPs", "podIP", "phase"];
    let Some(fields) = Open::of(node, "a pod's status", &keys, problems) else {
        return status;
    };
    status.finished = (fields.get("phase")).is_some_and(|node| {
        let finished = ["Succeeded", "Failed"];
        matches!(&node.value, Value::Text(phase) if finished.contains(&phase.as_str()))
    });
    let mut add = |node: &Node, problems: &mut Problems| {
        if node.value == Value::Text(String::new()) {
            return;
        }
        if let Some(address) = problems.address(node)
            && !status.addresses.iter().any(|(known, _)| *known == address)
        {
            status.addresses.push((address, node.location.clone()));
        }
    };
    if let Some(node) = fields.get("podIP") {
        add(node, problems);
    }
    let list = fields.get("podIPs").and_then(|node| problems.list(node));
    for item in list.unwrap_or(&[]) {
        let entry = Open::of(item, "an entry of podIPs", &["ip"], problems);
        if let Some(node) = entry.and_then(|entry| entry.get("ip")) {
            add(node, problems);
        }
    }
    status
}
