//! What bypasses the policy does so at the backends of its port, and only there.

use std::net::IpAddr;

use netverdict_policy::frame::{FrameSpec, IpPacket, Transport};
use netverdict_policy::journey::Point;
use netverdict_policy::model::{Backend, NodePort, Policy};
use netverdict_policy::port::ProtoPort;
use netverdict_policy::prefix::Family;

/// A packet at a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Where.
    pub point: Point,
    /// The packet.
    pub spec: FrameSpec,
    /// What it is in words, with `*` for the peer.
    pub connection: String,
}

/// A node port whose prefilter bypasses the policy, and a backend of it.
#[derive(Clone, Copy, Debug)]
pub struct Passage<'a> {
    policy: &'a Policy,
    service: &'a NodePort,
    backend: Backend,
}

/// Where the flow's packets come from.
const CLIENT_PORT: u16 = 40_000;

/// Every passage past the policy.
pub fn all(policy: &Policy) -> Vec<Passage<'_>> {
    let bypasses = |port: ProtoPort| {
        let at_port = |it: &&netverdict_policy::model::Prefilter| it.node_port == port;
        (policy.prefilters.iter().find(at_port)).is_some_and(|it| it.bypass_policy)
    };
    (policy.node_ports.iter())
        .filter(|service| bypasses(service.node_port))
        .flat_map(|service| {
            service.backends.iter().map(move |backend| Passage {
                policy,
                service,
                backend: *backend,
            })
        })
        .filter(|passage| !policy.workloads[passage.backend.workload].host_network)
        .collect()
}

impl Passage<'_> {
    /// The service's port.
    pub fn service(&self) -> &NodePort {
        self.service
    }

    /// Who stands behind it.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// The port on the node.
    pub fn node_port(&self) -> ProtoPort {
        self.service.node_port
    }

    /// The backend's port.
    pub fn target(&self) -> ProtoPort {
        ProtoPort {
            port: self.backend.port,
            protocol: self.service.node_port.protocol,
        }
    }

    /// What is tried in one memory behind the first packet of a flow from this peer:
    /// the packet as the backend gets it, another port of it, another workload, and
    /// another flow of the same peer. Nothing where the backend lacks the family.
    pub fn behind(&self, peer: IpAddr) -> Vec<Leg> {
        let ProtoPort { port, protocol } = self.service.node_port;
        let Backend {
            workload,
            port: target,
        } = self.backend;
        let leg = |workload: usize, source: u16, destination: u16, what: &str| {
            let owner = &self.policy.workloads[workload];
            let family = Family::of(peer);
            let address = (owner.addresses.iter()).find(|it| Family::of(**it) == family)?;
            let transport = Transport::opening(protocol, source, destination);
            let name = &owner.name.name;
            Some(Leg {
                point: Point::Ingress(workload),
                spec: IpPacket::plain(peer, *address, transport).into(),
                connection: format!(
                    "* to {name} {destination}/{protocol}, {what} {port}/{protocol}"
                ),
            })
        };
        let another = (self.policy.workloads.iter().enumerate())
            .find(|(index, it)| *index != workload && !it.host_network)
            .map(|(index, _)| index);
        let next = target.checked_add(1).unwrap_or(1);
        [
            leg(workload, CLIENT_PORT, target, "behind"),
            leg(workload, CLIENT_PORT, next, "in a flow that came by"),
            another.and_then(|it| leg(it, CLIENT_PORT, target, "in a flow that came by")),
            leg(
                workload,
                CLIENT_PORT + 1,
                target,
                "in another flow than that by",
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
