//! What becomes of a connection from outside, over all the hooks that it comes by.

use netverdict_abi::{Reason, Verdict};

use super::{L4, PolicyReading, Question};
use crate::chart::Chart;
use crate::journey::Point;
use crate::model::{Backend, NodePort, Policy};
use crate::port::ProtoPort;
use crate::prefix::Family;

/// What becomes of a connection from outside, from every address, through a node port
/// to one of its backends: the reason of the hook that decides, which is the first
/// that drops, or the last.
///
/// Families that the backend has no address of are missing. A backend in the node's
/// network has no hook: there the uplink's word is the last.
///
/// # Panics
/// If the policy does not have the backend's workload.
pub fn through_node_port(
    policy: &Policy,
    node_port: &NodePort,
    backend: &Backend,
) -> Chart<Reason> {
    PolicyReading::new(policy).through_node_port(node_port, backend)
}

impl PolicyReading<'_> {
    /// What [`through_node_port`] says.
    ///
    /// # Panics
    /// If the policy does not have the backend's workload.
    pub fn through_node_port(&self, node_port: &NodePort, backend: &Backend) -> Chart<Reason> {
        let at_uplink = self.answer(&Question {
            point: Point::Uplink,
            l4: L4::Ports(node_port.node_port),
        });
        let workload = &self.policy().workloads[backend.workload];
        if workload.host_network {
            let own = workload.addresses.iter().copied().map(Family::of);
            let own = Chart::constant(&own.collect::<Vec<_>>(), ());
            return at_uplink.zip(&own).map(|(reason, ())| *reason);
        }
        let at_backend = self.answer(&Question {
            point: Point::Ingress(backend.workload),
            l4: L4::Ports(ProtoPort {
                port: backend.port,
                protocol: node_port.node_port.protocol,
            }),
        });
        let decides = |(uplink, backend): &(Reason, Reason)| match uplink.verdict() {
            Verdict::Drop | Verdict::Abort => *uplink,
            Verdict::Pass if bypasses(*uplink) => Reason::Bypassed,
            Verdict::Pass => *backend,
        };
        at_uplink.zip(&at_backend).map(decides)
    }
}

/// Whether what the uplink passes for this reason skips the policy behind it.
pub(crate) fn bypasses(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::PrefilterAllowBypass | Reason::PrefilterDefaultBypass
    )
}
