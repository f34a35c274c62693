//! Init inherits the orphans of everything that runs below it.

use std::io;
use std::process::{Child, ExitStatus};

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

/// Waits for `child`, and collects every other process that ends meanwhile: the
/// orphans of commands run in a lab would else stay zombies.
///
/// No other child may be waited for at the same time.
///
/// # Errors
/// If there is no such child.
pub fn wait_reaping(child: &mut Child) -> io::Result<ExitStatus> {
    let awaited = i32::try_from(child.id()).map(Pid::from_raw);
    loop {
        // The status stays to be collected, for the child's handle must see it.
        let ended = match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Ok(status) => status.pid(),
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        };
        match ended {
            Some(pid) if Ok(pid) == awaited => return child.wait(),
            Some(orphan) => match waitpid(orphan, None) {
                Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) | Err(Errno::ECHILD) => {}
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            },
            None => {}
        }
    }
}
