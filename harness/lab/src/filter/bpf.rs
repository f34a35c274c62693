//! bpf(2) calls that the loader has no interface for, or only one that
//! allocates.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr;

/// `enum bpf_cmd` of include/uapi/linux/bpf.h.
const BPF_PROG_TEST_RUN: libc::c_int = 10;
const BPF_MAP_LOOKUP_BATCH: libc::c_int = 24;

/// `test` of `union bpf_attr` (include/uapi/linux/bpf.h).
#[derive(Default)]
#[repr(C)]
struct TestRunAttributes {
    program: u32,
    action: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    context_size_in: u32,
    context_size_out: u32,
    context_in: u64,
    context_out: u64,
    flags: u32,
    cpu: u32,
    batch_size: u32,
    padding: u32,
}

/// `batch` of `union bpf_attr` (include/uapi/linux/bpf.h).
#[derive(Default)]
#[repr(C)]
struct BatchAttributes {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: u32,
    element_flags: u64,
    flags: u64,
}

/// Runs an XDP program once and returns its action.
pub(super) fn test_run(program: BorrowedFd<'_>, frame: &[u8]) -> io::Result<u32> {
    let mut attributes = TestRunAttributes {
        program: number(program),
        data_size_in: u32::try_from(frame.len())
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?,
        data_in: frame.as_ptr().addr() as u64,
        repeat: 1,
        ..TestRunAttributes::default()
    };
    // SAFETY: the kernel reads `data_size_in` bytes at `data_in`, which are
    // those of `frame`, and writes no data, as there is no `data_out`.
    unsafe { call(BPF_PROG_TEST_RUN, &mut attributes) }?;
    Ok(attributes.action)
}

/// What [`lookup_batch`] reads, and where it puts it.
pub(super) struct BatchLookup<'a> {
    /// An array map, per CPU or not.
    pub(super) map: BorrowedFd<'a>,
    /// As many keys as the map has entries.
    pub(super) keys: &'a mut [u32],
    /// `stride` values for each key.
    pub(super) values: &'a mut [u64],
    /// Values of 8 bytes that each entry has: the number of possible CPUs.
    pub(super) stride: usize,
}

/// Reads a whole array map in one call.
pub(super) fn lookup_batch(lookup: BatchLookup<'_>) -> io::Result<()> {
    let BatchLookup {
        map,
        keys,
        values,
        stride,
    } = lookup;
    assert!(keys.len() * stride <= values.len(), "a value for each key");
    let mut position = 0u32;
    let mut attributes = BatchAttributes {
        out_batch: (&raw mut position).addr() as u64,
        keys: keys.as_mut_ptr().addr() as u64,
        values: values.as_mut_ptr().addr() as u64,
        count: u32::try_from(keys.len())
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?,
        map: number(map),
        ..BatchAttributes::default()
    };
    // SAFETY: the kernel writes at most `count` keys of 4 bytes and values of
    // `stride` times 8 bytes, which fit as asserted, and 4 bytes at `out_batch`.
    let called = unsafe { call(BPF_MAP_LOOKUP_BATCH, &mut attributes) };
    match called {
        // Says that there is nothing behind the last entry.
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {}
        Err(error) => return Err(error),
        Ok(()) => {}
    }
    if attributes.count as usize != keys.len() {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    Ok(())
}

fn number(fd: BorrowedFd<'_>) -> u32 {
    u32::try_from(fd.as_raw_fd()).expect("an open descriptor is not negative")
}

/// # Safety
/// `attributes` must be what `command` expects, and its pointers valid.
unsafe fn call<A>(command: libc::c_int, attributes: &mut A) -> io::Result<()> {
    // SAFETY: as promised by the caller; the size is that of the attributes.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            ptr::from_mut(attributes),
            size_of::<A>(),
        )
    };
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
