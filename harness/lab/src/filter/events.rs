//! Reading what the programs report, also beside the one who installs policies.

use std::fmt;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use aya::maps::{MapData, RingBuf};
use netverdict_abi::Event;

use super::FilterError;
use super::per_cpu::PerCpu;

/// Reads a filter's events; another thread may install policies meanwhile. Of
/// several readers of one filter, each event goes to one.
#[derive(Clone)]
pub struct EventReader {
    ring: Arc<Mutex<RingBuf<MapData>>>,
    lost: Arc<PerCpu<1>>,
}

impl EventReader {
    pub(super) fn new(ring: RingBuf<MapData>, lost: PerCpu<1>) -> EventReader {
        EventReader {
            ring: Arc::new(Mutex::new(ring)),
            lost: Arc::new(lost),
        }
    }

    /// Hands over the events that are there; no system call.
    pub fn drain(&self, mut each: impl FnMut(Event)) {
        // What is there to read is all there is to the state of a ring.
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(item) = ring.next() {
            if item.len() >= size_of::<Event>() {
                // SAFETY: the record is as long as an event, which is made of
                // integers only, so that any bytes are one.
                each(unsafe { ptr::read_unaligned(item.as_ptr().cast::<Event>()) });
            }
        }
    }

    /// Events since loading that found the ring buffer full.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn lost(&self) -> Result<u64, FilterError> {
        let [lost] = self.lost.sums()?;
        Ok(lost)
    }
}

impl fmt::Debug for EventReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventReader").finish_non_exhaustive()
    }
}
