//! bpf(2) as others may call it: what the loader has no interface for.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

const BPF_MAP_CREATE: libc::c_int = 0;
const BPF_MAP_LOOKUP_ELEM: libc::c_int = 1;
const BPF_MAP_GET_NEXT_KEY: libc::c_int = 4;
const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_PROG_GET_FD_BY_ID: libc::c_int = 13;
const BPF_MAP_GET_FD_BY_ID: libc::c_int = 14;
const BPF_OBJ_GET_INFO_BY_FD: libc::c_int = 15;
const BPF_LINK_CREATE: libc::c_int = 28;
const BPF_LINK_UPDATE: libc::c_int = 29;
const BPF_LINK_GET_FD_BY_ID: libc::c_int = 30;
const BPF_LINK_GET_NEXT_ID: libc::c_int = 31;

const BPF_PROG_TYPE_XDP: u32 = 6;
const BPF_XDP: u32 = 37;
const XDP_FLAGS_SKB_MODE: u32 = 1 << 1;

/// Attributes of any command used here, as 32-bit words; pointers take two.
type Attributes = [u32; 32];

fn call(command: libc::c_int, attributes: &mut Attributes) -> io::Result<libc::c_int> {
    // SAFETY: each caller below sets what the command reads, with pointers to memory
    // that outlives the call; the rest is zero.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            attributes.as_mut_ptr(),
            size_of::<Attributes>(),
        )
    };
    match result {
        -1 => Err(io::Error::last_os_error()),
        value => Ok(libc::c_int::try_from(value).expect("a descriptor or zero")),
    }
}

fn owned(fd: libc::c_int) -> OwnedFd {
    // SAFETY: the kernel made it just now, for the caller.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn number(fd: BorrowedFd<'_>) -> u32 {
    u32::try_from(fd.as_raw_fd()).expect("an open descriptor")
}

fn halves<T>(pointer: *const T) -> [u32; 2] {
    let address = pointer.addr() as u64;
    // Little-endian machines only, as every test machine is.
    [(address & 0xffff_ffff) as u32, (address >> 32) as u32]
}

/// An XDP program called `stranger` that passes everything, without BTF, and with a map
/// if asked for.
pub(super) fn load_stranger(with_map: bool) -> io::Result<OwnedFd> {
    let mut code: Vec<u64> = Vec::new();
    let map;
    if with_map {
        let mut attributes: Attributes = [0; 32];
        // An array with one value of four bytes.
        attributes[..4].copy_from_slice(&[2, 4, 4, 1]);
        map = owned(call(BPF_MAP_CREATE, &mut attributes)?);
        use std::os::fd::AsFd as _;
        // r1 = the map
        code.extend([0x1118 | u64::from(number(map.as_fd())) << 32, 0]);
    }
    // r0 = XDP_PASS; exit
    code.extend([0x0000_0002_0000_00b7, 0x95]);
    let mut attributes: Attributes = [0; 32];
    attributes[0] = BPF_PROG_TYPE_XDP;
    attributes[1] = u32::try_from(code.len()).expect("a few");
    attributes[2..4].copy_from_slice(&halves(code.as_ptr()));
    attributes[4..6].copy_from_slice(&halves(c"GPL".as_ptr()));
    // The name begins at byte 48.
    attributes[12..14]
        .copy_from_slice(&[u32::from_le_bytes(*b"stra"), u32::from_le_bytes(*b"nger")]);
    attributes[17] = BPF_XDP;
    call(BPF_PROG_LOAD, &mut attributes).map(owned)
}

/// Attaches a program to a link in generic mode.
pub(super) fn attach(program: BorrowedFd<'_>, interface: u32) -> io::Result<OwnedFd> {
    let mut attributes: Attributes = [0; 32];
    attributes[..4].copy_from_slice(&[number(program), interface, BPF_XDP, XDP_FLAGS_SKB_MODE]);
    call(BPF_LINK_CREATE, &mut attributes).map(owned)
}

/// Puts a program in place of another wherever that is attached by a link.
pub(super) fn replace(program: u32, by: u32) -> io::Result<usize> {
    let new = by_id(BPF_PROG_GET_FD_BY_ID, by)?;
    let mut replaced = 0;
    let mut id = 0;
    loop {
        let mut next: Attributes = [0; 32];
        next[0] = id;
        match call(BPF_LINK_GET_NEXT_ID, &mut next) {
            Ok(_) => id = next[1],
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(replaced),
            Err(error) => return Err(error),
        }
        // Links of others come and go.
        let Ok(link) = by_id(BPF_LINK_GET_FD_BY_ID, id) else {
            continue;
        };
        use std::os::fd::AsFd as _;
        let facts = info(link.as_fd())?;
        // `bpf_link_info` begins with type, number and program.
        if facts[2] == program {
            let mut update: Attributes = [0; 32];
            update[..2].copy_from_slice(&[number(link.as_fd()), number(new.as_fd())]);
            call(BPF_LINK_UPDATE, &mut update)?;
            replaced += 1;
        }
    }
}

fn by_id(command: libc::c_int, id: u32) -> io::Result<OwnedFd> {
    let mut attributes: Attributes = [0; 32];
    attributes[0] = id;
    call(command, &mut attributes).map(owned)
}

fn info(descriptor: BorrowedFd<'_>) -> io::Result<[u32; 64]> {
    let mut facts = [0; 64];
    let mut attributes: Attributes = [0; 32];
    attributes[0] = number(descriptor);
    attributes[1] = u32::try_from(size_of_val(&facts)).expect("a few");
    attributes[2..4].copy_from_slice(&halves(facts.as_mut_ptr()));
    call(BPF_OBJ_GET_INFO_BY_FD, &mut attributes)?;
    Ok(facts)
}

/// Every key and value of a map that has one value for all processors, byte for byte,
/// sorted.
pub(super) fn contents(map: u32) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    use std::os::fd::AsFd as _;
    let map = by_id(BPF_MAP_GET_FD_BY_ID, map)?;
    // `bpf_map_info` begins with type, number, and the sizes of keys and values.
    let facts = info(map.as_fd())?;
    let [key_size, value_size] = [facts[2], facts[3]].map(|size| size as usize);
    let mut all = Vec::new();
    let mut last: Option<Vec<u8>> = None;
    loop {
        let mut key = vec![0_u8; key_size];
        let mut attributes: Attributes = [0; 32];
        attributes[0] = number(map.as_fd());
        if let Some(last) = &last {
            attributes[2..4].copy_from_slice(&halves(last.as_ptr()));
        }
        attributes[4..6].copy_from_slice(&halves(key.as_mut_ptr()));
        match call(BPF_MAP_GET_NEXT_KEY, &mut attributes) {
            Ok(_) => {}
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                all.sort();
                return Ok(all);
            }
            Err(error) => return Err(error),
        }
        let mut value = vec![0_u8; value_size];
        let mut attributes: Attributes = [0; 32];
        attributes[0] = number(map.as_fd());
        attributes[2..4].copy_from_slice(&halves(key.as_ptr()));
        attributes[4..6].copy_from_slice(&halves(value.as_mut_ptr()));
        call(BPF_MAP_LOOKUP_ELEM, &mut attributes)?;
        all.push((key.clone(), value));
        last = Some(key);
    }
}
