//! A process that takes everything it made with it when it ends.
//!
//! Namespaces, links and attached programs live as long as something holds
//! them. Inside [`isolated`] everything that could is a process of one PID
//! namespace, whose init the kernel never lets anything survive, or a mount of
//! one private mount namespace.

mod parent;
mod reap;
mod rooms;
pub mod signals;

use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::SigSet;
use nix::unistd::{ForkResult, fork, pipe2};
use thiserror::Error;

pub use reap::wait_reaping;
pub(crate) use rooms::{NETNS_DIRECTORY, entered};

/// Exit status of a child that panicked, as Rust's own runtime has it.
const PANICKED: u8 = 101;

/// Why isolation failed. The texts fit behind "failed to".
#[derive(Debug, Error)]
pub enum IsolateError {
    /// A step was refused.
    #[error("{doing}: {source}{}", match source {
        Errno::EPERM => " (needs CAP_SYS_ADMIN: run as root)",
        _ => "",
    })]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the kernel said.
        #[source]
        source: Errno,
    },
    /// The process has threads already; a forked child would have none of them.
    #[error("fork: the process has {threads} threads, not one")]
    Threads {
        /// How many.
        threads: usize,
    },
}

fn system(doing: &'static str) -> impl FnOnce(Errno) -> IsolateError {
    move |source| IsolateError::System { doing, source }
}

/// Runs `inside` in a child process and returns the code it gives, or 128 + n
/// if signal n ended it.
///
/// The child is init of a PID namespace of its own, has private mount and
/// network namespaces, its own `/proc`, and an empty directory where named
/// network namespaces are kept. It dies with this process, and everything it
/// started dies with it. It may open as many files as anything it could be. Standard
/// streams are shared. Meanwhile this process
/// passes SIGTERM and SIGHUP on and leaves SIGINT and SIGQUIT, which a terminal
/// sends to both, to the child; see [`signals`].
///
/// It works once in a process.
///
/// # Errors
/// If the process has threads, or the kernel refuses a step. A step refused in
/// the child is printed there and returned as code 4.
pub fn isolated(inside: impl FnOnce() -> u8) -> Result<u8, IsolateError> {
    let threads = threads_of_this_process();
    if threads != 1 {
        return Err(IsolateError::Threads { threads });
    }
    let (parent_alive, held_by_parent) =
        pipe2(nix::fcntl::OFlag::O_CLOEXEC).map_err(system("make a pipe"))?;
    let mask = parent::block_signals().map_err(system("block signals"))?;
    // From here on children of this process are born into the new namespace.
    unshare(CloneFlags::CLONE_NEWPID).map_err(system("make a PID namespace"))?;
    // Buffered output would be written by both processes.
    let _ = io::stdout().flush();
    // SAFETY: this process has one thread, so the child may do all it could.
    match unsafe { fork() }.map_err(system("fork"))? {
        ForkResult::Parent { child } => {
            drop(parent_alive);
            let code = parent::wait(child, &mask);
            drop(held_by_parent);
            code.map_err(system("wait for the isolated process"))
        }
        ForkResult::Child => {
            drop(held_by_parent);
            std::process::exit(i32::from(run(inside, &parent_alive, &mask)));
        }
    }
}

/// The child's life.
fn run(inside: impl FnOnce() -> u8, parent_alive: &OwnedFd, mask: &SigSet) -> u8 {
    if let Err(error) = rooms::enter(parent_alive, mask) {
        eprintln!("netverdict: failed to {error}");
        return 4;
    }
    let code = catch_unwind(AssertUnwindSafe(inside)).unwrap_or(PANICKED);
    let _ = io::stdout().flush();
    code
}

fn threads_of_this_process() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}
