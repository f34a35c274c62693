//! Frames sent over and over, as fast as they are judged, while something else
//! happens.
//!
//! A frame is sent again only when everything about its last sending is known, so
//! its id says which sending an event is about, and little is under way at any
//! time. One thread sends and reads events, on a processor of its own: there the
//! kernel also judges what it sends, so that the events are there when the call
//! that sent returns.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use netverdict_abi::{Event, Verdict};
use netverdict_policy::frame::ProbeId;
use netverdict_policy::journey::Sender;

use super::batch::Wire;
use super::evidence::probe_of;
use super::inject::inject;
use super::passage::{Judged, Passage, Repeated};
use super::pin::{Pinned, another_processor};
use super::traffic::Traffic;
use crate::error::LabError;
use crate::filter::EventReader;

/// Frames that one call sends, at most.
const CHUNK: usize = 32;

/// Frames under way at a time: less than any queue on their way holds (256 in a
/// veth, `VETH_RING_SIZE`).
const UNDER_WAY: usize = 128;

/// How long a frame may take. It takes microseconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// Events that are kept of those about no frame under way.
const STRAY_KEPT: usize = 16;

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEnd {
    /// Frames sent.
    pub sent: u64,
    /// What became of those that nobody has taken before.
    pub rest: Vec<Passage>,
    /// Frames of which too little was seen to say what became of them: an error,
    /// whatever the rest says.
    pub missing: Vec<ProbeId>,
    /// Events about no frame that was under way, the first few of them: an error
    /// likewise.
    pub stray: Vec<Event>,
    /// Events that found the ring buffer full.
    pub lost_events: u64,
}

impl Wire {
    /// Sends the frames over and over while `beside` runs on the calling thread.
    pub(crate) fn stream<R>(
        &mut self,
        events: &EventReader,
        frames: &[Repeated<'_>],
        beside: impl FnOnce(&Traffic) -> R,
    ) -> Result<(R, StreamEnd), LabError> {
        let there = another_processor().map_err(not_pinned)?;
        self.look_away()?;
        let streamed = stream(self, events, frames, beside, there);
        // What is still on its way past the last hook comes to rest on the
        // processor that sent it.
        let _pinned = Pinned::at(there).map_err(not_pinned)?;
        self.look_back()?;
        streamed
    }
}

/// Sends on one processor while `beside` runs on this one.
fn stream<R>(
    wire: &Wire,
    events: &EventReader,
    frames: &[Repeated<'_>],
    beside: impl FnOnce(&Traffic) -> R,
    there: usize,
) -> Result<(R, StreamEnd), LabError> {
    let mut stream = Stream::new(wire, events, frames)?;
    let lost_before = events.lost()?;
    events.drain(|_| {});
    let traffic = Traffic::new();
    let _pinned = Pinned::here().map_err(not_pinned)?;
    let (result, sent) = thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let ended = Pinned::at(there)
                .map_err(not_pinned)
                .and_then(|_pinned| stream.run(&traffic));
            traffic.end();
            ended.map(|()| stream)
        });
        let result = {
            // Also if it panics: the scope waits for the sender.
            let _stop = Stop(&traffic);
            beside(&traffic)
        };
        (result, sending.join())
    });
    let stream = sent.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let end = StreamEnd {
        sent: stream.next,
        rest: traffic.take(),
        missing: stream.missing(),
        stray: stream.stray,
        lost_events: events.lost()? - lost_before,
    };
    Ok((result, end))
}

fn not_pinned(errno: nix::errno::Errno) -> LabError {
    LabError::system("stay on one processor")(errno.into())
}

/// Stops the traffic when it is dropped.
struct Stop<'a>(&'a Traffic);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

struct Stream<'a> {
    wire: &'a Wire,
    events: &'a EventReader,
    frames: &'a [Repeated<'a>],
    /// Indexes of frames that one sender sends, at most a chunk of them each.
    chunks: Vec<(Sender, Vec<usize>)>,
    indexes: HashMap<ProbeId, usize>,
    under_way: Vec<Option<UnderWay>>,
    /// How many of them there are.
    count: usize,
    /// Number of the next sending.
    next: u64,
    stray: Vec<Event>,
}

#[derive(Clone, Copy)]
struct UnderWay {
    number: u64,
    before: Instant,
    after: Instant,
    judged: [Option<Judged>; 2],
}

