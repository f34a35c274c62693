//! A batch from end to end.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use netverdict_policy::frame::{ProbeId, find_id, probe_mac};

use super::mailbox::{Kind, Mailbox, Seen};
use super::pin::Pinned;
use super::sentinel::Sentinel;
use super::{BatchEvidence, Delivery, MAX_BATCH, Place, Returned, Tapped, socket};
use crate::error::LabError;
use crate::filter::Filter;
use crate::network::{
    Begun, Namespace, Network, ROOM_FOR_TAGS, UPLINK_FAR_INDEX, UPLINK_INDEX, workload_end,
    workload_far_end,
};

/// How long a sentinel may take. It takes microseconds; only a filter that
/// drops it, or a machine that stands still, makes this matter.
const PATIENCE: Duration = Duration::from_secs(3);

/// Bytes kept of a frame that came back.
const RETURNED_HEAD: usize = 64;

/// Protocols that are looked for at the node in any case (IANA numbers): TCP,
/// UDP, SCTP, and ICMP of the family.
const LOCAL_V4: [u8; 4] = [6, 17, 132, 1];
const LOCAL_V6: [u8; 4] = [6, 17, 132, 58];

/// The sockets of a lab.
#[derive(Debug)]
pub(crate) struct Wire {
    /// At the router's end of the uplink: frames go in here, and what comes
    /// back is seen here.
    outside: Mailbox,
    /// Behind the filter, at the node's end of the uplink.
    tap: Mailbox,
    /// At the workloads' ends of their links.
    sinks: Vec<Mailbox>,
    /// At the node's own stack.
    local: Vec<Mailbox>,
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
        let tap = frames_at(&network.node, UPLINK_INDEX);
        let local = network.node.start("open sockets", move |_| {
            (LOCAL_V4
                .map(|protocol| (libc::AF_INET, protocol))
                .into_iter())
            .chain(LOCAL_V6.map(|protocol| (libc::AF_INET6, protocol)))
            .map(|(domain, protocol)| local_mailbox(domain, protocol))
            .collect::<Result<Vec<_>, _>>()
        });
        let sinks: Vec<_> = (network.workloads.iter().enumerate())
            .map(|(number, namespace)| frames_at(namespace, workload_far_end(number).index))
            .collect();
        Ok(Wire {
            outside: outside.finish()?,
            tap: tap.finish()?,
            local: local.finish()?,
            sinks: (sinks.into_iter().map(Begun::finish)).collect::<Result<_, _>>()?,
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
            for mailbox in [outside, tap].into_iter().chain(sinks) {
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
        frames: &[(ProbeId, impl AsRef<[u8]>)],
    ) -> Result<BatchEvidence, LabError> {
        self.check(frames)?;
        let _pinned = Pinned::here()
            .map_err(|errno| LabError::system("stay on one processor")(errno.into()))?;
        self.sentinels = self.sentinels.wrapping_add(1);
        let sentinel = Sentinel(self.sentinels);
        filter.drain(|_| {});
        let [counters, ..] = filter.counters()?;
        let lost_events = filter.lost_events()?;

        let last = sentinel.frame();
        let all = frames.iter().map(|(_, frame)| frame.as_ref());
        let sent = inject(self.outside.socket(), all.chain([last.as_slice()]))
            .map(|sent| sent.saturating_sub(1))
            .map_err(LabError::system("send a batch into the uplink"))?;

        let mut tapped = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        let mut sentinel_seen = (self.tap).read_until(sentinel, deadline, |seen| {
            tapped.push(Tapped {
                id: seen.source_mac().and_then(probe_of),
                length: seen.length,
            });
        })?;
        self.tap.check_nothing_was_lost()?;

        let mut events = Vec::new();
        filter.drain(|event| {
            if !Sentinel::any(event.source_mac) {
                events.push(event);
            }
        });

        let mut behind = Behind::default();
        if sentinel_seen && !tapped.is_empty() {
            sentinel_seen = self.look_behind(sentinel, &mut behind)?;
        }

        let [mut growth, ..] = filter.counters()?;
        for (now, before) in growth.iter_mut().zip(counters) {
            *now -= before;
        }
        let own = &mut growth[usize::from(filter.reason_of_sentinel() as u8)];
        *own = own.saturating_sub(1);
        Ok(BatchEvidence {
            sent,
            events,
            tapped,
            delivered: behind.delivered,
            returned: behind.returned,
            counters: growth,
            lost_events: filter.lost_events()? - lost_events,
            sentinel_seen,
        })
    }

    /// Reads every place that a passed frame may have got to, each until a
    /// sentinel that was sent after those frames shows there.
    fn look_behind(&mut self, sentinel: Sentinel, behind: &mut Behind) -> Result<bool, LabError> {
        let deadline = Instant::now() + PATIENCE;
        let mut complete = true;
        for mailbox in &mut self.local {
            // The node's own stack is done with a packet when the next frame is
            // looked at: no sentinel is needed, nor could one come this way.
            mailbox.read_all(|seen| behind.deliver(&seen, Place::Node))?;
            mailbox.check_nothing_was_lost()?;
        }
        let frame = sentinel.frame();
        for (number, sink) in self.sinks.iter_mut().enumerate() {
            socket::send_on(self.tap.socket(), workload_end(number).index, &frame)
                .map_err(LabError::system("send a sentinel to a workload"))?;
            complete &= sink.read_until(sentinel, deadline, |seen| {
                behind.deliver(&seen, Place::Workload(number));
            })?;
            sink.check_nothing_was_lost()?;
        }
        socket::send_on(self.tap.socket(), UPLINK_INDEX, &frame)
            .map_err(LabError::system("send a sentinel to the router"))?;
        complete &= (self.outside).read_until(sentinel, deadline, |seen| {
            behind.returned.push(Returned {
                length: seen.length,
                head: seen.head[..seen.head.len().min(RETURNED_HEAD)].to_vec(),
            });
        })?;
        self.outside.check_nothing_was_lost()?;
        Ok(complete)
    }

    /// Sends frames and looks at nothing.
    pub(crate) fn send_bare(
        &mut self,
        frames: &[(ProbeId, impl AsRef<[u8]>)],
    ) -> Result<usize, LabError> {
        self.check(frames)?;
        inject(
            self.outside.socket(),
            frames.iter().map(|(_, frame)| frame.as_ref()),
        )
        .map_err(LabError::system("send a batch into the uplink"))
    }

    fn check(&self, frames: &[(ProbeId, impl AsRef<[u8]>)]) -> Result<(), LabError> {
        if frames.len() > MAX_BATCH {
            return Err(LabError::BatchTooLarge {
                frames: frames.len(),
            });
        }
        for (id, frame) in frames {
            let frame = frame.as_ref();
            let most = longest(frame, self.mtu);
            if !(ETHERNET_HEADER..=most).contains(&frame.len()) {
                return Err(LabError::FrameLength {
                    id: *id,
                    length: frame.len(),
                    most,
                });
            }
        }
        Ok(())
    }
}

const ETHERNET_HEADER: usize = 14;

/// Length of the longest frame with the tags of this one.
fn longest(frame: &[u8], mtu: u16) -> usize {
    const TAG: usize = 4;
    let tags = (frame.get(12..).unwrap_or_default())
        .chunks(TAG)
        .take_while(|tag| matches!(tag, [0x81, 0x00, ..] | [0x88, 0xa8, ..]))
        .count();
    ETHERNET_HEADER + usize::from(mtu) + (tags * TAG).min(usize::from(ROOM_FOR_TAGS))
}

/// What was found beyond the tap.
#[derive(Debug, Default)]
struct Behind {
    delivered: Vec<Delivery>,
    returned: Vec<Returned>,
}

impl Behind {
    fn deliver(&mut self, seen: &Seen<'_>, place: Place) {
        if let Some(id) = find_id(seen.head) {
            self.delivered.push(Delivery { id, place });
        }
    }
}

/// The probe whose source address this is.
fn probe_of(mac: [u8; 6]) -> Option<ProbeId> {
    let [.., a, b, c, d] = mac;
    let id = ProbeId(u32::from_be_bytes([a, b, c, d]));
    (probe_mac(id) == mac).then_some(id)
}

/// Sends the frames, at most a batch and its sentinel; returns how many the
/// link took.
fn inject<'a>(socket: &OwnedFd, frames: impl Iterator<Item = &'a [u8]>) -> io::Result<usize> {
    // SAFETY: all-zero vectors and headers are valid and point to nothing.
    let mut vectors: [libc::iovec; MAX_BATCH + 1] = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let mut headers: [libc::mmsghdr; MAX_BATCH + 1] = unsafe { std::mem::zeroed() };
    let mut all = 0;
    for ((vector, header), frame) in vectors.iter_mut().zip(&mut headers).zip(frames) {
        // The kernel only reads through this pointer.
        vector.iov_base = frame.as_ptr().cast_mut().cast();
        vector.iov_len = frame.len();
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
        all += 1;
    }
    let mut left = &mut headers[..all];
    while !left.is_empty() {
        let count = libc::c_uint::try_from(left.len()).expect("a batch is small");
        // SAFETY: every header points to one vector, and that to a frame, all
        // of which outlive the call.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), left.as_mut_ptr(), count, 0) };
        match usize::try_from(sent) {
            Ok(sent) => left = &mut left[sent..],
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(all)
}

fn local_mailbox(domain: libc::c_int, protocol: u8) -> Result<Mailbox, LabError> {
    let place = format!("the node (protocol {protocol})");
    let socket = opened(&place, socket::local(domain, protocol))?;
    Ok(Mailbox::new(place, Kind::Packets, socket))
}

fn opened(place: &str, socket: io::Result<OwnedFd>) -> Result<OwnedFd, LabError> {
    socket.map_err(LabError::system(format!("open a socket at {place}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_makes_room_for_itself_up_to_three() {
        let tag = [0x81, 0, 0, 0];
        for (tags, most) in [(0, 1514), (1, 1518), (2, 1522), (3, 1526), (4, 1526)] {
            let frame = [vec![0; 12], tag.repeat(tags), vec![0x08, 0]].concat();
            assert_eq!(longest(&frame, 1500), most);
        }
        assert_eq!(longest(&[], 1500), 1514);
    }

    #[test]
    fn a_probe_is_known_by_its_source_address() {
        let id = ProbeId(0xdead_beef);
        assert_eq!(probe_of(probe_mac(id)), Some(id));
        let mut other = probe_mac(id);
        other[1] ^= 1;
        assert_eq!(probe_of(other), None);
    }
}
