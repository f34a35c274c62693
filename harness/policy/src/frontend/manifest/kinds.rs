//! Which kinds of objects there are, and what is made of each.

use crate::model::PolicyKind;

/// Kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `Namespace`.
    Namespace,
    /// `Node`.
    Node,
    /// `Service`.
    Service,
    /// `Pod`.
    Pod,
    /// What makes pods from a template.
    Template(Template),
    /// A network policy.
    Policy(PolicyKind),
    /// `CiliumCIDRGroup`.
    CidrGroup,
}

/// Kinds with a template of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Template {
    /// `Deployment`.
    Deployment,
    /// `StatefulSet`.
    StatefulSet,
    /// `DaemonSet`.
    DaemonSet,
    /// `ReplicaSet`.
    ReplicaSet,
    /// `ReplicationController`.
    ReplicationController,
    /// `Job`.
    Job,
    /// `CronJob`.
    CronJob,
    /// KubeVirt's `VirtualMachine`.
    VirtualMachine,
    /// KubeVirt's `VirtualMachineInstance`, whose pod has its own labels.
    VirtualMachineInstance,
}

/// What is to be done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It is read.
    Read(Kind),
    /// It changes what is allowed in a way that is not understood.
    Refuse {
        /// What it would do: a clause that follows "it".
        does: &'static str,
    },
    /// It restricts traffic where no packet filter looks.
    Elsewhere {
        /// Who enforces it.
        who: &'static str,
    },
    /// Its kind is written nearly like one that is read, or stands in the wrong
    /// group.
    Mistaken {
        /// What was meant, as `apiVersion` and `kind`.
        meant: (&'static str, &'static str),
    },
    /// The kind is read, but not of this version.
    WrongVersion {
        /// A version that is read.
        read: &'static str,
    },
    /// It has no effect on what is allowed.
    Pass,
}

/// Kinds that are read: group, versions, kind. The first version is the one to
/// recommend; all of them have the same fields as far as they are read.
const READ: [(&str, &[&str], &str, Kind); 18] = [
    ("", &["v1"], "Namespace", Kind::Namespace),
    ("", &["v1"], "Node", Kind::Node),
    ("", &["v1"], "Service", Kind::Service),
    ("", &["v1"], "Pod", Kind::Pod),
    (
        "",
        &["v1"],
        "ReplicationController",
        Kind::Template(Template::ReplicationController),
    ),
    (
        "apps",
        &["v1", "v1beta2", "v1beta1"],
        "Deployment",
        Kind::Template(Template::Deployment),
    ),
    (
        "apps",
        &["v1", "v1beta2", "v1beta1"],
        "StatefulSet",
        Kind::Template(Template::StatefulSet),
    ),
    (
        "apps",
        &["v1", "v1beta2"],
        "DaemonSet",
        Kind::Template(Template::DaemonSet),
    ),
    (
        "apps",
        &["v1", "v1beta2"],
        "ReplicaSet",
        Kind::Template(Template::ReplicaSet),
    ),
    ("batch", &["v1"], "Job", Kind::Template(Template::Job)),
    (
        "batch",
        &["v1", "v1beta1", "v2alpha1"],
        "CronJob",
        Kind::Template(Template::CronJob),
    ),
    (
        "kubevirt.io",
        &["v1", "v1alpha3"],
        "VirtualMachine",
        Kind::Template(Template::VirtualMachine),
    ),
    (
        "kubevirt.io",
        &["v1", "v1alpha3"],
        "VirtualMachineInstance",
        Kind::Template(Template::VirtualMachineInstance),
    ),
    (
        "networking.k8s.io",
        &["v1"],
        "NetworkPolicy",
        Kind::Policy(PolicyKind::Kubernetes),
    ),
    (
        "cilium.io",
        &["v2"],
        "CiliumNetworkPolicy",
        Kind::Policy(PolicyKind::Cilium),
    ),
    (
        "cilium.io",
        &["v2"],
        "CiliumClusterwideNetworkPolicy",
        Kind::Policy(PolicyKind::CiliumClusterwide),
    ),
    (
        "cilium.io",
        &["v2", "v2alpha1"],
        "CiliumCIDRGroup",
        Kind::CidrGroup,
    ),
    // Where Deployments and the like came from; removed in Kubernetes 1.16.
    (
        "extensions",
        &["v1beta1"],
        "Deployment",
        Kind::Template(Template::Deployment),
    ),
];

/// Further kinds of the group `extensions`, as [`READ`] has them elsewhere.
const EXTENSIONS: [&str; 3] = ["DaemonSet", "ReplicaSet", "NetworkPolicy"];

