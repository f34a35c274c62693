//! Reads a `v1 Service`.

use std::net::IpAddr;

use super::super::problems::Problems;
use super::super::tree::{Node, Value};
use super::fields::{Keys, Known, supported};
use super::metadata;
use super::remarks::{Remark, Remarks};
use crate::diagnostic::Location;
use crate::model::{Labels, ListedSource, ObjectName, ServiceKind};
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
        "clusterIPs",
        "externalIPs",
        "ipFamilies",
        "ipFamilyPolicy",
        "externalTrafficPolicy",
        "loadBalancerIP",
        "loadBalancerSourceRanges",
        "allocateLoadBalancerNodePorts",
    ],
    ignored: &[
        // Which of several backends a client stays with, or is sent to; all are
        // judged alike.
        "sessionAffinity",
        "sessionAffinityConfig",
        "trafficDistribution",
        // Traffic that begins inside the cluster: on one node all backends are
        // local.
        "internalTrafficPolicy",
        // Whether a pod counts before it is ready; workloads here are.
        "publishNotReadyAddresses",
        // Which load balancer there is, and how it finds out which node to ask.
        "loadBalancerClass",
        "healthCheckNodePort",
        // A name that DNS gives; what it stands for is elsewhere.
        "externalName",
    ],
};

const PORT: Keys = Keys {
    what: "a port of a Service",
    read: &["port", "targetPort", "nodePort", "protocol", "name"],
    // A hint about what is spoken, which Kubernetes does not enforce.
    ignored: &["appProtocol"],
};

const PROTOCOLS: [(&str, Protocol); 3] = [
    ("TCP", Protocol::Tcp),
    ("UDP", Protocol::Udp),
    ("SCTP", Protocol::Sctp),
];

const TYPES: [ServiceKind; 4] = [
    ServiceKind::ClusterIp,
    ServiceKind::NodePort,
    ServiceKind::LoadBalancer,
    ServiceKind::ExternalName,
];

/// A service as its manifest has it.
#[derive(Clone, Debug)]
pub(in crate::frontend) struct Service {
    pub(in crate::frontend) name: ObjectName,
    pub(in crate::frontend) kind: ServiceKind,
    /// Its own labels.
    pub(in crate::frontend) labels: Labels,
    /// Labels of its backends, and where they stand; `None` where its backends
    /// are managed elsewhere.
    pub(in crate::frontend) selector: Option<(Labels, Location)>,
    pub(in crate::frontend) ports: Vec<ServicePort>,
    /// Families that it says it is reached by, and where; `None` is every
    /// family of the node.
    pub(in crate::frontend) families: Option<(Vec<Family>, Location)>,
    /// Its addresses, inside and outside the cluster.
    pub(in crate::frontend) addresses: Vec<IpAddr>,
    /// Sources that its load balancer takes.
    pub(in crate::frontend) source_ranges: Vec<ListedSource>,
    /// Addresses of its load balancer, which are among its addresses.
    pub(in crate::frontend) balancers: Vec<IpAddr>,
    /// Whether `externalTrafficPolicy` is `Local`.
    pub(in crate::frontend) keeps_client: bool,
    pub(in crate::frontend) location: Location,
}

/// A port of a service.
#[derive(Clone, Debug)]
pub(in crate::frontend) struct ServicePort {
    pub(in crate::frontend) name: Option<String>,
    /// The port at the service's own address.
    pub(in crate::frontend) number: u16,
    pub(in crate::frontend) protocol: Protocol,
    /// The port on the node, if it has one.
    pub(in crate::frontend) node_port: Option<u16>,
    pub(in crate::frontend) target: TargetPort,
    /// Where the target stands, or the whole entry.
    pub(in crate::frontend) target_location: Location,
    /// The whole entry.
    pub(in crate::frontend) location: Location,
}

/// A port of the backends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::frontend) enum TargetPort {
    /// The same of all.
    Number(u16),
    /// Each one's port of this name.
    Named(String),
}

impl ServicePort {
    /// The port on the node, with its protocol.
    pub(in crate::frontend) fn at_node(&self) -> Option<ProtoPort> {
        Some(ProtoPort {
            port: self.node_port?,
            protocol: self.protocol,
        })
    }
}

