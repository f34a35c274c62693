//! bpf(2) calls that the loader has no interface for, or only one that
//! allocates. Attributes are as in include/uapi/linux/bpf.h.

pub(crate) mod by_id;

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::ptr;

use aya::Pod;

/// `enum bpf_cmd` of include/uapi/linux/bpf.h.
const BPF_MAP_CREATE: libc::c_int = 0;
const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_PROG_TEST_RUN: libc::c_int = 10;
const BPF_MAP_LOOKUP_BATCH: libc::c_int = 24;
const BPF_MAP_UPDATE_BATCH: libc::c_int = 26;
const BPF_MAP_DELETE_BATCH: libc::c_int = 27;
const BPF_LINK_CREATE: libc::c_int = 28;

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
pub(crate) fn test_run(program: BorrowedFd<'_>, frame: &[u8]) -> io::Result<u32> {
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
pub(crate) struct BatchLookup<'a> {
    /// An array map, per CPU or not.
    pub(crate) map: BorrowedFd<'a>,
    /// As many keys as the map has entries.
    pub(crate) keys: &'a mut [u32],
    /// `stride` values for each key.
    pub(crate) values: &'a mut [u64],
    /// Values of 8 bytes that each entry has: the number of possible CPUs.
    pub(crate) stride: usize,
}

/// Reads a whole array map in one call.
pub(crate) fn lookup_batch(lookup: BatchLookup<'_>) -> io::Result<()> {
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
        Ok(_) => {}
    }
    if attributes.count as usize != keys.len() {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    Ok(())
}

/// Reads a hash or a trie as a whole, `batch` entries in one call, and hands them over.
/// `K` and `V` have the sizes of the map's keys and values. Entries that are written
/// or removed meanwhile may be missing, or there twice.
pub(crate) fn read_batches<K: Pod, V: Pod>(
    map: BorrowedFd<'_>,
    batch: usize,
    mut each: impl FnMut(&[K], &[V]),
) -> io::Result<()> {
    let mut keys: Vec<K> = Vec::with_capacity(batch);
    let mut values: Vec<V> = Vec::with_capacity(batch);
    // Of a hash 4 bytes, of a trie a key: where the next call goes on.
    let mut position = vec![0_u64; size_of::<K>().div_ceil(8).max(1)];
    let mut in_batch = 0;
    // No map of a filter holds more entries, so that this ends though somebody writes.
    for _ in 0..=MOST_ENTRIES / batch {
        let mut attributes = BatchAttributes {
            in_batch,
            out_batch: position.as_mut_ptr().addr() as u64,
            keys: keys.as_mut_ptr().addr() as u64,
            values: values.as_mut_ptr().addr() as u64,
            count: u32::try_from(batch)
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?,
            map: number(map),
            ..BatchAttributes::default()
        };
        // SAFETY: the kernel writes at most `count` keys and values of the map's
        // sizes, for which there is room, and at `out_batch` at most a key or 4 bytes.
        let called = unsafe { call(BPF_MAP_LOOKUP_BATCH, &mut attributes) };
        let last = match called {
            Ok(_) => false,
            // Says that there is nothing behind these.
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
            Err(error) => return Err(error),
        };
        let count = (attributes.count as usize).min(batch);
        // SAFETY: the kernel wrote `count` of each, and any bytes are a `Pod`.
        unsafe {
            keys.set_len(count);
            values.set_len(count);
        }
        each(&keys, &values);
        if last {
            return Ok(());
        }
        in_batch = position.as_ptr().addr() as u64;
    }
    Err(io::Error::other("it is written to while it is read"))
}

/// Entries that a map of a filter has at most, and some to spare.
const MOST_ENTRIES: usize = 1 << 23;

/// Writes a value for each key of a hash or a trie. `K` and `V` have the sizes of
/// the map's keys and values.
pub(crate) fn update_batch<K: Pod, V: Pod>(
    map: BorrowedFd<'_>,
    keys: &[K],
    values: &[V],
) -> io::Result<()> {
    assert_eq!(keys.len(), values.len(), "a value for each key");
    let mut attributes = BatchAttributes {
        keys: keys.as_ptr().addr() as u64,
        values: values.as_ptr().addr() as u64,
        count: entries(keys)?,
        map: number(map),
        ..BatchAttributes::default()
    };
    // SAFETY: the kernel reads `count` keys and values of the map's sizes, which are
    // those of the types.
    unsafe { call(BPF_MAP_UPDATE_BATCH, &mut attributes) }.map(|_| ())
}

