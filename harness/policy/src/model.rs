//! A validated policy: who is there, which services stand in front of whom, and
//! which rules guard them. Everything in here has been checked by the front end.

mod label;
mod object;
mod rule;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::diagnostic::Location;
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Prefix;

pub use label::{Labels, Operator, Requirement, Selector};
pub use object::{
    Annotation, DRY_RUN, Object, Objects, Service, ServiceKind, ServicePort, XDP_VALIDATED,
};
pub use rule::{
    Cidr, Direction, EndpointSelector, Entity, L4Match, L4Port, L4Protocol, Namespaces,
    NetworkPolicy, Peer, PeerKind, Peers, PolicyKind, Ports, Rule, RuleAction, Subject,
};

/// Namespace and name of a Kubernetes object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// The namespace; `default` where none is given, empty for objects that have
    /// none.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            return f.write_str(&self.name);
        }
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Everything that decides about a packet, and what its objects say of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Labels of every namespace that has a workload or a `Namespace` object, with
    /// `kubernetes.io/metadata.name`.
    pub namespaces: BTreeMap<String, Labels>,
    /// The node on which all workloads run.
    pub node: Node,
    /// Every workload, in the order of the scenario and its manifests.
    pub workloads: Vec<Workload>,
    /// Addresses beyond the uplink that are more than the world.
    pub known_hosts: Vec<KnownHost>,
    /// One entry per NodePort: (protocol, node port) is unique.
    pub node_ports: Vec<NodePort>,
    /// Sources that the prefilter drops whatever the port, in order.
    pub deny_list: Vec<ListedSource>,
    /// Prefilters: (protocol, node port) is unique. One may stand at a port
    /// that no service has.
    pub prefilters: Vec<Prefilter>,
    /// Network policies that are enforced, in the order of the manifests.
    pub network_policies: Vec<NetworkPolicy>,
    /// Network policies in dry run, likewise: what they and the enforced ones say
    /// together is the proposed policy, which is counted and decides nothing.
    pub dry_run: Vec<NetworkPolicy>,
    /// What upstream leaves to the implementation.
    pub choices: Choices,
    /// What policies, Services and Namespaces say of themselves: for those who judge
    /// manifests, not packets. Shared, as policies are copied by the thousand.
    pub objects: Arc<Objects>,
}

/// Readings that upstream documents leave open, or that differ between
/// implementations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Whether `ipBlock` of a Kubernetes NetworkPolicy matches addresses of
    /// workloads. Cilium: no.
    pub ip_blocks_match_workloads: bool,
    /// Whether CIDR rules of Cilium policies match addresses of workloads.
    /// Upstream: no.
    pub cidrs_match_workloads: bool,
    /// Whether CIDR rules of any kind of policy, `ipBlock` included, match the node
    /// and remote nodes (`policy-cidr-match-mode=nodes`).
    pub cidrs_match_nodes: bool,
    /// Whether the node always reaches its workloads, as kubelet's health checks
    /// must (Cilium's `allow-localhost`); a deny rule for `host` still denies. It is
    /// as one more rule of every workload that a policy selects for ingress; but
    /// default deny stays [`netverdict_abi::Reason::PolicyDefaultDeny`] where no
    /// other rule allows anything.
    pub node_reaches_workloads: bool,
}

impl Default for Choices {
    /// What Cilium does if it is not configured.
    fn default() -> Choices {
        Choices {
            ip_blocks_match_workloads: false,
            cidrs_match_workloads: false,
            cidrs_match_nodes: false,
            node_reaches_workloads: true,
        }
    }
}

/// The node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its addresses; at most one of each family.
    pub addresses: Vec<IpAddr>,
    /// Its labels, which `nodeSelector` selects by.
    pub labels: Labels,
}