/// Reads one object.
pub(super) fn read(
    document: &Node,
    remarks: &mut Remarks,
    problems: &mut Problems,
) -> Option<Service> {
    let object = Known::of(document, &OBJECT, problems)?;
    let metadata = object.need("metadata", "give it metadata with a name", problems);
    let name = metadata.and_then(|node| metadata::name(node, metadata::Subject::Other, problems));
    let labels = match metadata.and_then(|node| given(node.get("labels"))) {
        Some(node) => problems.labels(node),
        None => Some(Labels::new()),
    };
    let spec = object
        .need("spec", "give it a spec with a selector and ports", problems)
        .and_then(|node| Known::of(node, &SPEC, problems))?;
    let kind = match given(spec.get("type")) {
        Some(node) => supported(
            node,
            "type",
            &TYPES.map(|kind| (kind.name(), kind)),
            problems,
        ),
        None => Some(ServiceKind::ClusterIp),
    };
    // Of an unknown type anything may be, so that nothing is said twice.
    let exposed = !matches!(
        kind,
        Some(ServiceKind::ClusterIp | ServiceKind::ExternalName)
    );
    let keeps_client = remark(&spec, exposed, remarks, problems);
    let source_ranges = source_ranges(&spec, exposed, remarks, problems);
    let mut addresses = addresses(&spec, exposed, problems);
    let balancers = balanced(document, &spec);
    for address in &balancers {
        if !addresses.contains(address) {
            addresses.push(*address);
        }
    }
    let families = families(&spec, problems);
    let selector = match given(spec.get("selector")) {
        Some(node) => (problems.labels(node)).map(|labels| Some((labels, node.location.clone()))),
        None => Some(None),
    };
    // To the API an empty selector is none, and an ExternalName is nothing but an
    // answer of DNS.
    let is_name = kind == Some(ServiceKind::ExternalName);
    let selector = selector.map(|it| it.filter(|(labels, _)| !labels.is_empty() && !is_name));
    if matches!(selector, Some(None)) && !is_name {
        remarks.add(Remark::NoSelector, &document.location);
    }
    let allocated = given(spec.get("allocateLoadBalancerNodePorts"))
        .and_then(|node| problems.boolean(node))
        .unwrap_or(true);
    let list = given(spec.get("ports")).and_then(|node| problems.list(node));
    let items = list.unwrap_or(&[]);
    let ports: Vec<ServicePort> = (items.iter())
        .filter_map(|item| port(item, exposed, problems))
        .collect();
    for port in &ports {
        let missing = port.node_port.is_none() && exposed && allocated;
        if missing && matches!(selector, Some(Some(_))) {
            remarks.add(Remark::NodePortUnassigned, &port.location);
        }
    }
    Some(Service {
        name: name?,
        kind: kind?,
        labels: labels?,
        selector: selector?,
        ports,
        families,
        addresses,
        source_ranges,
        balancers,
        keeps_client,
        location: document.location.clone(),
    })
}

/// What is not `null`, which to the API is not there.
fn given(node: Option<&Node>) -> Option<&Node> {
    node.filter(|node| node.value != Value::Null)
}

/// Whether `externalTrafficPolicy` is `Local`.
fn remark(spec: &Known<'_>, exposed: bool, remarks: &mut Remarks, problems: &mut Problems) -> bool {
    let mut keeps_client = false;
    // Here the client's address reaches a backend on the same node under both.
    if let Some(node) = given(spec.get("externalTrafficPolicy")) {
        let policies = [("Cluster", true), ("Local", false)];
        let cluster = supported(node, "externalTrafficPolicy", &policies, problems);
        if cluster == Some(true) && exposed {
            remarks.add(Remark::TrafficPolicyCluster, &node.location);
        }
        keeps_client = cluster == Some(false);
    }
    for key in ["externalIPs", "loadBalancerIP"] {
        if let Some(node) = given(spec.get(key))
            && node.value != Value::List(Vec::new())
            && node.value != Value::Text(String::new())
        {
            remarks.add(Remark::ExternalAddresses, &node.location);
        }
    }
    keeps_client
}

/// Sources that the load balancer takes.
fn source_ranges(
    spec: &Known<'_>,
    exposed: bool,
    remarks: &mut Remarks,
    problems: &mut Problems,
) -> Vec<ListedSource> {
    let Some(node) = given(spec.get("loadBalancerSourceRanges")) else {
        return Vec::new();
    };
    let items = problems.list(node).unwrap_or(&[]);
    if exposed && !items.is_empty() {
        remarks.add(Remark::SourceRanges, &node.location);
    }
    (items.iter())
        .filter_map(|item| {
            Some(ListedSource {
                prefix: problems.prefix(item)?,
                location: item.location.clone(),
            })
        })
        .collect()
}

