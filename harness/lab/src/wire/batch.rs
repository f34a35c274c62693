//! A batch from end to end.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use netverdict_abi::Hook;
use netverdict_policy::journey::{Point, Sender};

use super::evidence::Counters;
use super::inject::{check_length, inject};
use super::mailbox::{Kind, Mailbox};
use super::pin::Pinned;
use super::sentinel::Sentinel;
use super::sightings::Sightings;
use super::{BatchEvidence, MAX_BATCH, Place, Shot, socket};
use crate::error::LabError;
use crate::filter::Filter;
use crate::network::{
    Begun, Namespace, Network, UPLINK_FAR_INDEX, UPLINK_INDEX, point_of, workload_end,
    workload_far_end,
};

/// How long a sentinel may take. It takes microseconds; only a filter that
/// drops it, or a machine that stands still, makes this matter.
const PATIENCE: Duration = Duration::from_secs(3);

/// Protocols that are looked for at the node in any case (IANA numbers): TCP,
/// UDP, SCTP, and ICMP of the family.
const LOCAL_V4: [u8; 4] = [6, 17, 132, 1];
const LOCAL_V6: [u8; 4] = [6, 17, 132, 58];

/// The sockets of a lab.
#[derive(Debug)]
pub(crate) struct Wire {
    /// At the router's end of the uplink: frames from outside go in here, and what
    /// leaves by the uplink is seen here.
    outside: Mailbox,
    /// In the node, at all its links.
    tap: Mailbox,
    /// At the workloads' ends of their links, where their frames go in and what
    /// they receive is seen; `None` for a workload without a link.
    pub(super) sinks: Vec<Option<Mailbox>>,
    /// At the node's own stack.
    pub(super) local: Vec<Mailbox>,
    watched: Vec<u8>,
    mtu: u16,
    sentinels: u32,
}

impl Wire {
    pub(crate) fn open(network: &Network, mtu: u16) -> Result<Wire, LabError> {
        let frames_at = |namespace: &Namespace, link: u32| {
            let place = namespace.name().to_owned();
            namespace.start("open sockets", move |_| {
                let socket = opened(&place, socket::tap(link))?;
                Ok(Mailbox::new(place, Kind::Frames, socket))
            })
        };
        let outside = frames_at(&network.router, UPLINK_FAR_INDEX);
        let in_node = network.node.start("open sockets", move |_| {
            let local = (LOCAL_V4
                .map(|protocol| (libc::AF_INET, protocol))
                .into_iter())
            .chain(LOCAL_V6.map(|protocol| (libc::AF_INET6, protocol)))
            .map(|(domain, protocol)| local_mailbox(domain, protocol))
            .collect::<Result<Vec<_>, _>>()?;
            let tap = opened("the node", socket::tap_everywhere())?;
            Ok((Mailbox::new("the node", Kind::Frames, tap), local))
        });
        let sinks: Vec<Option<Begun<Mailbox>>> = (network.workloads.iter().enumerate())
            .map(|(number, namespace)| {
                let namespace = namespace.as_ref()?;
                Some(frames_at(namespace, workload_far_end(number).index))
            })
            .collect();
        let (tap, local) = in_node.finish()?;
        Ok(Wire {
            outside: outside.finish()?,
            tap,
            local,
            sinks: (sinks.into_iter())
                .map(|begun| begun.map(Begun::finish).transpose())
                .collect::<Result<_, _>>()?,
            watched: Vec::new(),
            mtu,
            sentinels: 0,
        })
    }

    /// Closes the sockets. Closing a packet socket waits until every processor
    /// has forgotten it; closed at the same time, all wait for the same moment.
    pub(crate) fn close(self) {
        let Wire {
            outside,
            tap,
            sinks,
            local,
            watched: _,
            mtu: _,
            sentinels: _,
        } = self;
        drop(local);
        thread::scope(|scope| {
            for mailbox in [outside, tap]
                .into_iter()
                .chain(sinks.into_iter().flatten())
            {
                scope.spawn(move || drop(mailbox));
            }
        });
    }