/// A host beyond the uplink that policies know as more than `world`.
///
/// One that is the API server and nothing else stands outside the cluster: it is
/// of the world as well, and CIDR rules match it like any address of the world
/// (Cilium, `pkg/ipcache`, `resolveIdentity`). Remote nodes match CIDR rules as
/// [`Choices::cidrs_match_nodes`] says, all others as workloads do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHost {
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// What it is: [`Entity::RemoteNode`], [`Entity::KubeApiserver`],
    /// [`Entity::Health`], [`Entity::Ingress`], [`Entity::Unmanaged`] or
    /// [`Entity::Init`], at least one of them.
    pub entities: Vec<Entity>,
    /// Its labels, which `fromNodes` selects by, if it is a remote node.
    pub labels: Labels,
    /// Where it is declared.
    pub location: Location,
}

/// Something with labels that packets are delivered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Where it is found under this name. Of several replicas of one owner, one
    /// stands for all: then this is the owner's name.
    pub name: ObjectName,
    /// The kind of that object, such as `Deployment`; `Pod` for workloads of a
    /// scenario's topology.
    pub kind: String,
    /// Its labels, and those that Cilium derives: `io.kubernetes.pod.namespace`,
    /// `io.cilium.k8s.namespace.labels.KEY`,
    /// `io.cilium.k8s.policy.serviceaccount`, `io.cilium.k8s.policy.cluster`.
    pub labels: Labels,
    /// Its addresses, at most one of each family, at least one; no other workload
    /// has them. Those of a host-network pod are the node's.
    pub addresses: Vec<IpAddr>,
    /// Addresses that CIDR rules know it by, where they match workloads at all
    /// (see [`Choices`]): those that its status gives, or its scenario. They may
    /// be others than `addresses`, of which some were only assigned to it, and
    /// two workloads may have the same. A rule matches a packet by those of the
    /// packet's family.
    pub known_addresses: Vec<IpAddr>,
    /// Ports that have a name.
    pub named_ports: Vec<NamedPort>,
    /// Whether it shares the node's network: no policy selects it, and to others
    /// it is the node.
    pub host_network: bool,
    /// Where it is declared.
    pub location: Location,
}

/// A named port of a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedPort {
    /// The name.
    pub name: String,
    /// What it stands for.
    pub port: ProtoPort,
}

/// A port of a `v1 Service` of type NodePort or LoadBalancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePort {
    /// The service.
    pub service: ObjectName,
    /// The port on the node, and the protocol of both ports.
    pub node_port: ProtoPort,
    /// The backends (workloads of the same namespace with the selector's labels),
    /// ascending by index, at least one.
    pub backends: Vec<Backend>,
    /// Where the port is declared.
    pub location: Location,
}

/// Who receives what is sent to a node port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backend {
    /// Index into [`Policy::workloads`].
    pub workload: usize,
    /// The workload's port: the one that policy means by `toPorts`.
    pub port: u16,
}

/// The XDP prefilter of one node port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefilter {
    /// The port it guards.
    pub node_port: ProtoPort,
    /// Sources on the deny list, of both families; they beat the allow list.
    pub deny: Vec<ListedSource>,
    /// Sources on the allow list, of both families; may be empty.
    pub allow: Vec<ListedSource>,
    /// What happens to a source that is on no list.
    pub default: DefaultAction,
    /// Whether what it passes skips the policy stage.
    pub bypass_policy: bool,
    /// The whole entry.
    pub location: Location,
    /// The value of `allow`, or the entry where it has none.
    pub allow_location: Location,
    /// The value of `default`.
    pub default_location: Location,
    /// The value of `bypass_policy`.
    pub bypass_location: Location,
}

/// A prefix on a prefilter's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSource {
    /// The prefix.
    pub prefix: Prefix,
    /// Where it stands.
    pub location: Location,
}

/// A prefilter's verdict on sources it does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultAction {
    /// Pass them.
    Pass,
    /// Drop them.
    Drop,
}