/// The addresses that a spec gives.
fn addresses(spec: &Known<'_>, exposed: bool, problems: &mut Problems) -> Vec<IpAddr> {
    let mut found = Vec::new();
    let mut lists: Vec<&Node> = Vec::new();
    lists.extend(given(spec.get("clusterIP")));
    lists.extend(given(spec.get("loadBalancerIP")));
    for key in ["clusterIPs", "externalIPs"] {
        let list = given(spec.get(key)).and_then(|node| problems.list(node));
        lists.extend(list.unwrap_or(&[]));
    }
    for node in lists {
        match &node.value {
            Value::Text(text) if text.is_empty() => {}
            Value::Text(text) if text == "None" => {
                if exposed {
                    problems.error(
                        "unsupported-field",
                        &node.location,
                        "a headless Service cannot have node ports",
                        "leave 'clusterIP' out",
                    );
                }
            }
            _ => found.extend(problems.address(node)),
        }
    }
    found
}

/// The addresses that a load balancer gave it, or, of one that has given none yet, the
/// one it is asked for.
fn balanced(document: &Node, spec: &Known<'_>) -> Vec<IpAddr> {
    let ingress =
        (document.get("status")).and_then(|status| status.get("loadBalancer")?.get("ingress"));
    let given_by_it = match ingress.map(|node| &node.value) {
        Some(Value::List(items)) => items.iter().filter_map(|item| item.get("ip")).collect(),
        _ => Vec::new(),
    };
    let asked_for = spec
        .get("loadBalancerIP")
        .filter(|_| given_by_it.is_empty());
    (given_by_it.into_iter().chain(asked_for))
        .filter_map(|node| match &node.value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        })
        .collect()
}

fn port(item: &Node, exposed: bool, problems: &mut Problems) -> Option<ServicePort> {
    let entry = Known::of(item, &PORT, problems)?;
    let port = entry
        .need("port", "give the port inside the cluster", problems)
        .and_then(|node| problems.number::<u16>(node, 1..=65535));
    let (target, target_location) = match given(entry.get("targetPort")) {
        Some(node) => {
            let target = match &node.value {
                Value::Text(name) if !name.is_empty() => Some(TargetPort::Named(name.clone())),
                // The API server takes 0 for none given.
                Value::Integer(0) => port.map(TargetPort::Number),
                _ => problems.number(node, 1..=65535).map(TargetPort::Number),
            };
            (target, &node.location)
        }
        None => (port.map(TargetPort::Number), &item.location),
    };
    let protocol = match given(entry.get("protocol")) {
        Some(node) => supported(node, "protocol", &PROTOCOLS, problems),
        None => Some(Protocol::Tcp),
    };
    // Here as well 0 is none given.
    let node = given(entry.get("nodePort")).filter(|node| node.value != Value::Integer(0));
    let node_port = match node {
        Some(node) => Some(node_port(node, exposed, problems)?),
        None => None,
    };
    let name = given(entry.get("name")).and_then(|node| match &node.value {
        Value::Text(name) if !name.is_empty() => Some(name.clone()),
        _ => None,
    });
    Some(ServicePort {
        name,
        number: port?,
        protocol: protocol?,
        node_port,
        target: target?,
        target_location: target_location.clone(),
        location: item.location.clone(),
    })
}

fn node_port(node: &Node, exposed: bool, problems: &mut Problems) -> Option<u16> {
    let node_port = problems.number::<u16>(node, 1..=65535)?;
    if !exposed {
        problems.error(
            "unsupported-field",
            &node.location,
            "a Service of this type has no node ports",
            "write 'type: NodePort' or 'type: LoadBalancer', or leave nodePort out",
        );
        return None;
    }
    if !NODE_PORTS.contains(&node_port) {
        let (first, last) = (NODE_PORTS.start(), NODE_PORTS.end());
        problems.warn(
            "node-port-range",
            &node.location,
            format!("node port {node_port} is not from {first} to {last}"),
            "Kubernetes refuses it, unless the API server was given another range",
        );
    }
    Some(node_port)
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
    let limit = given(spec.get("ipFamilyPolicy")).and_then(|node| {
        let limit = supported(node, "ipFamilyPolicy", &policies, problems)?;
        Some((limit?, &node.location))
    });
    let listed = given(spec.get("ipFamilies")).map(|node| {
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
