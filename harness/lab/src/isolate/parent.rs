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
    [
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
    ]
    .into_iter()
    .collect()
}

/// Waits for the child to end and returns its code; restores the signal state.
pub(super) fn wait(child: Pid, mask: &SigSet) -> nix::Result<u8> {
    let code = until_it_ends(child);
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
        match next(&awaited)? {
            (Signal::SIGCHLD, _) => {}
            // A terminal sends it to everybody in the foreground, the child included.
            (Signal::SIGINT | Signal::SIGQUIT, Origin::Kernel) => {}
            // The child may have ended meanwhile, which the next turn sees.
            (other, _) => match kill(child, other) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(error),
            },
        }
    }
}

/// Who sent a signal.
enum Origin {
    /// The kernel, for a terminal.
    Kernel,
    /// Another process.
    Process,
}

/// Waits for one of the signals.
fn next(awaited: &SigSet) -> nix::Result<(Signal, Origin)> {
    // SAFETY: all zeros are a `siginfo_t`, of plain integers and pointers.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let number = loop {
        // SAFETY: both point to what they have to for the time of the call.
        match Errno::result(unsafe { libc::sigwaitinfo(awaited.as_ref(), &raw mut info) }) {
            Err(Errno::EINTR) => {}
            waited => break waited?,
        }
    };
    // sigaction(2): of a signal that a process sent the code is 0 or below.
    let origin = match info.si_code {
        ..=0 => Origin::Process,
        _ => Origin::Kernel,
    };
    Ok((Signal::try_from(number)?, origin))
}

/// Exit statuses are 8 bits wide (POSIX `wait`).
fn low_byte(code: i32) -> u8 {
    u8::try_from(code & 0xff).expect("masked to 8 bits")
}
