//! What the isolated process does about signals.
//!
//! The kernel drops every signal that init has no handler for, so that without
//! one Ctrl-C would do nothing. On entry the process is set to
//! [`exit_as_usual`], unless it was told to [`note`] before: then there is no
//! moment at which a signal is not noted.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// The signals this module is about.
const STOPPING: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGHUP,
];

static NOTED: AtomicI32 = AtomicI32::new(0);

/// Whether [`note`] was asked for last.
static NOTING: AtomicBool = AtomicBool::new(false);

/// SIGINT, SIGQUIT, SIGTERM and SIGHUP end the process at once with 128 + n, as
/// a shell would report it.
///
/// # Errors
/// None that the kernel documents.
pub fn exit_as_usual() -> nix::Result<()> {
    NOTING.store(false, Ordering::Relaxed);
    install(&STOPPING, SigHandler::Handler(exit_now))
}

/// The first of the same signals is only noted, for [`noted`]; the second ends
/// the process at once. Asked for before [`super::isolated`], it holds inside as
/// well, and what was noted before is known there.
///
/// # Errors
/// None that the kernel documents.
pub fn note() -> nix::Result<()> {
    NOTING.store(true, Ordering::Relaxed);
    install(&STOPPING, SigHandler::Handler(note_it))
}

/// SIGINT and SIGQUIT are left to a command that runs in the foreground; the
/// others end the process.
///
/// # Errors
/// None that the kernel documents.
pub fn leave_keyboard_to_child() -> nix::Result<()> {
    exit_as_usual()?;
    // A handler, and not SIG_IGN: that would be inherited by the command.
    install(&STOPPING[..2], SigHandler::Handler(do_nothing))
}

/// The number of the first signal noted.
pub fn noted() -> Option<i32> {
    match NOTED.load(Ordering::Relaxed) {
        0 => None,
        number => Some(number),
    }
}

/// What the isolated process begins with.
pub(super) fn on_entry() -> nix::Result<()> {
    // Handlers are inherited by a fork, and so is what was noted.
    match NOTING.load(Ordering::Relaxed) {
        true => Ok(()),
        false => exit_as_usual(),
    }
}

fn install(signals: &[Signal], handler: SigHandler) -> nix::Result<()> {
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    for one in signals {
        // SAFETY: the handlers below only call what POSIX allows in a handler.
        unsafe { sigaction(*one, &action) }?;
    }
    Ok(())
}

extern "C" fn exit_now(number: libc::c_int) {
    // SAFETY: `_exit` is safe to call in a signal handler.
    unsafe { libc::_exit(128 + number) }
}

extern "C" fn note_it(number: libc::c_int) {
    let first = NOTED.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
    if first.is_err() {
        exit_now(number);
    }
}

extern "C" fn do_nothing(_number: libc::c_int) {}
