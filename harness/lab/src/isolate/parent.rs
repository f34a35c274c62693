//! The process that stays outside and waits.

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, SigSet, Signal, kill, signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// Blocks what [`wait`] waits for and returns the mask as it was before, for
/// the child.
pub(super) fn block_signals() -> nix::Result<SigSet> {
    // A parent that ignores SIGCHLD, as some supervisors leave it, would never
    // learn the child's status.
    // SAFETY: the default action runs no code of ours.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
    let before = SigSet::thread_get_mask()?;
    awaited().thread_block()?;
    Ok(before)
}

fn awaited() -> SigSet {
    [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGHUP]
        .into_iter()
        .collect()
}

/// Waits for the child to end and returns its code; restores the signal state.
pub(super) fn wait(child: Pid, mask: &SigSet) -> nix::Result<u8> {
    let keyboard = [Signal::SIGINT, Signal::SIGQUIT];
    let mut before = Vec::new();
    for key in keyboard {
        // SAFETY: ignoring runs no code of ours.
        before.push((key, unsafe { signal(key, SigHandler::SigIgn) }?));
    }
    let code = until_it_ends(child);
    for (key, handler) in before {
        // SAFETY: this is what was installed before.
        unsafe { signal(key, handler) }?;
    }
    mask.thread_set_mask()?;
    code
}

fn until_it_ends(child: Pid) -> nix::Result<u8> {
    let awaited = awaited();
    loop {
        match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(low_byte(code)),
            Ok(WaitStatus::Signaled(_, by, _)) => return Ok(low_byte(128 + by as i32)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
        match awaited.wait()? {
            Signal::SIGCHLD => {}
            // The child may have ended meanwhile, which the next turn sees.
            other => match kill(child, other) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(error),
            },
        }
    }
}

/// Exit statuses are 8 bits wide (POSIX `wait`).
fn low_byte(code: i32) -> u8 {
    u8::try_from(code & 0xff).expect("masked to 8 bits")
}
