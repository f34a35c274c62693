//! A validated policy: what services exist, who stands behind them, and which
//! rules guard them. Everything in here has been checked by the front end.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::Location;
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Prefix;

/// Label keys and values, source prefixes (`k8s:`) removed.
pub type Labels = BTreeMap<String, String>;

/// Namespace and name of a Kubernetes object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// The namespace; `default` where none is given.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Everything that decides about a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Every workload, in the scenario's order.
    pub workloads: Vec<Workload>,
    /// One entry per NodePort: (protocol, node port) is unique.
    pub node_ports: Vec<NodePort>,
    /// Prefilters: (protocol, node port) is unique. One may stand at a port
    /// that no service has.
    pub prefilters: Vec<Prefilter>,
    /// Network policies, in the order of the manifests.
    pub network_policies: Vec<NetworkPolicy>,
}

/// Something with labels that packets are delivered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Where it is found under this name.
    pub name: ObjectName,
    /// Its labels.
    pub labels: Labels,
    /// Where it is declared.
    pub location: Location,
}

/// A port of a `v1 Service` of type NodePort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePort {
    /// The service.
    pub service: ObjectName,
    /// The port on the node, and the protocol of both ports.
    pub node_port: ProtoPort,
    /// The backends' port: the one that policy means by `toPorts`.
    pub target_port: u16,
    /// Indices into [`Policy::workloads`] of the backends (those of the same
    /// namespace with the selector's labels), ascending, at least one.
    pub backends: Vec<usize>,
    /// Where the port is declared.
    pub location: Location,
}

/// The XDP prefilter of one node port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefilter {
    /// The port it guards.
    pub node_port: ProtoPort,
    /// Sources on the allow list, of both families; may be empty.
    pub allow: Vec<AllowedSource>,
    /// What happens to a source that is not on the list.
    pub default: DefaultAction,
    /// Whether what it passes skips the policy stage.
    pub bypass_policy: bool,
    /// The whole entry.
    pub location: Location,
    /// The value of `allow`.
    pub allow_location: Location,
    /// The value of `default`.
    pub default_location: Location,
    /// The value of `bypass_policy`.
    pub bypass_location: Location,
}

/// A prefix on a prefilter's allow list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedSource {
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

/// The ingress side of a policy: default deny for what it selects.
///
/// A policy in here has at least one rule: one without enforces nothing, and
/// Cilium rejects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// Its name.
    pub name: ObjectName,
    /// Labels that a workload of the same namespace must all have; empty
    /// selects every workload of the namespace.
    pub selector: Labels,
    /// Rules of `ingress` and `ingressDeny`, in order.
    pub rules: Vec<Rule>,
    /// The value of its selector: why it applies, and default deny with it.
    pub location: Location,
}

/// Whether a rule's sources may or may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// From `ingress`.
    Allow,
    /// From `ingressDeny`: beats every allow.
    Deny,
}

/// One entry of `ingress` or `ingressDeny`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Allow or deny.
    pub action: RuleAction,
    /// Whose packets it is about.
    pub sources: Sources,
    /// Which of the workload's ports it is about.
    pub ports: Ports,
    /// The whole entry.
    pub location: Location,
}

/// Sources a rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sources {
    /// The rule names ports only: every source. The place is that of the rule.
    Any,
    /// Nobody: an empty rule (`{}`), which in Cilium allows nothing.
    Nobody,
    /// Any of these; none of them if empty.
    Cidrs(Vec<CidrSource>),
}

/// An entry of `fromCIDR` or `fromCIDRSet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CidrSource {
    /// The prefix.
    pub cidr: Prefix,
    /// Prefixes inside it that this entry does not match.
    pub except: Vec<Prefix>,
    /// Where the entry stands.
    pub location: Location,
}

/// Ports of a workload that a rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Every port of every protocol.
    All,
    /// Any of these; none if empty.
    Listed(Vec<PortMatch>),
}

/// An entry of `toPorts[].ports`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortMatch {
    /// The workload's port; `None` is every port (`"0"`).
    pub port: Option<u16>,
    /// The protocol; `None` is any.
    pub protocol: Option<Protocol>,
    /// Where the entry stands.
    pub location: Location,
}

/// Names the one thing in a [`Policy`] that decided.
///
/// Two parties that name the same rule mean the same line of the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleRef {
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
    /// An entry of a rule; `entry` is 0 where the sources are [`Sources::Any`].
    Policy {
        /// Index into [`Policy::network_policies`].
        policy: usize,
        /// Index into [`NetworkPolicy::rules`].
        rule: usize,
        /// Index into [`Sources::Cidrs`].
        entry: usize,
    },
    /// The default deny of a policy that selects the service.
    DefaultDeny {
        /// Index into [`Policy::network_policies`].
        policy: usize,
    },
}

impl Policy {
    /// Where the rule stands.
    ///
    /// # Panics
    /// If `rule` is not of this policy.
    pub fn location(&self, rule: RuleRef) -> &Location {
        match rule {
            RuleRef::PrefilterAllow { prefilter, entry } => {
                &self.prefilters[prefilter].allow[entry].location
            }
            RuleRef::PrefilterDefault { prefilter } => &self.prefilters[prefilter].default_location,
            RuleRef::Policy {
                policy,
                rule,
                entry,
            } => {
                let rule = &self.network_policies[policy].rules[rule];
                match &rule.sources {
                    Sources::Any | Sources::Nobody => &rule.location,
                    Sources::Cidrs(cidrs) => &cidrs[entry].location,
                }
            }
            RuleRef::DefaultDeny { policy } => &self.network_policies[policy].location,
        }
    }
}
