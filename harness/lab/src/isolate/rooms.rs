//! The child's first steps: die with the parent, and see nothing of the host.

use std::fs;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::getpid;

use super::{IsolateError, signals, system};

/// Where named network namespaces are kept, for `ip netns` and for this crate.
pub(crate) const NETNS_DIRECTORY: &str = "/run/netns";

/// Completes the isolation of the child.
pub(super) fn enter(parent_alive: &OwnedFd, mask: &SigSet) -> Result<(), IsolateError> {
    set_pdeathsig(Signal::SIGKILL).map_err(system("ask to die with the parent"))?;
    if hung_up(parent_alive) {
        // The parent died before the request above was made.
        std::process::exit(128 + Signal::SIGKILL as i32);
    }
    if getpid().as_raw() != 1 {
        return Err(system("become init of a PID namespace")(Errno::EPERM));
    }
    signals::on_entry().map_err(system("set signal handlers"))?;
    allow_open_files().map_err(system("allow more open files"))?;
    mask.thread_set_mask()
        .map_err(system("restore the signal mask"))?;
    unshare(CloneFlags::CLONE_NEWNS).map_err(system("make a mount namespace"))?;
    unshare(CloneFlags::CLONE_NEWNET).map_err(system("make a network namespace"))?;
    hide("/", None, None, MsFlags::MS_REC | MsFlags::MS_PRIVATE)
        .map_err(system("make mounts private"))?;
    hide("/proc", Some("proc"), Some("proc"), QUIET).map_err(system("mount /proc"))?;
    if !Path::new(NETNS_DIRECTORY).is_dir() {
        fs::create_dir_all(NETNS_DIRECTORY).map_err(|error| {
            system("make the directory /run/netns")(Errno::from_raw(
                error.raw_os_error().unwrap_or_default(),
            ))
        })?;
    }
    hide(NETNS_DIRECTORY, Some("tmpfs"), Some("tmpfs"), QUIET)
        .map_err(system("mount a directory over /run/netns"))?;
    ENTERED.store(true, Ordering::Release);
    Ok(())
}

/// Raises the limit on open files as far as it goes: a workload takes some nine of
/// them, and the usual limit is for programs that still use select(2), of which
/// none is here.
fn allow_open_files() -> nix::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)
}

static ENTERED: AtomicBool = AtomicBool::new(false);

/// Whether this process is isolated, so that nothing it makes outlives it.
pub(crate) fn entered() -> bool {
    ENTERED.load(Ordering::Acquire)
}

const QUIET: MsFlags = MsFlags::MS_NOSUID
    .union(MsFlags::MS_NODEV)
    .union(MsFlags::MS_NOEXEC);

fn hide(at: &str, source: Option<&str>, kind: Option<&str>, flags: MsFlags) -> nix::Result<()> {
    mount(source, at, kind, flags, None::<&str>)
}

/// Whether the other end of the pipe, which only the parent holds, is closed.
fn hung_up(pipe: &OwnedFd) -> bool {
    let mut asked = [PollFd::new(pipe.as_fd(), PollFlags::empty())];
    poll(&mut asked, PollTimeout::ZERO).is_ok()
        && asked[0]
            .revents()
            .is_some_and(|seen| seen.contains(PollFlags::POLLHUP))
}
