//! Which frames may be under way together where connections are tracked.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netverdict_lab::wire::MAX_BATCH;
use netverdict_policy::frame::{Body, Transport};
use netverdict_policy::journey::Point;
use netverdict_policy::scenario::Case;

/// What connection tracking would know two packets by, whichever way they go.
type Conversation = (u8, (IpAddr, u16), (IpAddr, u16));

/// One sender's frames, no two of which could be of one connection.
struct Batch {
    sender: Point,
    taken: BTreeSet<Conversation>,
    frames: Vec<usize>,
}

/// The frames of these indices in batches. Connections are to be forgotten between
/// two of them, so that no frame is judged by what another left.
pub(super) fn apart(cases: &[&Case], frames: &[usize]) -> Vec<Vec<usize>> {
    let mut batches: Vec<Batch> = Vec::new();
    for index in frames {
        let sender = cases[*index].journey.first().point;
        let conversation = conversation(cases[*index]);
        let room = |batch: &&mut Batch| {
            batch.sender == sender
                && batch.frames.len() < MAX_BATCH
                && conversation.is_none_or(|it| !batch.taken.contains(&it))
        };
        let batch = match batches.iter_mut().find(room) {
            Some(batch) => batch,
            None => {
                batches.push(Batch {
                    sender,
                    taken: BTreeSet::new(),
                    frames: Vec::new(),
                });
                batches.last_mut().expect("it was just made")
            }
        };
        batch.taken.extend(conversation);
        batch.frames.push(*index);
    }
    batches.into_iter().map(|batch| batch.frames).collect()
}

fn conversation(case: &Case) -> Option<Conversation> {
    let Body::Ip(packet) = &case.journey.frame().body else {
        return None;
    };
    // Without ports all of a pair's packets count as one conversation.
    let (protocol, from, to) = match packet.transport {
        Transport::Tcp {
            source,
            destination,
            ..
        } => (6, source, destination),
        Transport::Udp {
            source,
            destination,
        } => (17, source, destination),
        Transport::Sctp {
            source,
            destination,
        } => (132, source, destination),
        Transport::Icmp(_) => (1, 0, 0),
        Transport::Other { protocol } => (protocol, 0, 0),
    };
    let (one, other) = ((packet.source, from), (packet.destination, to));
    Some((protocol, one.min(other), one.max(other)))
}

#[cfg(test)]
mod tests {
    use netverdict_policy::frame::{FrameSpec, IpPacket, Lengths};
    use netverdict_policy::journey::{Journey, Leg, Target};

    use super::*;

    fn udp(sender: Point, (from, source): (&str, u16), (to, destination): (&str, u16)) -> Case {
        let frame = FrameSpec {
            tags: Vec::new(),
            body: Body::Ip(IpPacket {
                source: from.parse().expect("an address"),
                destination: to.parse().expect("an address"),
                options: Vec::new(),
                extension_headers: Vec::new(),
                fragment: None,
                hop_limit: None,
                lengths: Lengths::default(),
                transport: Transport::Udp {
                    source,
                    destination,
                },
                payload: 32,
                shortened_to: None,
            }),
            truncate: None,
        };
        Case {
            label: String::new(),
            journey: Journey {
                legs: vec![Leg {
                    point: sender,
                    frame,
                }],
                target: Target::Node,
            },
        }
    }

    #[test]
    fn no_batch_holds_two_frames_of_a_connection() {
        let (host, node) = ("198.51.100.7", "192.0.2.10");
        let cases = [
            udp(Point::Uplink, (host, 1), (node, 2)),
            udp(Point::Uplink, (host, 3), (node, 2)),
            // The same again, and an answer.
            udp(Point::Uplink, (host, 1), (node, 2)),
            udp(Point::Uplink, (node, 2), (host, 3)),
            // Another's, so that nothing depends on whose frame comes first.
            udp(Point::Egress(0), (host, 5), (node, 2)),
        ];
        let cases: Vec<&Case> = cases.iter().collect();
        assert_eq!(
            apart(&cases, &[0, 1, 2, 3, 4]),
            [vec![0, 1], vec![2, 3], vec![4]]
        );
        let many = vec![0; MAX_BATCH + 2];
        assert_eq!(apart(&cases, &many).len(), MAX_BATCH + 2);
    }
}
