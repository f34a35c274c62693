//! Loading without a look at the kernel's types.
//!
//! The loader reads and parses all types of the running kernel (4.7 MB of BTF) as
//! soon as it is made, before it can be told that nothing needs them; that takes
//! longer than loading the programs. It goes on without them where they cannot be
//! read.

use std::panic::resume_unwind;
use std::thread;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Where the kernel gives its types away.
const TYPES: &str = "/sys/kernel/btf/vmlinux";

/// Runs `inside` in a thread that sees no types of the kernel; the rest of the
/// process, and whatever it starts, sees them as before. Where that cannot be had,
/// the thread sees them, and takes the longer.
pub(super) fn without_kernel_types<R: Send>(inside: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let blind = scope.spawn(|| {
            let _ = hide();
            inside()
        });
        blind.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Covers them in a mount namespace that ends with the thread.
fn hide() -> nix::Result<()> {
    let none = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS)?;
    // First of all: nothing that is mounted here may be seen elsewhere.
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    mount(Some("/dev/null"), TYPES, none, MsFlags::MS_BIND, none)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_the_thread_is_blind() {
        let size = || fs::read(TYPES).map(|types| types.len()).ok();
        let before = size();
        let inside = without_kernel_types(|| hide().map(|()| size()));
        assert_eq!(size(), before);
        // Without privileges there is nothing to see.
        if let Ok(inside) = inside {
            assert_eq!(inside, before.map(|_| 0));
        }
    }
}