    /// Looks for more protocols at the node's own stack.
    pub(crate) fn watch(&mut self, network: &Network, protocols: &[u8]) -> Result<(), LabError> {
        for protocol in protocols {
            if self.watched.contains(protocol) {
                continue;
            }
            let protocol = *protocol;
            let opened = network.node.run("open sockets", move |_| {
                let mut opened = Vec::new();
                if !LOCAL_V4.contains(&protocol) {
                    opened.push(local_mailbox(libc::AF_INET, protocol)?);
                }
                if !LOCAL_V6.contains(&protocol) {
                    opened.push(local_mailbox(libc::AF_INET6, protocol)?);
                }
                Ok(opened)
            })?;
            self.local.extend(opened);
            self.watched.push(protocol);
        }
        Ok(())
    }

    pub(crate) fn send(
        &mut self,
        filter: &mut Filter,
        shots: &[Shot<'_>],
    ) -> Result<BatchEvidence, LabError> {
        let senders = self.check(shots)?;
        let _pinned = Pinned::here()
            .map_err(|errno| LabError::system("stay on one processor")(errno.into()))?;
        let sentinel = self.next_sentinel();
        filter.drain(|_| {});
        let (counters, lost_events) = (filter.counters()?, filter.lost_events()?);
        let proposed = filter.proposed()?;

        let mut sent = 0;
        for sender in &senders {
            sent += self.inject_of(*sender, shots, Some(sentinel))?;
        }
        let mut seen = Sightings::default();
        let mut sentinel_seen = self.look_at_node(sentinel, &senders, &mut seen)?;
        if sentinel_seen {
            sentinel_seen = self.look_behind(sentinel, &mut seen)?;
        }

        let mut events = Vec::new();
        filter.drain(|event| {
            if !Sentinel::any(event.source_mac) {
                events.push(event);
            }
        });
        let mut growth = grown(&counters, filter.counters()?);
        take_off_sentinels(&mut growth, filter, &senders, &seen.downward);
        let Sightings {
            tapped,
            delivered,
            returned,
            downward: _,
        } = seen;
        Ok(BatchEvidence {
            sent,
            events,
            tapped,
            delivered,
            returned,
            counters: growth,
            // No policy is asked about a sentinel.
            proposed: grown(&proposed, filter.proposed()?),
            lost_events: filter.lost_events()? - lost_events,
            sentinel_seen,
        })
    }

    /// Sends frames and looks at nothing.
    pub(crate) fn send_bare(&mut self, shots: &[Shot<'_>]) -> Result<usize, LabError> {
        let mut sent = 0;
        for sender in self.check(shots)? {
            sent += self.inject_of(sender, shots, None)?;
        }
        Ok(sent)
    }

    /// Sends one sender's frames, and a sentinel behind them; returns how many
    /// frames the link took.
    pub(super) fn inject_of(
        &self,
        sender: Sender,
        shots: &[Shot<'_>],
        sentinel: Option<Sentinel>,
    ) -> Result<usize, LabError> {
        let last = sentinel.map(Sentinel::frame);
        let frames = (shots.iter())
            .filter(|shot| shot.from == sender)
            .map(|shot| shot.frame)
            .chain(last.iter().map(|frame| frame.as_slice()));
        let sent = inject(self.socket_of(sender)?, frames)
            .map_err(LabError::system(format!("send a batch for {sender:?}")))?;
        Ok(sent.saturating_sub(usize::from(sentinel.is_some())))
    }

    /// Reads the tap until all that was sent has entered the node, or never will:
    /// the node is done with it then, and has sent on what it sends on.
    pub(super) fn look_at_node(
        &mut self,
        sentinel: Sentinel,
        senders: &[Sender],
        seen: &mut Sightings,
    ) -> Result<bool, LabError> {
        let links: Vec<u32> = senders.iter().map(|sender| entry(*sender)).collect();
        let deadline = Instant::now() + PATIENCE;
        let complete =
            (self.tap).read_until(sentinel, &links, deadline, |frame| seen.at_node(&frame))?;
        self.tap.check_nothing_was_lost()?;
        Ok(complete)
    }

    /// Reads every place that a frame which entered the node may have got to, each
    /// until a sentinel that was sent after those frames shows there.
    pub(super) fn look_behind(
        &mut self,
        sentinel: Sentinel,
        seen: &mut Sightings,
    ) -> Result<bool, LabError> {
        if !seen.tapped.is_empty() {
            for mailbox in &mut self.local {
                // The node's own stack is done with a packet when the next frame
                // is looked at: no sentinel is needed, nor could one come this way.
                mailbox.read_all(|packet| seen.deliver(&packet, Place::Node))?;
                mailbox.check_nothing_was_lost()?;
            }
        }
        let frame = sentinel.frame();
        let downward = seen.downward.clone();
        for link in &downward {
            socket::send_on(self.tap.socket(), *link, &frame)
                .map_err(LabError::system("send a sentinel out of the node"))?;
        }
        let deadline = Instant::now() + PATIENCE;
        let mut complete = true;
        for link in downward {
            let (mailbox, far, place) = match point_of(Hook::Egress, link) {
                Some(Point::Egress(number)) => (
                    self.sinks.get_mut(number).and_then(Option::as_mut),
                    workload_far_end(number).index,
                    Place::Workload(number),
                ),
                _ => (Some(&mut self.outside), UPLINK_FAR_INDEX, Place::Outside),
            };
            let mailbox = mailbox.expect("the node has links to workloads that have one");
            complete &= mailbox.read_until(sentinel, &[far], deadline, |frame| {
                seen.deliver(&frame, place);
            })?;
            mailbox.check_nothing_was_lost()?;
        }
        Ok(complete)
    }

    /// Whether the batch can be sent; and who its senders are, each once.
    pub(super) fn check(&self, shots: &[Shot<'_>]) -> Result<Vec<Sender>, LabError> {
        if shots.len() > MAX_BATCH {
            return Err(LabError::BatchTooLarge {
                frames: shots.len(),
            });
        }
        let mut senders = BTreeSet::new();
        for shot in shots {
            self.check_one(shot)?;
            senders.insert(shot.from);
        }
        Ok(senders.into_iter().collect())
    }

    /// Whether a frame can be sent.
    pub(super) fn check_one(&self, shot: &Shot<'_>) -> Result<(), LabError> {
        check_length(shot, self.mtu)?;
        self.socket_of(shot.from).map(drop)
    }

    /// Where a sender's frames go in.
    pub(super) fn socket_of(&self, sender: Sender) -> Result<&OwnedFd, LabError> {
        match sender {
            Sender::Outside => Ok(self.outside.socket()),
            Sender::Workload(workload) => (self.sinks.get(workload))
                .and_then(Option::as_ref)
                .map(Mailbox::socket)
                .ok_or(LabError::NoLink { workload }),
        }
    }

    pub(super) fn mailboxes(&mut self) -> impl Iterator<Item = &mut Mailbox> {
        let Wire {
            outside,
            tap,
            sinks,
            local,
            watched: _,
            mtu: _,
            sentinels: _,
        } = self;
        ([outside, tap].into_iter())
            .chain(sinks.iter_mut().flatten())
            .chain(local)
    }

    pub(super) fn next_sentinel(&mut self) -> Sentinel {
        self.sentinels = self.sentinels.wrapping_add(1);
        Sentinel(self.sentinels)
    }
}

/// The link by which a sender's frames enter the node.
fn entry(sender: Sender) -> u32 {
    match sender {
        Sender::Outside => UPLINK_INDEX,
        Sender::Workload(number) => workload_end(number).index,
    }
}

/// How much counters grew.
fn grown(before: &Counters, mut now: Counters) -> Counters {
    for (now, before) in (now.iter_mut().flatten()).zip(before.iter().flatten()) {
        *now -= before;
    }
    now
}

/// Every sentinel was judged once: where it entered the node, or where it entered a
/// workload.
fn take_off_sentinels(
    growth: &mut Counters,
    filter: &Filter,
    senders: &[Sender],
    downward: &BTreeSet<u32>,
) {
    let reason = usize::from(filter.reason_of_sentinel() as u8);
    let upward = senders.iter().map(|sender| match sender {
        Sender::Outside => Hook::Uplink,
        Sender::Workload(_) => Hook::Egress,
    });
    // Nothing judges what leaves by the uplink.
    let downward = (downward.iter())
        .filter(|link| **link != UPLINK_INDEX)
        .map(|_| Hook::Ingress);
    for hook in upward.chain(downward) {
        let count = &mut growth[usize::from(hook as u8)][reason];
        *count = count.saturating_sub(1);
    }
}

fn local_mailbox(domain: libc::c_int, protocol: u8) -> Result<Mailbox, LabError> {
    let place = format!("the node (protocol {protocol})");
    let socket = opened(&place, socket::local(domain, protocol))?;
    Ok(Mailbox::new(place, Kind::Packets, socket))
}

fn opened(place: &str, socket: io::Result<OwnedFd>) -> Result<OwnedFd, LabError> {
    socket.map_err(LabError::system(format!("open a socket at {place}")))
}