/// Names the one thing in a [`Policy`] that decided.
///
/// Two parties that name the same rule mean the same line of the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleRef {
    /// An entry of the prefilter's deny list for every port.
    DenyList {
        /// Index into [`Policy::deny_list`].
        entry: usize,
    },
    /// An entry of a prefilter's deny list.
    PrefilterDeny {
        /// Index into [`Policy::prefilters`].
        prefilter: usize,
        /// Index into [`Prefilter::deny`].
        entry: usize,
    },
    /// An entry of a prefilter's allow list.
    PrefilterAllow {
        /// Index into [`Policy::prefilters`].
        prefilter: usize,
        /// Index into [`Prefilter::allow`].
        entry: usize,
    },
    /// A prefilter's default.
    PrefilterDefault {
        /// Index into [`Policy::prefilters`].
        prefilter: usize,
    },
    /// A peer of a rule.
    Policy {
        /// Index as of [`Policy::network_policy`].
        policy: usize,
        /// Index into [`NetworkPolicy::rules`].
        rule: usize,
        /// Index into [`Peers::Listed`]; 0 where the rule is about anybody.
        peer: usize,
    },
    /// The default deny of a policy that selects the workload.
    DefaultDeny {
        /// Index as of [`Policy::network_policy`].
        policy: usize,
    },
    /// The node reaches its own workloads: no line says so.
    /// See [`Choices::node_reaches_workloads`].
    NodeReachesWorkloads,
}

impl Policy {
    /// Every network policy, as rules name them: the enforced ones, then those in dry
    /// run.
    pub fn all_network_policies(&self) -> impl DoubleEndedIterator<Item = &NetworkPolicy> + Clone {
        self.network_policies.iter().chain(&self.dry_run)
    }

    /// The network policy with this index, counted as in
    /// [`Policy::all_network_policies`].
    ///
    /// # Panics
    /// If there are not so many.
    pub fn network_policy(&self, index: usize) -> &NetworkPolicy {
        match index.checked_sub(self.network_policies.len()) {
            None => &self.network_policies[index],
            Some(index) => &self.dry_run[index],
        }
    }

    /// Whether the network policy with this index is in dry run.
    pub fn is_dry_run(&self, index: usize) -> bool {
        index >= self.network_policies.len()
    }

    /// Puts every network policy in dry run.
    pub fn put_in_dry_run(&mut self) {
        self.network_policies.append(&mut self.dry_run);
        self.dry_run = std::mem::take(&mut self.network_policies);
    }

    /// The proposed policy, as if it were in force: rules have the same names in
    /// both.
    #[must_use]
    pub fn proposed(&self) -> Policy {
        let mut proposed = self.clone();
        proposed.network_policies.append(&mut proposed.dry_run);
        proposed
    }

    /// Where the rule stands; `None` for what no line says.
    ///
    /// # Panics
    /// If `rule` is not of this policy.
    pub fn location(&self, rule: RuleRef) -> Option<&Location> {
        Some(match rule {
            RuleRef::DenyList { entry } => &self.deny_list[entry].location,
            RuleRef::PrefilterDeny { prefilter, entry } => {
                &self.prefilters[prefilter].deny[entry].location
            }
            RuleRef::PrefilterAllow { prefilter, entry } => {
                &self.prefilters[prefilter].allow[entry].location
            }
            RuleRef::PrefilterDefault { prefilter } => &self.prefilters[prefilter].default_location,
            RuleRef::Policy { policy, rule, peer } => {
                let rule = &self.network_policy(policy).rules[rule];
                match &rule.peers {
                    Peers::Any => &rule.location,
                    Peers::Listed(peers) => &peers[peer].location,
                }
            }
            RuleRef::DefaultDeny { policy } => &self.network_policy(policy).location,
            RuleRef::NodeReachesWorkloads => return None,
        })
    }
}

impl Workload {
    /// The port of this name and protocol.
    pub fn named_port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        (self.named_ports.iter())
            .find(|named| named.name == name && named.port.protocol == protocol)
            .map(|named| named.port.port)
    }
}

/// Kind, namespace and name, as in `default/inventory[Deployment]`.
impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.name, self.kind)
    }
}
