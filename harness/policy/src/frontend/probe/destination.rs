//! Reads `to`.

use std::net::IpAddr;

use super::super::problems::Problems;
use super::super::suggest::{closest, did_you_mean};
use super::super::tree::Node;
use super::Context;
use super::who::{Who, WhoError};
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Family;

/// What a frame is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// An IP packet.
    Ip(Who, What),
    /// An ARP request for the node's address.
    Arp,
    /// A neighbour solicitation for somebody's address.
    NeighbourSolicitation(Who),
    /// Another ethertype.
    Ethertype(u16),
}

/// What an IP packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// TCP, UDP or SCTP, for a port, which may be 0.
    Port(Protocol, u16),
    /// An echo request.
    Echo,
    /// An echo reply.
    EchoReply,
    /// An ICMP or ICMPv6 message of this type.
    IcmpType(u8),
    /// Another protocol.
    Protocol(u8),
}

impl Destination {
    /// The family that it is of by its nature.
    pub(super) fn family(&self) -> Option<Family> {
        match self {
            Destination::Ip(Who::Address(address), _) => Some(Family::of(*address)),
            Destination::Arp => Some(Family::V4),
            Destination::NeighbourSolicitation(_) => Some(Family::V6),
            Destination::Ip(..) | Destination::Ethertype(_) => None,
        }
    }

    /// Its addresses of a family; one without addresses is the node.
    pub(super) fn addresses(&self, family: Family, context: &Context<'_>) -> Vec<IpAddr> {
        let who = match self {
            Destination::Ip(who, _) | Destination::NeighbourSolicitation(who) => *who,
            Destination::Arp | Destination::Ethertype(_) => Who::Node,
        };
        let mut addresses = who.addresses(context);
        addresses.retain(|address| Family::of(*address) == family);
        addresses
    }
}

const FORMS: &str = "write WHO:PORT/PROTOCOL (tcp, udp, sctp), WHO/icmp, WHO/icmp-echo-reply, \
                     WHO/icmp-type-NUMBER, WHO/protocol-NUMBER or WHO/neighbour-solicitation, where \
                     WHO is a workload, 'node', a host or an address; or node/arp or \
                     node/ethertype-0xNNNN";

/// Reads one.
pub(super) fn read(
    node: &Node,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Destination> {
    let text = problems.text(node)?;
    // A workload's name may have a '/' itself, behind its namespace.
    let parts = text.rsplit_once('/');
    match parts {
        Some((_, protocol)) if Protocol::ALL.iter().any(|known| known.name() == protocol) => {
            port(node, text, context, problems)
        }
        Some((_, what))
            if what
                .chars()
                .all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()) =>
        {
            malformed(node, text, problems)
        }
        Some(("node", what)) if of_the_node(what) => of_node(node, what, problems),
        Some((who, what)) if !who.contains(':') || who.starts_with('[') => {
            if what == "neighbour-solicitation" {
                let who = who_is(node, who, context, problems)?;
                return Some(Destination::NeighbourSolicitation(who));
            }
            let Some(what) = message(what) else {
                return malformed(node, text, problems);
            };
            let who = who_is(node, who, context, problems)?;
            Some(Destination::Ip(who, what))
        }
        _ => port(node, text, context, problems),
    }
}

fn malformed(node: &Node, text: &str, problems: &mut Problems) -> Option<Destination> {
    problems.error(
        "destination-malformed",
        &node.location,
        format!("'{text}' is no destination"),
        FORMS,
    );
    None
}

fn of_the_node(what: &str) -> bool {
    what == "arp" || what.starts_with("ethertype-")
}

/// What only the node is sent.
fn of_node(node: &Node, what: &str, problems: &mut Problems) -> Option<Destination> {
    let ethertype = match what {
        "arp" => return Some(Destination::Arp),
        _ => what
            .strip_prefix("ethertype-0x")
            .filter(|hex| hex.len() == 4)
            .and_then(|hex| u16::from_str_radix(hex, 16).ok()),
    };
    match ethertype {
        None => problems.error(
            "destination-malformed",
            &node.location,
            format!("'node/{what}' is no destination"),
            "write node/ethertype-0xNNNN (four hexadecimal digits)",
        ),
        // Below 0x0600 the field is a length (IEEE Std 802.3 §3.2.6), which the
        // kernel hands to the 802.2 layer.
        Some(number @ ..0x0600) => problems.error(
            "destination-malformed",
            &node.location,
            format!("{number:#06x} is a length, not an ethertype"),
            "ethertypes begin at 0x0600",
        ),
        Some(number) => return Some(Destination::Ethertype(number)),
    }
    None
}

