//! Network policies of every kind, in one shape.

use std::fmt;

use super::{ObjectName, Selector};
use crate::diagnostic::Location;
use crate::prefix::Prefix;

/// A policy, or one of the `specs` of a policy.
///
/// It selects a workload for a direction if its subject does, and it isolates in
/// that direction or has a rule of it. One of its rules *allows anybody anything*
/// if it is an allow, about anybody or with at least one peer, and with every port
/// or at least one: whether anybody is there to match is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// Which kind of object it is.
    pub kind: PolicyKind,
    /// Its name; without namespace if it is cluster-wide.
    pub name: ObjectName,
    /// Whom it is about.
    pub subject: Subject,
    /// Whether what it selects is default-deny for what it receives.
    pub isolates_ingress: bool,
    /// Whether what it selects is default-deny for what it sends.
    pub isolates_egress: bool,
    /// Its rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// The value of its selector: why it applies, and default deny with it.
    pub location: Location,
}

/// Kinds of policy objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// `networking.k8s.io/v1 NetworkPolicy`.
    Kubernetes,
    /// `cilium.io/v2 CiliumNetworkPolicy`.
    Cilium,
    /// `cilium.io/v2 CiliumClusterwideNetworkPolicy`.
    CiliumClusterwide,
}

impl PolicyKind {
    /// The object's `kind`.
    pub const fn name(self) -> &'static str {
        match self {
            PolicyKind::Kubernetes => "NetworkPolicy",
            PolicyKind::Cilium => "CiliumNetworkPolicy",
            PolicyKind::CiliumClusterwide => "CiliumClusterwideNetworkPolicy",
        }
    }
}

/// Whom a policy is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Workloads. Those in the node's network are never selected.
    Workloads(EndpointSelector),
    /// Nodes with these labels. Not enforced: what a node sends and receives
    /// itself passes no hook of a workload.
    Nodes(Selector),
}

/// Workloads by namespace and labels: both must match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointSelector {
    /// In which namespaces.
    pub namespaces: Namespaces,
    /// With which labels, those that Cilium derives included.
    pub labels: Selector,
}

/// A set of namespaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespaces {
    /// Every one.
    All,
    /// The one of this name.
    Named(String),
    /// Those with these labels.
    Labelled(Selector),
}

/// Which way the packets go that a rule is about, as its subject sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Received by the subject.
    Ingress,
    /// Sent by the subject.
    Egress,
}

/// Whether what a rule matches may or may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleAction {
    /// From `ingress` or `egress`.
    Allow,
    /// From `ingressDeny` or `egressDeny`: beats every allow, whatever the policy.
    Deny,
}

/// One entry of `ingress`, `egress`, `ingressDeny` or `egressDeny`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which packets.
    pub direction: Direction,
    /// Allow or deny.
    pub action: RuleAction,
    /// Who is on the other side.
    pub peers: Peers,
    /// Which ports of the receiver.
    pub ports: Ports,
    /// The whole entry.
    pub location: Location,
}

/// Who is on the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peers {
    /// Anybody. The place is that of the rule.
    Any,
    /// Any of these; nobody if empty, as Cilium reads `ingress: [{}]` and what
    /// only a proxy could tell (FQDNs).
    Listed(Vec<Peer>),
}

/// An entry of `from`, `to`, `fromEndpoints`, `toCIDR` and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Whom it names.
    pub kind: PeerKind,
    /// Where the entry stands.
    pub location: Location,
}

/// Whom a peer names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerKind {
    /// Workloads; not those in the node's network.
    Workloads(EndpointSelector),
    /// Addresses.
    Cidr(Cidr),
    /// Who an address belongs to.
    Entity(Entity),
    /// Remote nodes with these labels; not the node itself (Cilium adds
    /// `reserved:remote-node` to the selectors of `fromNodes` and `toNodes`).
    Nodes(Selector),
}

/// Addresses in a prefix, but not in the exceptions.
///
/// Which addresses inside the cluster it matches depends on the kind of the
/// policy: see [`super::Choices`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    /// The prefix.
    pub prefix: Prefix,
    /// Prefixes inside it that this entry does not match.
    pub except: Vec<Prefix>,
}

/// Names that Cilium gives to groups of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// Everybody.
    All,
    /// Everybody outside the cluster: neither a workload, nor the node, nor a
    /// known host, but for an API server outside the cluster.
    World,
    /// Those with IPv4 addresses.
    WorldIpv4,
    /// Those with IPv6 addresses.
    WorldIpv6,
    /// Every workload, the node, and every known host, the API server outside the
    /// cluster included (Cilium, `pkg/policy/api/entity.go`).
    Cluster,
    /// The node, and workloads in its network.
    Host,
    /// Other nodes.
    RemoteNode,
    /// The API server.
    KubeApiserver,
    /// Endpoints without identity yet.
    Init,
    /// Cilium's own ingress proxy.
    Ingress,
    /// Cilium's health endpoints.
    Health,
    /// Endpoints that Cilium does not manage.
    Unmanaged,
    /// Nobody.
    None,
}

/// Ports of the receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Every port of every protocol, and protocols without ports.
    All,
    /// Any of these; none if empty.
    Listed(Vec<L4Match>),
}

/// An entry of `ports`, `toPorts[].ports` or `icmps[].fields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L4Match {
    /// The protocol.
    pub protocol: L4Protocol,
    /// The port.
    pub port: L4Port,
    /// Where the entry stands.
    pub location: Location,
}

/// Which protocol an entry of ports is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum L4Protocol {
    /// TCP, UDP or SCTP (Cilium's `ANY`).
    AnyWithPorts,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
    /// ICMP; the port is the message's type.
    Icmp,
    /// ICMPv6; the port is the message's type.
    Icmpv6,
}

/// Which port an entry of ports is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum L4Port {
    /// Every port.
    All,
    /// From the first to the last; they may be the same. Of ICMP, message types.
    Range(u16, u16),
    /// The receiver's port of this name; nothing at a receiver that has none, or
    /// that is no workload with addresses of its own.
    Named(String),
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        })
    }
}

impl Entity {
    /// Each.
    pub const ALL: [Entity; 13] = [
        Entity::All,
        Entity::World,
        Entity::WorldIpv4,
        Entity::WorldIpv6,
        Entity::Cluster,
        Entity::Host,
        Entity::RemoteNode,
        Entity::KubeApiserver,
        Entity::Init,
        Entity::Ingress,
        Entity::Health,
        Entity::Unmanaged,
        Entity::None,
    ];

    /// Its name in `fromEntities`, and in `reserved:` labels (Cilium,
    /// `pkg/policy/api/entity.go`).
    pub const fn name(self) -> &'static str {
        match self {
            Entity::All => "all",
            Entity::World => "world",
            Entity::WorldIpv4 => "world-ipv4",
            Entity::WorldIpv6 => "world-ipv6",
            Entity::Cluster => "cluster",
            Entity::Host => "host",
            Entity::RemoteNode => "remote-node",
            Entity::KubeApiserver => "kube-apiserver",
            Entity::Init => "init",
            Entity::Ingress => "ingress",
            Entity::Health => "health",
            Entity::Unmanaged => "unmanaged",
            Entity::None => "none",
        }
    }
}
