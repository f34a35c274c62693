//! Reads `to`.

use std::net::IpAddr;

use super::super::problems::Problems;
use super::super::suggest::did_you_mean;
use super::super::tree::Node;
use super::Context;
use crate::port::ProtoPort;
use crate::prefix::Family;

/// What a frame is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// A port at the node's own address, behind which a service may stand.
    NodePort(ProtoPort),
    /// A port at another address, through the same uplink.
    Elsewhere(IpAddr, ProtoPort),
    /// An echo request to the node.
    Echo,
    /// An ARP request for the node's address.
    Arp,
    /// A neighbour solicitation for the node's address.
    NeighbourSolicitation,
    /// Another IP protocol to the node.
    Protocol(u8),
    /// Another ethertype.
    Ethertype(u16),
}

impl Destination {
    /// The family that it is of by its nature.
    pub(super) fn family(&self) -> Option<Family> {
        match self {
            Destination::Elsewhere(address, _) => Some(Family::of(*address)),
            Destination::Arp => Some(Family::V4),
            Destination::NeighbourSolicitation => Some(Family::V6),
            Destination::NodePort(_)
            | Destination::Echo
            | Destination::Protocol(_)
            | Destination::Ethertype(_) => None,
        }
    }
}

const FORMS: &str = "write WORKLOAD:NODEPORT/PROTOCOL, node:PORT/PROTOCOL, node/icmp, node/arp, \
                     node/neighbour-solicitation, node/protocol-NUMBER, node/ethertype-0xNNNN or \
                     ADDRESS:PORT/PROTOCOL";

/// Reads one.
pub(super) fn read(
    node: &Node,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Destination> {
    let text = problems.text(node)?;
    if let Some(what) = text.strip_prefix("node/") {
        return node_itself(node, what, problems);
    }
    let Some((to, port_text)) = text.rsplit_once(':') else {
        problems.error(
            "destination-malformed",
            &node.location,
            format!("'{text}' is no destination"),
            FORMS,
        );
        return None;
    };
    let port = match port_text.parse::<ProtoPort>() {
        Ok(port) => port,
        Err(error) => {
            problems.bad_proto_port(&node.location, port_text, &error);
            return None;
        }
    };
    if to == "node" {
        return Some(Destination::NodePort(port));
    }
    if let Some(address) = address(to) {
        // The node's own address is the node.
        if context.network.node.contains(&address) {
            return Some(Destination::NodePort(port));
        }
        return Some(Destination::Elsewhere(address, port));
    }
    workload(node, to, port, context, problems)
}

/// An address in front of a port: in brackets if IPv6.
fn address(text: &str) -> Option<IpAddr> {
    match text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(inside) => inside.parse().ok().filter(IpAddr::is_ipv6),
        None => text.parse().ok().filter(IpAddr::is_ipv4),
    }
}

fn node_itself(node: &Node, what: &str, problems: &mut Problems) -> Option<Destination> {
    let found = match what {
        "icmp" => Some(Destination::Echo),
        "arp" => Some(Destination::Arp),
        "neighbour-solicitation" => Some(Destination::NeighbourSolicitation),
        _ => {
            let protocol = what.strip_prefix("protocol-");
            let ethertype = what.strip_prefix("ethertype-0x");
            match (protocol, ethertype) {
                (Some(number), _) => number.parse().ok().map(Destination::Protocol),
                (_, Some(hex)) if hex.len() == 4 => u16::from_str_radix(hex, 16)
                    .ok()
                    .map(Destination::Ethertype),
                _ => None,
            }
        }
    };
    if found.is_none() {
        problems.error(
            "destination-malformed",
            &node.location,
            format!("'node/{what}' is no destination"),
            "write node/icmp, node/arp, node/neighbour-solicitation, node/protocol-NUMBER (0 to \
             255) or node/ethertype-0xNNNN (four hexadecimal digits)",
        );
    }
    // Below 0x0600 the field is a length (IEEE Std 802.3 §3.2.6), which the
    // kernel hands to the 802.2 layer.
    if let Some(Destination::Ethertype(number @ ..0x0600)) = found {
        problems.error(
            "destination-malformed",
            &node.location,
            format!("{number:#06x} is a length, not an ethertype"),
            "ethertypes begin at 0x0600",
        );
        return None;
    }
    found
}

fn workload(
    node: &Node,
    name: &str,
    port: ProtoPort,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Destination> {
    let known = (context.network.workloads.iter()).map(|(workload, _)| workload.plan.name.as_str());
    let Some(index) = known.clone().position(|known| known == name) else {
        problems.error(
            "unknown-workload",
            &node.location,
            format!("no workload is named '{name}'"),
            did_you_mean(name, known.chain(["node"])),
        );
        return None;
    };
    let mine = || {
        (context.policy.node_ports.iter()).filter(|node_port| {
            (node_port.backends.iter()).any(|backend| backend.workload == index)
        })
    };
    let Some(node_port) = mine().find(|mine| mine.node_port == port) else {
        if context.services_known {
            let ports: Vec<String> = mine().map(|mine| mine.node_port.to_string()).collect();
            let help = if ports.is_empty() {
                "no Service of the manifests selects it; to send to a port of the node that no \
                 Service has, write node:PORT/PROTOCOL"
                    .to_owned()
            } else {
                let by_target = mine().find(|mine| {
                    mine.backends
                        .iter()
                        .any(|backend| backend.port == port.port)
                });
                let note = match by_target {
                    Some(_) => " (frames from outside go to the node port, not to the target port)",
                    None => "",
                };
                format!("its node ports are: {}{note}", ports.join(", "))
            };
            problems.error(
                "unknown-node-port",
                &node.location,
                format!("no Service forwards {port} of the node to '{name}'"),
                help,
            );
        }
        return None;
    };
    if node_port.backends.first().map(|backend| backend.workload) != Some(index) {
        let first = context
            .forwards
            .iter()
            .find(|forward| forward.node_port == port);
        let first = first.map(|forward| &context.network.workloads[forward.workload].0);
        problems.warn(
            "not-the-first-backend",
            &node.location,
            format!(
                "frames to {port} are delivered to '{}', the first of the Service's backends",
                first.map_or("", |first| first.plan.name.as_str())
            ),
            "the verdict is the same for every backend; name the first one",
        );
    }
    Some(Destination::NodePort(port))
}
