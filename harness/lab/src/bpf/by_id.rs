//! What the kernel holds under its own numbers: opened for reading, and asked about.

use std::io;
use std::mem;
use std::os::fd::{BorrowedFd, FromRawFd as _, OwnedFd};

use aya::Pod;
use aya_obj::generated::{bpf_map_info, bpf_prog_info};

use super::{call, number};

/// `enum bpf_cmd` of include/uapi/linux/bpf.h.
const BPF_MAP_LOOKUP_ELEM: libc::c_int = 1;
const BPF_PROG_GET_NEXT_ID: libc::c_int = 11;
const BPF_PROG_GET_FD_BY_ID: libc::c_int = 13;
const BPF_MAP_GET_FD_BY_ID: libc::c_int = 14;
const BPF_OBJ_GET_INFO_BY_FD: libc::c_int = 15;

/// The descriptor reads and never writes.
const BPF_F_RDONLY: u32 = 1 << 3;

/// The attributes of everything that is found by number.
#[derive(Default)]
#[repr(C)]
struct ByIdAttributes {
    id: u32,
    next: u32,
    open_flags: u32,
}

/// `info` of `union bpf_attr`.
#[repr(C)]
struct InfoAttributes {
    descriptor: u32,
    length: u32,
    info: u64,
}

/// The beginning of the attributes of single elements.
#[repr(C)]
struct ElementAttributes {
    map: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// A program.
pub(crate) fn program(id: u32) -> io::Result<OwnedFd> {
    open(BPF_PROG_GET_FD_BY_ID, id, 0)
}

/// A map, of which this descriptor can only be read: the kernel refuses to write by it.
pub(crate) fn map_to_read(id: u32) -> io::Result<OwnedFd> {
    open(BPF_MAP_GET_FD_BY_ID, id, BPF_F_RDONLY)
}

fn open(command: libc::c_int, id: u32, open_flags: u32) -> io::Result<OwnedFd> {
    let mut attributes = ByIdAttributes {
        id,
        next: 0,
        open_flags,
    };
    // SAFETY: the attributes hold no pointers.
    let fd = unsafe { call(command, &mut attributes) }?;
    // SAFETY: the descriptor is new, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The number of the next program behind this one, of all that are loaded.
pub(crate) fn next_program(after: u32) -> io::Result<Option<u32>> {
    let mut attributes = ByIdAttributes {
        id: after,
        ..ByIdAttributes::default()
    };
    // SAFETY: the attributes hold no pointers.
    match unsafe { call(BPF_PROG_GET_NEXT_ID, &mut attributes) } {
        Ok(_) => Ok(Some(attributes.next)),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the kernel says of a program, and the numbers of its maps.
pub(crate) fn program_info(program: BorrowedFd<'_>) -> io::Result<(bpf_prog_info, Vec<u32>)> {
    // SAFETY: integers only, of which zero is one.
    let mut first: bpf_prog_info = unsafe { mem::zeroed() };
    // SAFETY: it names no buffers.
    unsafe { info(program, &mut first) }?;
    let mut maps = vec![0_u32; first.nr_map_ids as usize];
    // SAFETY: as above.
    let mut second: bpf_prog_info = unsafe { mem::zeroed() };
    second.nr_map_ids = first.nr_map_ids;
    second.map_ids = maps.as_mut_ptr().addr() as u64;
    // SAFETY: `map_ids` has room for `nr_map_ids` numbers.
    unsafe { info(program, &mut second) }?;
    maps.truncate(second.nr_map_ids as usize);
    Ok((second, maps))
}

/// What the kernel says of a map.
pub(crate) fn map_info(map: BorrowedFd<'_>) -> io::Result<bpf_map_info> {
    // SAFETY: integers only, of which zero is one.
    let mut facts: bpf_map_info = unsafe { mem::zeroed() };
    // SAFETY: it names no buffers.
    unsafe { info(map, &mut facts) }?;
    Ok(facts)
}

/// # Safety
/// `facts` must be what the kernel fills in for what is behind the descriptor, and have
/// room where it names buffers.
unsafe fn info<I>(descriptor: BorrowedFd<'_>, facts: &mut I) -> io::Result<()> {
    let mut attributes = InfoAttributes {
        descriptor: number(descriptor),
        length: u32::try_from(size_of::<I>()).expect("a small structure"),
        info: std::ptr::from_mut(facts).addr() as u64,
    };
    // SAFETY: the kernel writes at most `length` bytes at `info`, and what the caller
    // promises.
    unsafe { call(BPF_OBJ_GET_INFO_BY_FD, &mut attributes) }.map(|_| ())
}

/// One entry. `K` and `V` have the sizes of the map's keys and values, and the map has
/// one value for all processors.
pub(crate) fn lookup<K: Pod, V: Pod>(map: BorrowedFd<'_>, key: &K) -> io::Result<V> {
    let mut value = mem::MaybeUninit::<V>::zeroed();
    let mut attributes = ElementAttributes {
        map: number(map),
        padding: 0,
        key: std::ptr::from_ref(key).addr() as u64,
        value: value.as_mut_ptr().addr() as u64,
        flags: 0,
    };
    // SAFETY: the kernel reads a key and writes a value of the map's sizes, which are
    // those of the types.
    unsafe { call(BPF_MAP_LOOKUP_ELEM, &mut attributes) }?;
    // SAFETY: zeroed and then written; any bytes are a `Pod`.
    Ok(unsafe { value.assume_init() })
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;
    use crate::bpf::{NewMap, create_map, update_batch};

    #[test]
    fn a_map_opened_to_read_is_not_written_by_that() {
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
        let Ok(own) = created else { return };
        update_batch(own.as_fd(), &[1_u32], &[7_u32]).expect("there is room");
        let facts = map_info(own.as_fd()).expect("it is ours");
        assert_eq!(
            [facts.type_, facts.key_size, facts.value_size],
            [HASH, 4, 4]
        );
        let opened = map_to_read(facts.id).expect("it is there");
        assert_eq!(
            lookup::<u32, u32>(opened.as_fd(), &1).expect("it has one"),
            7
        );
        let refused = update_batch(opened.as_fd(), &[2_u32], &[8_u32]);
        let refused = refused.expect_err("it is for reading").raw_os_error();
        assert_eq!(refused, Some(libc::EPERM));
    }
}