/// Takes these keys out of a hash or a trie; some may not be there. `K` has the size
/// of the map's keys.
pub(crate) fn remove_batch<K: Pod>(map: BorrowedFd<'_>, keys: &[K]) -> io::Result<()> {
    let mut rest = keys;
    while !rest.is_empty() {
        let mut attributes = BatchAttributes {
            keys: rest.as_ptr().addr() as u64,
            count: entries(rest)?,
            map: number(map),
            ..BatchAttributes::default()
        };
        // SAFETY: the kernel reads `count` keys of the map's size, which is that of
        // the type.
        let called = unsafe { call(BPF_MAP_DELETE_BATCH, &mut attributes) };
        match called {
            Ok(_) => return Ok(()),
            // It stops at a key that is not there, and says how many it took before.
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                let taken = attributes.count as usize;
                rest = rest.get(taken + 1..).unwrap_or_default();
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn entries<K>(keys: &[K]) -> io::Result<u32> {
    u32::try_from(keys.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

/// The beginning of `map_create` of `union bpf_attr`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct NewMap {
    /// `enum bpf_map_type`.
    pub(crate) kind: u32,
    pub(crate) key_size: u32,
    pub(crate) value_size: u32,
    pub(crate) max_entries: u32,
    pub(crate) flags: u32,
}

/// Makes a map.
pub(crate) fn create_map(mut attributes: NewMap) -> io::Result<OwnedFd> {
    // SAFETY: the attributes hold no pointers.
    let fd = unsafe { call(BPF_MAP_CREATE, &mut attributes) }?;
    // SAFETY: the descriptor is new, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The beginning of `union bpf_attr` for `BPF_PROG_LOAD`.
#[derive(Default)]
#[repr(C)]
struct LoadAttributes {
    kind: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    ifindex: u32,
    expected_attach_type: u32,
}

/// Loads an XDP program for frames of any length that passes everything.
pub(crate) fn load_pass() -> io::Result<OwnedFd> {
    const BPF_PROG_TYPE_XDP: u32 = 6;
    const BPF_F_XDP_HAS_FRAGS: u32 = 1 << 5;
    const BPF_XDP: u32 = 37;
    /// `r0 = XDP_PASS; exit` (Documentation/bpf/standardization).
    const INSTRUCTIONS: [u64; 2] = [0x0000_0002_0000_00b7, 0x95];
    let mut attributes = LoadAttributes {
        kind: BPF_PROG_TYPE_XDP,
        instruction_count: 2,
        instructions: INSTRUCTIONS.as_ptr().addr() as u64,
        license: c"GPL".as_ptr().addr() as u64,
        flags: BPF_F_XDP_HAS_FRAGS,
        expected_attach_type: BPF_XDP,
        ..LoadAttributes::default()
    };
    // SAFETY: the pointers are to as many instructions as said, and to a
    // terminated string.
    let fd = unsafe { call(BPF_PROG_LOAD, &mut attributes) }?;
    // SAFETY: the descriptor is new, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The beginning of `link_create` of `union bpf_attr`.
#[repr(C)]
struct LinkAttributes {
    program: u32,
    target: u32,
    attach_type: u32,
    flags: u32,
}

/// Attach in the network stack (include/uapi/linux/if_link.h).
pub(crate) const XDP_FLAGS_SKB_MODE: u32 = 1 << 1;
/// Attach in the driver.
pub(crate) const XDP_FLAGS_DRV_MODE: u32 = 1 << 2;

/// Attaches an XDP program to a link of the calling thread's namespace, with
/// `XDP_FLAGS_*` of include/uapi/linux/if_link.h.
pub(crate) fn attach_xdp(program: BorrowedFd<'_>, link: u32, flags: u32) -> io::Result<OwnedFd> {
    const BPF_XDP: u32 = 37;
    let mut attributes = LinkAttributes {
        program: number(program),
        target: link,
        attach_type: BPF_XDP,
        flags,
    };
    // SAFETY: the attributes hold no pointers.
    let fd = unsafe { call(BPF_LINK_CREATE, &mut attributes) }?;
    // SAFETY: the descriptor is new, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn number(fd: BorrowedFd<'_>) -> u32 {
    u32::try_from(fd.as_raw_fd()).expect("an open descriptor is not negative")
}

/// # Safety
/// `attributes` must be what `command` expects, and its pointers valid.
unsafe fn call<A>(command: libc::c_int, attributes: &mut A) -> io::Result<libc::c_int> {
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
        value => Ok(libc::c_int::try_from(value).expect("bpf(2) returns descriptors")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn keys_that_are_not_there_keep_no_other_in() {
        /// `BPF_MAP_TYPE_HASH`.
        const HASH: u32 = 1;
        let created = create_map(NewMap {
            kind: HASH,
            key_size: 4,
            value_size: 4,
            max_entries: 3,
            flags: 0,
        });
        // Without privileges there are no maps.
        let Ok(map) = created else { return };
        let write = |keys: [u32; 3]| update_batch(map.as_fd(), &keys, &[7_u32; 3]);
        write([1, 2, 4]).expect("there is room");
        write([5, 6, 7]).expect_err("there is none");
        remove_batch(map.as_fd(), &[0_u32, 1, 3, 2, 4, 5]).expect("three of them are there");
        write([5, 6, 7]).expect("there is room again");
    }
}
