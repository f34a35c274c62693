//! Who is reached that should not be.

use crate::diagnostic::Severity;
use crate::finding::Kind;
use crate::finding::reference::{
    AUDIT, FILTERING, INBOUND_FILTERING, LATERAL, PUBLIC_FACING, REMOTE_SERVICES, SEGMENTATION,
    TRAFFIC_FILTERING, technique,
};

/// Prefixes that let in the internet, or much of it.
pub static WILDCARD_CIDR: Kind = Kind {
    id: "wildcard-cidr",
    severity: Severity::Error,
    summary: "prefixes let in the internet, at a service that is not marked public",
    explanation: "\
The addresses that a policy allows, exceptions and denying rules taken out, hold more of the
address space outside private ranges than a service of one's own can mean: all of it, or more
than `--wildcard-share` percent of either family (1 by default). It does not matter whether one
prefix says so (`0.0.0.0/0`, `::/0`) or several add up to it.

Private ranges are 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16,
172.16.0.0/12, 192.168.0.0/16 and everything from 224.0.0.0 on; of IPv6 all but 2000::/3.

It is an error where a NodePort or LoadBalancer Service leads there, and a warning otherwise,
or while a prefilter keeps those addresses out. Services that are meant for everybody say so: by
the annotation or label `service.beta.kubernetes.io/public`, or what `--public-mark` names, with
any value but `false`.",
    fix: "\
Name the prefixes of those who may come. If everybody may, mark the Service: \
`service.beta.kubernetes.io/public: \"true\"` among its annotations.",
    references: &[PUBLIC_FACING, FILTERING, SEGMENTATION, INBOUND_FILTERING],
};

/// A rule without addresses lets anybody in through a node port.
pub static NODE_PORT_TO_WORLD: Kind = Kind {
    id: "node-port-to-world",
    severity: Severity::Error,
    summary: "a rule lets the world in through a NodePort or LoadBalancer",
    explanation: "\
A rule about `world`, `all` or nobody in particular allows a port that a NodePort or LoadBalancer
Service leads to. A node port is open at every address of every node, so whoever reaches one node
reaches the workload. It is a warning while a prefilter keeps the world out.

Services that are marked public are left out, as in `wildcard-cidr`.",
    fix: "\
Name those who may come (`fromCIDR`, `ipBlock`, `fromEndpoints`), make the Service a ClusterIP, or \
mark it public.",
    references: &[PUBLIC_FACING, REMOTE_SERVICES, FILTERING, INBOUND_FILTERING],
};

/// A service that is reached from outside, with backends that nothing guards.
pub static SERVICE_WITHOUT_POLICY: Kind = Kind {
    id: "service-without-policy",
    severity: Severity::Warning,
    summary: "no ingress policy selects the backends of a NodePort or LoadBalancer Service",
    explanation: "\
A workload that no policy selects for ingress takes everything from everybody, at every port. A
prefilter guards the node port only, and not what comes from inside the cluster. What the Service
calls `loadBalancerSourceRanges` guards the load balancer's address, and not the node port.

It is a note for a Service that is marked public.",
    fix: "Select the backends by a policy that allows the Service's port to those who may come.",
    references: &[
        PUBLIC_FACING,
        LATERAL,
        SEGMENTATION,
        FILTERING,
        TRAFFIC_FILTERING,
    ],
};

/// Nothing but a private source address tells friend from stranger.
pub static FORGEABLE_SOURCE: Kind = Kind {
    id: "forgeable-source",
    severity: Severity::Warning,
    summary: "private source addresses are all that keeps the outside out",
    explanation: "\
A prefilter's allow list of private prefixes is the only guard of a node port, on an interface that
traffic from outside reaches. A source address is what the sender writes: a host outside may write
10.0.0.5 into its packets, and the filter lets them pass. Answers go to the real 10.0.0.5, so that
no TCP connection comes about; but UDP, SYN floods and everything that acts on the first packet
get through. `scenarios/prefilter/forged-private-source.yaml` shows it.

The node's kernel would refuse such a packet by reverse-path filtering, if that is strict, and if
the address is routed by another interface; XDP decides long before that and asks no routing table.

It is a note where the allow list is a policy's: that is no worse, but every policy with private
prefixes at a node port has it.",
    fix: "\
Drop private sources where outside traffic comes in (BCP 38, `rp_filter=1` on an interface that \
has no route to them, an XDP deny list on the external interface), and let the workload ask for \
credentials.",
    references: &[
        technique("T1498", "Network Denial of Service"),
        FILTERING,
        SEGMENTATION,
        INBOUND_FILTERING,
    ],
};

/// New workloads of a namespace are open.
pub static NAMESPACE_WITHOUT_DEFAULT_DENY: Kind = Kind {
    id: "namespace-without-default-deny",
    severity: Severity::Note,
    summary: "no policy denies ingress to every workload of a namespace by default",
    explanation: "\
Policies that select some workloads leave all others open, and so is each new one until somebody
thinks of it. A namespace with a policy that selects everything in it and allows nothing is closed
by default; others then open what is needed.",
    fix: "\
Add a policy with an empty selector: `podSelector: {}` and `policyTypes: [Ingress]`, or of Cilium \
`endpointSelector: {}` and `ingress: [{}]`.",
    references: &[LATERAL, SEGMENTATION, AUDIT, TRAFFIC_FILTERING],
};
