//! What is remarkable about objects without being wrong: counted, so that a
//! thousand pods give one note.

use std::collections::BTreeMap;

use super::super::problems::Problems;
use crate::diagnostic::Location;

/// What was found, how often, and where first.
#[derive(Clone, Debug, Default)]
pub(in crate::frontend) struct Remarks(BTreeMap<Remark, (usize, Location)>);

/// Things to remark on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::frontend) enum Remark {
    /// A workload with no replicas.
    NoReplicas,
    /// A pod that has finished.
    Finished,
    /// A port of a container that the node serves as well.
    HostPort,
    /// A pod in the node's network.
    HostNetwork,
    /// A pod with networks of its own beside the cluster's.
    FurtherNetworks,
    /// A port of a service that the cluster would choose a node port for.
    NodePortUnassigned,
    /// A service without a selector.
    NoSelector,
    /// A service with addresses outside the cluster.
    ExternalAddresses,
    /// A service whose load balancer takes some sources only.
    SourceRanges,
    /// A service whose traffic may be handed to another node.
    TrafficPolicyCluster,
    /// A service that is reached by one family only.
    OneFamily,
}

impl Remarks {
    /// Counts one.
    pub(in crate::frontend) fn add(&mut self, remark: Remark, location: &Location) {
        let place = || (0, location.clone());
        self.0.entry(remark).or_insert_with(place).0 += 1;
    }

    /// One note for each thing that was found.
    pub(in crate::frontend) fn note(&self, problems: &mut Problems) {
        for (remark, (count, location)) in &self.0 {
            let Words {
                code,
                one,
                many,
                help,
            } = remark.words();
            let message = match count {
                1 => one.to_owned(),
                _ => format!("{count} {many}"),
            };
            problems.note(code, location, message, help);
        }
    }
}

/// How a remark is put.
struct Words {
    code: &'static str,
    /// The sentence about a single thing.
    one: &'static str,
    /// The sentence about several, behind their number.
    many: &'static str,
    help: &'static str,
}

impl Remark {
    const fn words(self) -> Words {
        match self {
            Remark::NoReplicas => Words {
                code: "no-replicas",
                one: "this workload has no replicas",
                many: "workloads have no replicas",
                help: "it is judged as if it had: scaling it up changes no policy",
            },
            Remark::Finished => Words {
                code: "pod-finished",
                one: "this pod has finished",
                many: "pods have finished",
                help: "it is judged as if it ran: the next one like it will meet the same policy",
            },
            Remark::HostPort => Words {
                code: "host-port",
                one: "this port of a container is served at the node's address as well (hostPort)",
                many: "ports of containers are served at the node's address as well (hostPort)",
                help: "the lab does not serve it there; the container's own port is judged",
            },
            Remark::HostNetwork => Words {
                code: "host-network",
                one: "this pod shares the node's network",
                many: "pods share the node's network",
                help: "no policy for workloads selects it, and to others it is the node",
            },
            Remark::FurtherNetworks => Words {
                code: "further-networks",
                one: "this workload has further networks beside the cluster's",
                many: "workloads have further networks beside the cluster's",
                help: "policies are about the cluster's network, and so is what is judged here",
            },
            Remark::NodePortUnassigned => Words {
                code: "node-port-unassigned",
                one: "this port has no nodePort: the cluster would choose one",
                many: "ports of services have no nodePort: the cluster would choose them",
                help: "write a nodePort to have the way through the node judged; the backends' \
                       ports are judged in any case",
            },
            Remark::NoSelector => Words {
                code: "service-without-selector",
                one: "this Service has no selector, so that its backends are managed elsewhere",
                many: "Services have no selector, so that their backends are managed elsewhere",
                help: "nothing is delivered through it here",
            },
            Remark::ExternalAddresses => Words {
                code: "external-addresses",
                one: "this Service has addresses outside the cluster, which the lab does not serve",
                many: "Services have addresses outside the cluster, which the lab does not serve",
                help: "policy is judged at the backends, whatever address was called",
            },
            Remark::SourceRanges => Words {
                code: "source-ranges",
                one: "loadBalancerSourceRanges does not guard the node port of this Service",
                many: "Services have loadBalancerSourceRanges that do not guard their node ports",
                help: "only the load balancer's own address is guarded by them, as in Cilium and \
                       kube-proxy unless told otherwise; guard the backends by a policy",
            },
            Remark::TrafficPolicyCluster => Words {
                code: "traffic-policy",
                one: "this Service may hand traffic to another node, under the first one's address",
                many: "Services may hand traffic to another node, under the first one's address",
                help: "the lab has one node, where the client's address is kept under both external \
                       traffic policies",
            },
            Remark::OneFamily => Words {
                code: "service-of-one-family",
                one: "this Service is reached by one family only, but the node has addresses of both",
                many: "Services are reached by one family only, but the node has addresses of both",
                help: "the lab delivers a node port at every address of the node",
            },
        }
    }
}
