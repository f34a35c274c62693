//! Packets that have to do with one another.

use std::net::IpAddr;

use super::packet::{error, packet, port};
use super::{Draw, shape};
use crate::frame::{
    Body, Fragment, FrameSpec, IcmpKind, IpPacket, ProbeId, QuotedTransport, Transport, build,
};
use crate::journey::{Journey, Sender, route};
use crate::model::Policy;
use crate::port::Protocol;
use crate::topology::TopologyPlan;

/// So many packets, in the order in which they are sent, each on its way through
/// the network: new ones, and about half of them replies to earlier ones, new
/// connections the other way, the same once more, errors about them, and their
/// fragments.
///
/// Their frames are such that have bytes.
pub fn sequence(
    draw: &mut Draw,
    policy: &Policy,
    topology: &TopologyPlan,
    length: usize,
) -> Vec<Journey> {
    let mut journeys: Vec<Journey> = Vec::new();
    for _ in 0..length {
        let earlier = draw.below(journeys.len().max(1));
        let follows = (journeys.get(earlier)).and_then(|journey| follow(draw, policy, journey));
        let sent = follows.filter(|(_, frame)| build(frame, ProbeId(0), [0; 6]).is_ok());
        let (sender, frame) = sent.unwrap_or_else(|| packet(draw, policy));
        journeys.push(route(topology, sender, frame));
    }
    journeys
}

/// A packet that has to do with one that was sent, or `None` for a new one.
fn follow(draw: &mut Draw, policy: &Policy, journey: &Journey) -> Option<(Sender, FrameSpec)> {
    let choice = draw.below(12);
    let sent = journey.frame();
    // What the other side saw of it, behind the node.
    let arrived = &journey.legs.last()?.frame;
    let (Body::Ip(sent_packet), Body::Ip(packet)) = (&sent.body, &arrived.body) else {
        return None;
    };
    let to_sender = |body: IpPacket| {
        let sender = owner(policy, body.source);
        Some((sender, FrameSpec::from(body)))
    };
    match choice {
        0..=4 => None,
        // The reply, now and then to another port.
        5 | 6 => {
            let mut reply = reversed(packet)?;
            if draw.once_in(6) {
                reply.transport = redirected(reply.transport, port(draw, policy));
            }
            to_sender(reply)
        }
        // A new connection the other way.
        7 => {
            let reply = reversed(packet)?;
            let forward = IpPacket {
                transport: packet.transport,
                ..reply
            };
            to_sender(forward)
        }
        // The same once more.
        8 => Some((sender_of(journey), sent.clone())),
        // An error, from the receiver or from somebody on the way, about the packet
        // or about its reply.
        9 => {
            let reply = draw.once_in(2).then(|| reversed(packet)).flatten();
            let packet = reply.as_ref().unwrap_or(packet);
            let about = quoted(packet.transport)?;
            let kind = error(draw, packet.source, packet.destination, about);
            let from = if draw.once_in(3) {
                let strangers: Vec<IpAddr> = super::places::places(policy)
                    .into_iter()
                    .filter(|address| address.is_ipv4() == packet.source.is_ipv4())
                    .collect();
                *draw.one(&strangers)
            } else {
                packet.destination
            };
            let mut body = reversed(packet).unwrap_or_else(|| packet.clone());
            body.source = from;
            body.destination = if draw.once_in(6) {
                // To one who sent nothing of the kind.
                let workload = draw.one(&policy.workloads);
                let of_family = |address: &&IpAddr| address.is_ipv4() == packet.source.is_ipv4();
                *(workload.addresses.iter().find(of_family)).unwrap_or(&packet.source)
            } else {
                packet.source
            };
            body.transport = Transport::Icmp(kind);
            body.fragment = None;
            if draw.once_in(4) {
                // So that it ends near what it quotes.
                let behind = 20 + 8 + 20 + draw.below(12);
                body.lengths.total = u16::try_from(behind).ok();
            }
            to_sender(body)
        }
        // A fragment of such a packet, the first of them or another.
        _ => {
            let fragment = if draw.once_in(3) {
                shape::fragment(draw)
            } else {
                let (offset, more) = *draw.one(&[(0, true), (1480, false), (8, true)]);
                Fragment {
                    offset,
                    more,
                    identification: Some(7),
                }
            };
            let mut frame = sent.clone();
            frame.truncate = None;
            frame.body = Body::Ip(IpPacket {
                fragment: Some(fragment),
                ..sent_packet.clone()
            });
            Some((sender_of(journey), frame))
        }
    }
}

fn sender_of(journey: &Journey) -> Sender {
    match journey.first().point {
        crate::journey::Point::Egress(workload) => Sender::Workload(workload),
        crate::journey::Point::Uplink | crate::journey::Point::Ingress(_) => Sender::Outside,
    }
}

/// Who sends under this address.
fn owner(policy: &Policy, address: IpAddr) -> Sender {
    let owns = |workload: &crate::model::Workload| {
        !workload.host_network && workload.addresses.contains(&address)
    };
    (policy.workloads.iter().position(owns)).map_or(Sender::Outside, Sender::Workload)
}

/// The packet's reply, in one piece; `None` for what has none.
fn reversed(packet: &IpPacket) -> Option<IpPacket> {
    let transport = match packet.transport {
        Transport::Tcp {
            source,
            destination,
            flags,
        } => Transport::Tcp {
            source: destination,
            destination: source,
            flags,
        },
        Transport::Udp {
            source,
            destination,
        } => Transport::Udp {
            source: destination,
            destination: source,
        },
        Transport::Sctp {
            source,
            destination,
        } => Transport::Sctp {
            source: destination,
            destination: source,
        },
        Transport::Icmp(IcmpKind::EchoRequest { identifier }) => {
            Transport::Icmp(IcmpKind::EchoReply { identifier })
        }
        Transport::Other { protocol } => Transport::Other { protocol },
        Transport::Icmp(_) => return None,
    };
    Some(IpPacket {
        source: packet.destination,
        destination: packet.source,
        transport,
        lengths: crate::frame::Lengths::default(),
        fragment: packet.fragment,
        ..packet.clone()
    })
}

fn redirected(transport: Transport, port: u16) -> Transport {
    match transport {
        Transport::Tcp { source, flags, .. } => Transport::Tcp {
            source,
            destination: port,
            flags,
        },
        Transport::Udp { source, .. } => Transport::Udp {
            source,
            destination: port,
        },
        Transport::Sctp { source, .. } => Transport::Sctp {
            source,
            destination: port,
        },
        Transport::Icmp(IcmpKind::EchoReply { .. }) => {
            Transport::Icmp(IcmpKind::EchoReply { identifier: port })
        }
        other => other,
    }
}

/// How an error quotes it.
fn quoted(transport: Transport) -> Option<QuotedTransport> {
    let ports = |protocol, source, destination| QuotedTransport::Ports {
        protocol,
        source,
        destination,
    };
    Some(match transport {
        Transport::Tcp {
            source,
            destination,
            flags: _,
        } => ports(Protocol::Tcp, source, destination),
        Transport::Udp {
            source,
            destination,
        } => ports(Protocol::Udp, source, destination),
        Transport::Sctp {
            source,
            destination,
        } => ports(Protocol::Sctp, source, destination),
        Transport::Icmp(IcmpKind::EchoRequest { identifier }) => {
            QuotedTransport::EchoRequest { identifier }
        }
        Transport::Icmp(IcmpKind::EchoReply { identifier }) => {
            QuotedTransport::EchoReply { identifier }
        }
        Transport::Icmp(_) => return None,
        Transport::Other { protocol } => QuotedTransport::Other { protocol },
    })
}
