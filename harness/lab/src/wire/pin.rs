//! One processor for everything that happens to a batch.

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// Keeps the calling thread on the processor it is on.
///
/// A sent frame is worked on in the softirq of the processor that sent it, in
/// order, from the filter to the last queue. A thread on that same processor
/// cannot run in the middle of it: when it reads the sentinel, what was sent
/// before the sentinel has been dealt with or stands in a queue before anything
/// that this thread sends next.
#[derive(Debug)]
pub(super) struct Pinned {
    before: CpuSet,
}

const THIS_THREAD: Pid = Pid::from_raw(0);

impl Pinned {
    pub(super) fn here() -> nix::Result<Pinned> {
        Pinned::at(sched_getcpu()?)
    }

    /// On the processor of this number.
    pub(super) fn at(processor: usize) -> nix::Result<Pinned> {
        let before = sched_getaffinity(THIS_THREAD)?;
        let mut here = CpuSet::new();
        here.set(processor)?;
        sched_setaffinity(THIS_THREAD, &here)?;
        Ok(Pinned { before })
    }
}

/// A processor that this process may use and the calling thread is not on; the
/// thread's own if there is no other.
pub(super) fn another_processor() -> nix::Result<usize> {
    let here = sched_getcpu()?;
    // The thread itself may be pinned, the first one of the process is not.
    let allowed = sched_getaffinity(nix::unistd::getpid())?;
    Ok((0..CpuSet::count())
        .find(|processor| *processor != here && allowed.is_set(*processor) == Ok(true))
        .unwrap_or(here))
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // The processors were allowed before; at worst the thread stays put.
        let _ = sched_setaffinity(THIS_THREAD, &self.before);
    }
}