impl<'a> Stream<'a> {
    fn new(
        wire: &'a Wire,
        events: &'a EventReader,
        frames: &'a [Repeated<'a>],
    ) -> Result<Stream<'a>, LabError> {
        let mut by_sender: Vec<(Sender, Vec<usize>)> = Vec::new();
        let mut indexes = HashMap::new();
        for (index, repeated) in frames.iter().enumerate() {
            wire.check_one(&repeated.shot)?;
            if !(1..=2).contains(&repeated.hooks) {
                return Err(LabError::Stream(
                    "send a stream: a frame comes by 1 or 2 hooks",
                ));
            }
            if indexes.insert(repeated.shot.id, index).is_some() {
                return Err(LabError::Stream("send a stream: two frames have one id"));
            }
            match (by_sender.iter_mut()).find(|(sender, _)| *sender == repeated.shot.from) {
                Some((_, indexes)) => indexes.push(index),
                None => by_sender.push((repeated.shot.from, vec![index])),
            }
        }
        if frames.is_empty() {
            return Err(LabError::Stream("send a stream: it has no frames"));
        }
        Ok(Stream {
            wire,
            events,
            frames,
            chunks: (by_sender.iter())
                .flat_map(|(sender, indexes)| {
                    (indexes.chunks(CHUNK)).map(|chunk| (*sender, chunk.to_vec()))
                })
                .collect(),
            indexes,
            under_way: vec![None; frames.len()],
            count: 0,
            next: 0,
            stray: Vec::new(),
        })
    }

    /// Sends until nobody wants more, or until a frame leaves no trace.
    fn run(&mut self, traffic: &Traffic) -> Result<(), LabError> {
        let mut settled = Vec::new();
        let chunks = std::mem::take(&mut self.chunks);
        for (sender, chunk) in chunks.iter().cycle() {
            let free = |stream: &Stream<'_>| {
                stream.count + chunk.len() <= UNDER_WAY
                    && chunk.iter().all(|index| stream.under_way[*index].is_none())
            };
            if !self.read_until(&mut settled, free) {
                break;
            }
            self.send(*sender, chunk)?;
            self.read(&mut settled);
            if !traffic.hand_over(&mut settled) || !self.stray.is_empty() {
                break;
            }
        }
        self.read_until(&mut settled, |stream| stream.count == 0);
        traffic.hand_over(&mut settled);
        Ok(())
    }

    fn send(&mut self, sender: Sender, chunk: &[usize]) -> Result<(), LabError> {
        let socket = self.wire.socket_of(sender)?;
        let before = Instant::now();
        inject(
            socket,
            chunk.iter().map(|index| self.frames[*index].shot.frame),
        )
        .map_err(LabError::system(format!("send a stream for {sender:?}")))?;
        let after = Instant::now();
        for index in chunk {
            self.under_way[*index] = Some(UnderWay {
                number: self.next,
                before,
                after,
                judged: [None; 2],
            });
            self.next += 1;
            self.count += 1;
        }
        Ok(())
    }

    /// Reads events until it is so; `false` if that takes too long.
    fn read_until(&mut self, settled: &mut Vec<Passage>, so: impl Fn(&Stream<'_>) -> bool) -> bool {
        let mut deadline = None;
        while !so(self) {
            let now = Instant::now();
            if now > *deadline.get_or_insert(now + PATIENCE) {
                return false;
            }
            // The kernel's own thread may have to judge what was sent.
            thread::yield_now();
            self.read(settled);
        }
        true
    }

    /// Reads the events that are there.
    fn read(&mut self, settled: &mut Vec<Passage>) {
        let first = settled.len();
        let Stream {
            events,
            frames,
            indexes,
            under_way,
            count,
            stray,
            ..
        } = self;
        events.drain(|event| {
            let known = probe_of(&event)
                .and_then(|id| indexes.get(&id))
                .and_then(|index| Some((*index, Judged::of(&event)?)));
            let taken = known.and_then(|(index, judged)| {
                let slot = &mut under_way[index];
                let at = slot.as_mut()?;
                let room = at.judged.iter_mut().position(|entry| entry.is_none())?;
                at.judged[room] = Some(judged);
                let last =
                    judged.reason.verdict() != Verdict::Pass || room + 1 == frames[index].hooks;
                Some((index, last))
            });
            match taken {
                Some((index, true)) => {
                    let at = under_way[index].take().expect("it was there just now");
                    *count -= 1;
                    // When it was seen follows below.
                    settled.push(Passage::new(
                        (at.number, index),
                        [at.before, at.after, at.after],
                        at.judged,
                    ));
                }
                Some((_, false)) => {}
                None if stray.len() < STRAY_KEPT => stray.push(event),
                None => {}
            }
        });
        let seen = Instant::now();
        for passage in &mut settled[first..] {
            passage.seen = seen;
        }
    }

    fn missing(&self) -> Vec<ProbeId> {
        (self.under_way.iter().zip(self.frames))
            .filter(|(at, _)| at.is_some())
            .map(|(_, repeated)| repeated.shot.id)
            .collect()
    }
}
