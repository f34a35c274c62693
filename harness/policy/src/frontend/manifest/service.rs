//! Reads a `v1 Service` of type NodePort.

use super::super::problems::Problems;
use super::super::tree::{Node, Value};
use super::fields::{Keys, Known, filled_list, supported};
use super::metadata;
use crate::diagnostic::Location;
use crate::model::{Labels, ObjectName};
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Family;

/// Node ports that Kubernetes assigns and takes unless told otherwise.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;

const OBJECT: Keys = Keys {
    what: "a Service",
    read: &["metadata", "spec"],
    ignored: &["apiVersion", "kind", "status"],
};

const SPEC: Keys = Keys {
    what: "a Service's spec",
    read: &[
        "type",
        "selector",
        "ports",
        "clusterIP",
        "ipFamilies",
        "ipFamilyPolicy",
        "externalTrafficPolicy",
    ],
    ignored: &[
        // Addresses inside the cluster; frames from outside name the node's.
        "clusterIPs",
        // Which of several backends a client stays with; all are judged alike.
        "sessionAffinity",
        "sessionAffinityConfig",
        // Traffic that begins inside the cluster.
        "internalTrafficPolicy",
        // Load balancers only.
        "allocateLoadBalancerNodePorts",
        // Whether a pod counts before it is ready; workloads here are.
        "publishNotReadyAddresses",
    ],
};

const PORT: Keys = Keys {
    what: "a port of a Service",
    read: &["port", "targetPort", "nodePort", "protocol"],
    // A hint about what is spoken, which Kubernetes does not enforce.
    ignored: &["name", "appProtocol"],
};

const PROTOCOLS: [(&str, Protocol); 3] = [
    ("TCP", Protocol::Tcp),
    ("UDP", Protocol::Udp),
    ("SCTP", Protocol::Sctp),
];

/// A service as its manifest has it.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: ObjectName,
    pub(crate) selector: Labels,
    pub(crate) selector_location: Location,
    pub(crate) ports: Vec<ServicePort>,
    /// Families that it says it is reached by, and where; `None` is every
    /// family of the node.
    pub(crate) families: Option<(Vec<Family>, Location)>,
    pub(crate) location: Location,
}

/// A port of a service.
#[derive(Debug)]
pub(crate) struct ServicePort {
    pub(crate) node_port: ProtoPort,
    pub(crate) target_port: u16,
    /// The whole entry.
    pub(crate) location: Location,
}

/// Reads one object.
pub(super) fn read(document: &Node, problems: &mut Problems) -> Option<Service> {
    let object = Known::of(document, &OBJECT, problems)?;
    let name = object
        .need("metadata", "give it metadata with a name", problems)
        .and_then(|node| metadata::name(node, problems));
    let spec = object
        .need("spec", "give it a spec of type NodePort", problems)
        .and_then(|node| Known::of(node, &SPEC, problems))?;
    match spec.get("type") {
        Some(node) => {
            supported(node, "type", &[("NodePort", ())], problems);
        }
        None => problems.error(
            "unsupported-field",
            &spec.node.location,
            "a Service without 'type' is a ClusterIP, which frames from outside cannot reach",
            "this version understands: type: NodePort",
        ),
    }
    // Where the source address is rewritten on the way to another node; the
    // filter has judged the frame before.
    if let Some(node) = spec.get("externalTrafficPolicy") {
        let policies = [("Cluster", ()), ("Local", ())];
        supported(node, "externalTrafficPolicy", &policies, problems);
    }
    if let Some(node) = spec.get("clusterIP")
        && node.value == Value::Text("None".to_owned())
    {
        problems.error(
            "unsupported-field",
            &node.location,
            "a headless Service cannot have node ports",
            "leave 'clusterIP' out",
        );
    }
    let families = families(&spec, problems);
    let selector_help = "a Service without a selector has backends that are managed elsewhere: \
                         give it the labels of a workload";
    let selector = (spec.need("selector", selector_help, problems)).and_then(|node| {
        let labels = metadata::selector(node, problems)?;
        if labels.is_empty() {
            problems.error(
                "empty-selector",
                &node.location,
                "the selector is empty",
                selector_help,
            );
            return None;
        }
        Some((labels, node.location.clone()))
    });
    let ports = spec
        .need("ports", "list at least one port with a nodePort", problems)
        .and_then(|node| filled_list(node, "ports", "list a port with a nodePort", problems))
        .map(|items| {
            let ports = items.iter().filter_map(|item| port(item, problems));
            ports.collect::<Vec<_>>()
        });
    let (selector, selector_location) = selector?;
    Some(Service {
        name: name?,
        selector,
        selector_location,
        ports: ports?,
        families,
        location: document.location.clone(),
    })
}

fn port(item: &Node, problems: &mut Problems) -> Option<ServicePort> {
    let entry = Known::of(item, &PORT, problems)?;
    let port = entry
        .need("port", "give the port inside the cluster", problems)
        .and_then(|node| problems.number::<u16>(node, 1..=65535));
    let target_port = match entry.get("targetPort") {
        Some(node) if matches!(node.value, Value::Text(_)) => {
            problems.error(
                "unsupported-field",
                &node.location,
                "named target ports are not understood",
                "write the workload's port as a number, without quotes",
            );
            None
        }
        Some(node) => problems.number(node, 1..=65535),
        None => port,
    };
    let protocol = match entry.get("protocol") {
        Some(node) => supported(node, "protocol", &PROTOCOLS, problems),
        None => Some(Protocol::Tcp),
    };
    let node_port_help = "a cluster would choose one; write the port that is to be judged";
    let node = entry.need("nodePort", node_port_help, problems)?;
    let node_port = problems.number::<u16>(node, 1..=65535)?;
    if !NODE_PORTS.contains(&node_port) {
        let (first, last) = (NODE_PORTS.start(), NODE_PORTS.end());
        problems.warn(
            "node-port-range",
            &node.location,
            format!("node port {node_port} is not from {first} to {last}"),
            "Kubernetes refuses it, unless the API server was given another range",
        );
    }
    port?;
    Some(ServicePort {
        node_port: ProtoPort {
            port: node_port,
            protocol: protocol?,
        },
        target_port: target_port?,
        location: item.location.clone(),
    })
}

/// The families that `ipFamilies` and `ipFamilyPolicy` name. What they mean for
/// this node is judged once the node is known.
fn families(spec: &Known<'_>, problems: &mut Problems) -> Option<(Vec<Family>, Location)> {
    let names = [("IPv4", Family::V4), ("IPv6", Family::V6)];
    let policies = [
        ("SingleStack", Some(1)),
        ("PreferDualStack", None),
        ("RequireDualStack", None),
    ];
    let limit = spec.get("ipFamilyPolicy").and_then(|node| {
        let limit = supported(node, "ipFamilyPolicy", &policies, problems)?;
        Some((limit?, &node.location))
    });
    let listed = spec.get("ipFamilies").map(|node| {
        let items = problems.list(node).unwrap_or(&[]);
        let families: Vec<Family> = (items.iter())
            .filter_map(|item| supported(item, "ipFamilies", &names, problems))
            .collect();
        (families, &node.location)
    });
    match (listed, limit) {
        // Both families are in use, whatever order they are listed in, unless
        // only one of them is.
        (Some((families, location)), None) => Some((families, location.clone())),
        (Some((mut families, location)), Some((limit, _))) => {
            families.truncate(limit);
            Some((families, location.clone()))
        }
        // One family, chosen by the cluster.
        (None, Some((_, location))) => Some((Vec::new(), location.clone())),
        (None, None) => None,
    }
}