/// What stands behind the last '/'.
fn message(what: &str) -> Option<What> {
    match what {
        "icmp" => return Some(What::Echo),
        "icmp-echo-reply" => return Some(What::EchoReply),
        _ => {}
    }
    let number = |prefix: &str| what.strip_prefix(prefix)?.parse().ok();
    number("icmp-type-")
        .map(What::IcmpType)
        .or_else(|| number("protocol-").map(What::Protocol))
}

fn port(
    node: &Node,
    text: &str,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Destination> {
    let Some((who, port_text)) = text.rsplit_once(':') else {
        return malformed(node, text, problems);
    };
    // Nobody listens at port 0, but packets to it there are.
    let zero = (Protocol::ALL.iter()).find(|one| {
        port_text
            .strip_prefix("0/")
            .is_some_and(|rest| rest == one.name())
    });
    if let Some(protocol) = zero {
        let who = who_is(node, who, context, problems)?;
        return Some(Destination::Ip(who, What::Port(*protocol, 0)));
    }
    let port = match port_text.parse::<ProtoPort>() {
        Ok(port) => port,
        Err(error) => {
            problems.bad_proto_port(&node.location, port_text, &error);
            return None;
        }
    };
    let who = who_is(node, who, context, problems)?;
    let who = match who {
        Who::Workload(workload) => through_the_node(node, workload, port, context, problems)?,
        Who::Node | Who::Host(_) | Who::Address(_) => who,
    };
    Some(Destination::Ip(who, What::Port(port.protocol, port.port)))
}

fn who_is(node: &Node, text: &str, context: &Context<'_>, problems: &mut Problems) -> Option<Who> {
    match Who::read(text, context) {
        Ok(who) => return Some(who),
        Err(WhoError::Unknown) => {
            let hosts = context.topology.hosts.iter().map(|host| host.name.as_str());
            let known = (context.topology.workloads.iter())
                .map(|workload| workload.name.as_str())
                .chain(["node"])
                .chain(hosts);
            // The manifest that declares it may be the one that could not be read.
            if !context.services_known && closest(text, known.clone()).is_none() {
                return None;
            }
            problems.error(
                "unknown-workload",
                &node.location,
                format!("no workload is named '{text}'"),
                did_you_mean(text, known),
            );
        }
        Err(WhoError::Ambiguous(names)) => problems.error(
            "ambiguous-workload",
            &node.location,
            format!("several workloads are named '{text}'"),
            format!("write one of {}", names.join(", ")),
        ),
    }
    None
}

/// Frames for a workload go to the node if the port is a node port in front of
/// it, else to its own address.
fn through_the_node(
    node: &Node,
    workload: usize,
    port: ProtoPort,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Who> {
    let mine = || {
        (context.policy.node_ports.iter()).filter(|node_port| {
            (node_port.backends.iter()).any(|backend| backend.workload == workload)
        })
    };
    let name = &context.topology.workloads[workload].name;
    let Some(node_port) = mine().find(|mine| mine.node_port == port) else {
        if !looks_like_a_node_port(workload, port, context) {
            return Some(Who::Workload(workload));
        }
        if context.services_known {
            let ports: Vec<String> = mine().map(|mine| mine.node_port.to_string()).collect();
            let help = if ports.is_empty() {
                "no Service of the manifests selects it; to send to a port of the node that no \
                 Service has, write node:PORT/PROTOCOL"
                    .to_owned()
            } else {
                format!("its node ports are: {}", ports.join(", "))
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
    let first = node_port.backends.first().map(|backend| backend.workload);
    if let Some(first) = first.filter(|first| *first != workload) {
        problems.warn(
            "not-the-first-backend",
            &node.location,
            format!(
                "frames to {port} are delivered to '{}', the first of the Service's backends",
                context.topology.workloads[first].name
            ),
            "name the first one, or send to the other's own port",
        );
    }
    Some(Who::Node)
}

/// Whether the author must have meant a port of the node: one of the range that
/// Kubernetes takes them from, and none that the workload is known to have.
fn looks_like_a_node_port(workload: usize, port: ProtoPort, context: &Context<'_>) -> bool {
    let named = &context.policy.workloads[workload].named_ports;
    let is_its_own = context.topology.workloads[workload].listen.contains(&port)
        || named.iter().any(|named| named.port == port);
    (30000..=32767).contains(&port.port) && !is_its_own
}
