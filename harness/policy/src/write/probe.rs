//! Writes entries of `probes`.

use std::net::IpAddr;

use super::frame::{self, Sent};
use super::yaml::{Map, Yaml};
use super::{DraftProbe, Unwritable};
use crate::frame::{Body, IcmpKind, IpPacket, QuotedTransport, Transport};
use crate::journey::Point;
use crate::model::Policy;
use crate::scenario::Expect;
use crate::topology::TopologyPlan;

/// Who may send and receive.
pub(super) struct Network<'a> {
    pub(super) policy: &'a Policy,
    pub(super) topology: &'a TopologyPlan,
}

impl Network<'_> {
    /// One entry, of one frame.
    pub(super) fn probe(&self, probe: &DraftProbe<'_>) -> Result<Map, Unwritable> {
        let DraftProbe {
            name,
            journey,
            expect,
            reason,
            sequence: _,
        } = probe;
        let about = || match name {
            &"" => "a probe".to_owned(),
            name => format!("probe '{name}'"),
        };
        let cannot = |why: &str| Unwritable::because(about(), why);
        let spec = journey.frame();
        let sender = match journey.first().point {
            Point::Uplink => None,
            Point::Egress(workload) => Some(workload),
            Point::Ingress(_) => return Err(cannot("it is sent at no hook where frames enter")),
        };
        let (source, to) = match &spec.body {
            Body::Ip(packet) => (packet.source, self.to(packet)),
            Body::Arp { sender, target } => {
                let who = self.who(IpAddr::V4(*target));
                (IpAddr::V4(*sender), format!("{who}/arp"))
            }
            // Nobody's address is in it.
            Body::Other { ethertype } => (
                self.topology.node[0],
                format!("node/ethertype-{ethertype:#06x}"),
            ),
        };
        let from = match sender {
            None => source.to_string(),
            Some(workload) => self.topology.workloads[workload].name.clone(),
        };
        let frame = frame::write(spec, self.sent(sender, spec.body.clone(), source))
            .map_err(|why| cannot(&why))?;
        Ok(Map::default()
            .with_some("name", Some(*name).filter(|name| !name.is_empty()))
            .with("from", from)
            .with("to", to)
            .with(
                "expect",
                match expect {
                    Expect::Pass => "pass",
                    Expect::Drop => "drop",
                },
            )
            .with_some("reason", reason.map(|reason| reason.slug()))
            .with_some("frame", frame.some()))
    }

    /// What has to be said of the source of what a workload sends.
    fn sent(&self, sender: Option<usize>, body: Body, source: IpAddr) -> Sent {
        let Some(workload) = sender else {
            return Sent::Named;
        };
        let own = &self.topology.workloads[workload].addresses;
        match body {
            Body::Other { .. } => Sent::Named,
            Body::Ip(_) | Body::Arp { .. } if !own.contains(&source) => Sent::Under(source),
            Body::Arp { .. } => Sent::Named,
            Body::Ip(_) if own.len() > 1 => Sent::OfFamily(source),
            Body::Ip(_) => Sent::Named,
        }
    }

    fn to(&self, packet: &IpPacket) -> String {
        let who = self.who(packet.destination);
        match packet.transport {
            Transport::Tcp { destination, .. } => self.port(packet, destination, "tcp"),
            Transport::Udp { destination, .. } => self.port(packet, destination, "udp"),
            Transport::Sctp { destination, .. } => self.port(packet, destination, "sctp"),
            Transport::Icmp(IcmpKind::EchoRequest { .. }) => format!("{who}/icmp"),
            Transport::Icmp(IcmpKind::EchoReply { .. }) => format!("{who}/icmp-echo-reply"),
            Transport::Icmp(IcmpKind::NeighbourSolicitation) => {
                format!("{who}/neighbour-solicitation")
            }
            Transport::Icmp(IcmpKind::Error { kind, .. } | IcmpKind::Other { kind, .. }) => {
                format!("{who}/icmp-type-{kind}")
            }
            Transport::Other { protocol } => format!("{who}/protocol-{protocol}"),
        }
    }

    /// A workload's name may stand for the node, where a Service forwards the port:
    /// an address never does.
    fn port(&self, packet: &IpPacket, port: u16, protocol: &str) -> String {
        let is_node_port = (30000..=32767).contains(&port)
            || (self.policy.node_ports.iter()).any(|known| known.node_port.port == port);
        let who = match is_node_port {
            true if self.topology.node.contains(&packet.destination) => "node".to_owned(),
            true => address(packet.destination),
            false => self.who(packet.destination),
        };
        format!("{who}:{port}/{protocol}")
    }

    /// The node or the workload that has the address, or the address itself.
    fn who(&self, destination: IpAddr) -> String {
        if self.topology.node.contains(&destination) {
            return "node".to_owned();
        }
        let owns = |plan: &&crate::topology::WorkloadPlan| {
            !plan.host_network && plan.addresses.contains(&destination)
        };
        match self.topology.workloads.iter().find(owns) {
            Some(plan) => plan.name.clone(),
            None => address(destination),
        }
    }
}

/// An address in front of a port or a message.
pub(super) fn address(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// The destination of a packet that an error quotes.
pub(super) fn quoted(destination: IpAddr, transport: QuotedTransport) -> Yaml {
    let who = address(destination);
    Yaml::Text(match transport {
        QuotedTransport::Ports {
            protocol,
            source: _,
            destination,
        } => format!("{who}:{destination}/{protocol}"),
        QuotedTransport::EchoRequest { .. } => format!("{who}/icmp"),
        QuotedTransport::EchoReply { .. } => format!("{who}/icmp-echo-reply"),
        QuotedTransport::Other { protocol } => format!("{who}/protocol-{protocol}"),
    })
}
