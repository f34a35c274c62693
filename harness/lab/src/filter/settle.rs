//! Waiting until no program runs that began before now.

use std::io;

use super::FilterError;

/// `MEMBARRIER_CMD_GLOBAL` of include/uapi/linux/membarrier.h. The kernel does it
/// by an RCU grace period (kernel/sched/membarrier.c), and a program runs inside
/// an RCU read-side section.
const MEMBARRIER_CMD_GLOBAL: libc::c_int = 1;

/// Waits.
pub(super) fn wait() -> Result<(), FilterError> {
    // SAFETY: takes two integers and a processor number that it does not use.
    let result = unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) };
    match result {
        0 => Ok(()),
        _ => Err(FilterError::System {
            doing: "wait for runs of the filter to end",
            source: io::Error::last_os_error(),
        }),
    }
}