/// Kinds that change what is allowed: group, kind (`*` is every one), and what
/// they do.
const REFUSED: [(&str, &str, &str); 22] = [
    (
        "policy.networking.k8s.io",
        "*",
        "allows or denies before or after every NetworkPolicy of the cluster",
    ),
    ("crd.projectcalico.org", "NetworkPolicy", CALICO),
    ("crd.projectcalico.org", "GlobalNetworkPolicy", CALICO),
    ("crd.projectcalico.org", "Tier", CALICO),
    ("crd.projectcalico.org", "HostEndpoint", CALICO_HOST),
    ("projectcalico.org", "NetworkPolicy", CALICO),
    ("projectcalico.org", "GlobalNetworkPolicy", CALICO),
    ("projectcalico.org", "Tier", CALICO),
    ("projectcalico.org", "HostEndpoint", CALICO_HOST),
    ("projectcalico.org", "Profile", CALICO),
    ("cilium.io", "CiliumEgressGatewayPolicy", EGRESS_GATEWAY),
    ("cilium.io", "CiliumEgressNATPolicy", EGRESS_GATEWAY),
    (
        "cilium.io",
        "CiliumLocalRedirectPolicy",
        "sends what is meant for a service or an address to other workloads",
    ),
    ("cilium.io", "CiliumEnvoyConfig", ENVOY),
    ("cilium.io", "CiliumClusterwideEnvoyConfig", ENVOY),
    (
        "k8s.cni.cncf.io",
        "MultiNetworkPolicy",
        "restricts traffic of the pods' additional networks",
    ),
    (
        "k8s.ovn.org",
        "EgressFirewall",
        "restricts what a namespace sends out of the cluster",
    ),
    ("k8s.ovn.org", "UserDefinedNetwork", OTHER_NETWORK),
    ("k8s.ovn.org", "ClusterUserDefinedNetwork", OTHER_NETWORK),
    ("crd.antrea.io", "NetworkPolicy", ANTREA),
    ("crd.antrea.io", "ClusterNetworkPolicy", ANTREA),
    ("crd.antrea.io", "Tier", ANTREA),
];

const CALICO: &str = "allows or denies in an order of its own, before NetworkPolicies are asked";
const CALICO_HOST: &str = "restricts traffic of the node's own interfaces";
const ANTREA: &str = "allows or denies by priority, before NetworkPolicies are asked";
const EGRESS_GATEWAY: &str =
    "sends what leaves the cluster through another node, under its address";
const ENVOY: &str = "sends what is meant for services to a proxy";
const OTHER_NETWORK: &str = "takes pods out of the cluster's network into one of their own";

/// Kinds that proxies or gateways enforce: group, kind, who.
const ELSEWHERE: [(&str, &str, &str); 4] = [
    (
        "security.istio.io",
        "AuthorizationPolicy",
        "Istio's proxies",
    ),
    ("security.istio.io", "PeerAuthentication", "Istio's proxies"),
    ("policy.linkerd.io", "Server", "Linkerd's proxies"),
    (
        "policy.linkerd.io",
        "AuthorizationPolicy",
        "Linkerd's proxies",
    ),
];

/// What is to be done with objects of this `apiVersion` and `kind`.
pub(super) fn treatment(api_version: &str, kind: &str) -> Treatment {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let group_read = if group == "extensions" && EXTENSIONS.contains(&kind) {
        match kind {
            "NetworkPolicy" => "networking.k8s.io",
            _ => "apps",
        }
    } else {
        group
    };
    let found = (READ.iter()).find(|(its, _, name, _)| *its == group_read && *name == kind);
    if let Some((_, versions, _, read)) = found {
        return match group_read != group || versions.contains(&version) {
            true => Treatment::Read(*read),
            false => Treatment::WrongVersion { read: versions[0] },
        };
    }
    let any = |name: &str| name == "*" || name == kind;
    if let Some((_, _, does)) = (REFUSED.iter()).find(|(its, name, _)| *its == group && any(name)) {
        return Treatment::Refuse { does };
    }
    if let Some((_, _, who)) = (ELSEWHERE.iter()).find(|(its, name, _)| *its == group && any(name))
    {
        return Treatment::Elsewhere { who };
    }
    match mistaken(group, kind) {
        Some(meant) => Treatment::Mistaken { meant },
        None => Treatment::Pass,
    }
}

/// The kind that is read and written nearly like this one, if the group is one
/// of those: kinds of the same name in groups of others are other things.
fn mistaken(group: &str, kind: &str) -> Option<(&'static str, &'static str)> {
    if !READ.iter().any(|(its, ..)| *its == group) {
        return None;
    }
    let lower = kind.to_lowercase();
    (READ.iter())
        .map(|(its, versions, name, _)| {
            let distance = strsim::damerau_levenshtein(&lower, &name.to_lowercase());
            let near = distance <= 2 && distance * 3 < name.len();
            (near, distance, *its != group, *its, versions[0], *name)
        })
        .filter(|(near, ..)| *near)
        .min()
        .map(|(.., group, version, name)| (full_version(group, version), name))
}

/// `apiVersion` of a group in [`READ`].
fn full_version(group: &'static str, version: &'static str) -> &'static str {
    match group {
        "apps" => "apps/v1",
        "batch" => "batch/v1",
        "kubevirt.io" => "kubevirt.io/v1",
        "networking.k8s.io" => "networking.k8s.io/v1",
        "cilium.io" => "cilium.io/v2",
        "extensions" => "apps/v1",
        _ => version,
    }
}

impl Template {
    /// The object's `kind`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Template::Deployment => "Deployment",
            Template::StatefulSet => "StatefulSet",
            Template::DaemonSet => "DaemonSet",
            Template::ReplicaSet => "ReplicaSet",
            Template::ReplicationController => "ReplicationController",
            Template::Job => "Job",
            Template::CronJob => "CronJob",
            Template::VirtualMachine => "VirtualMachine",
            Template::VirtualMachineInstance => "VirtualMachineInstance",
        }
    }
}
