//! What the two sides of a stream know of each other: the one that sends, and the
//! one that changes policies meanwhile.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Passage;
use crate::error::LabError;

/// Passages that wait to be taken, at most: the sender then waits.
const ROOM: usize = 1 << 18;

/// How long one side waits for the other.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stream that is going on, as seen from beside it.
#[derive(Debug)]
pub struct Traffic {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    passages: Vec<Passage>,
    /// Frames of which everything is known, whether taken or not.
    settled: u64,
    /// Frames that somebody waits for.
    awaited: u64,
    /// Nobody wants more frames.
    stopped: bool,
    /// No more frames come.
    over: bool,
}

impl Traffic {
    pub(super) fn new() -> Traffic {
        Traffic {
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Takes what has become of frames since the last call, in the order in which
    /// that became known. What is not taken is kept, up to a quarter of a million
    /// frames; then no more are sent until some is taken, or waited for.
    pub fn take(&self) -> Vec<Passage> {
        let passages = std::mem::take(&mut self.state().passages);
        self.changed.notify_all();
        passages
    }

    /// Waits until what became of this many more frames is known.
    ///
    /// # Errors
    /// If no more frames come.
    pub fn wait_for(&self, more: u64) -> Result<(), LabError> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state();
        let goal = state.settled + more;
        while state.settled < goal {
            let left = deadline.saturating_duration_since(Instant::now());
            if state.over || left.is_zero() {
                return Err(LabError::Stream("wait for more frames: none come any more"));
            }
            if state.awaited < goal {
                state.awaited = goal;
                // The sender may be waiting for room.
                self.changed.notify_all();
            }
            state = match self.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        Ok(())
    }

    /// Hands over passages, and empties `passages`; `false` when nobody wants
    /// more. Waits while too many have not been taken.
    pub(super) fn hand_over(&self, passages: &mut Vec<Passage>) -> bool {
        let mut state = self.state();
        while state.passages.len() >= ROOM && state.awaited == 0 && !state.stopped {
            state = (self.changed.wait(state)).unwrap_or_else(PoisonError::into_inner);
        }
        state.settled += passages.len() as u64;
        state.passages.append(passages);
        // Waking somebody for each handful would cost more than sending it.
        if state.awaited > 0 && state.settled >= state.awaited {
            state.awaited = 0;
            self.changed.notify_all();
        }
        !state.stopped
    }

    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    pub(super) fn end(&self) {
        self.state().over = true;
        self.changed.notify_all();
    }

    /// Every change of the state is one step, so a panic leaves it whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn passages(count: usize) -> Vec<Passage> {
        let now = Instant::now();
        vec![Passage::new((0, 0), [now; 3], [None; 2]); count]
    }

    #[test]
    fn whoever_waits_is_woken_by_the_frame_it_waits_for() {
        let traffic = Traffic::new();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| traffic.wait_for(5));
            // The waiter counts from when it began, so more than five may be sent.
            while !waiting.is_finished() {
                assert!(traffic.hand_over(&mut passages(2)));
                thread::yield_now();
            }
            assert!(waiting.join().expect("no panic").is_ok());
        });
        assert!(traffic.take().len() >= 5);
        assert!(traffic.take().is_empty());
        traffic.end();
        assert!(traffic.wait_for(1).is_err());
    }

    #[test]
    fn whoever_waits_gets_more_than_there_is_room_for() {
        let traffic = Traffic::new();
        assert!(traffic.hand_over(&mut passages(ROOM)));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| traffic.wait_for(3));
            while !waiting.is_finished() && traffic.state().awaited == 0 {
                thread::yield_now();
            }
            for _ in 0..3 {
                assert!(traffic.hand_over(&mut passages(1)));
            }
            assert!(waiting.join().expect("no panic").is_ok());
        });
        assert_eq!(traffic.take().len(), ROOM + 3);
    }

    #[test]
    fn what_nobody_takes_stops_the_sender_until_it_is_taken() {
        let traffic = Traffic::new();
        assert!(traffic.hand_over(&mut passages(ROOM)));
        thread::scope(|scope| {
            let sender = scope.spawn(|| traffic.hand_over(&mut passages(1)));
            let mut taken = 0;
            while taken < ROOM + 1 {
                taken += traffic.take().len();
                thread::yield_now();
            }
            assert_eq!(taken, ROOM + 1);
            assert!(sender.join().expect("no panic"));
        });
        // Also by one who wants no more at all.
        assert!(traffic.hand_over(&mut passages(ROOM)));
        thread::scope(|scope| {
            let sender = scope.spawn(|| traffic.hand_over(&mut passages(1)));
            traffic.stop();
            assert!(!sender.join().expect("no panic"));
        });
    }
}
