//! Sockets that see frames and packets as they are. They belong to the
//! namespace of the thread that opens them and can be used from any.

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

/// Room for what is not read yet: more than a batch of the longest frames with
/// all that the kernel accounts for them.
const RECEIVE_BUFFER: libc::c_int = 32 << 20;

/// A packet socket that sees every frame which arrives on one link, and none
/// that is sent there. It also sends, on that link unless told another.
///
/// One socket does both because closing one takes the kernel some 10 ms.
pub(super) fn tap(link: u32) -> io::Result<OwnedFd> {
    let socket = packet_socket(link, libc::ETH_P_ALL)?;
    set(&socket, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, 1)?;
    set(&socket, libc::SOL_PACKET, libc::PACKET_AUXDATA, 1)?;
    set(
        &socket,
        libc::SOL_SOCKET,
        libc::SO_RCVBUFFORCE,
        RECEIVE_BUFFER,
    )?;
    Ok(socket)
}

/// A packet socket that sees every frame on any link of the namespace, whether it
/// arrives or leaves, but not what is sent through this very socket. It is not
/// bound to a link to send on.
pub(super) fn tap_everywhere() -> io::Result<OwnedFd> {
    let socket = packet_socket(0, libc::ETH_P_ALL)?;
    set(&socket, libc::SOL_PACKET, libc::PACKET_AUXDATA, 1)?;
    set(
        &socket,
        libc::SOL_SOCKET,
        libc::SO_RCVBUFFORCE,
        RECEIVE_BUFFER,
    )?;
    Ok(socket)
}

/// A raw socket that gets a copy of every packet of one protocol which is
/// delivered to this namespace's own stack.
pub(super) fn local(domain: libc::c_int, protocol: u8) -> io::Result<OwnedFd> {
    let socket = open(domain, libc::c_int::from(protocol))?;
    set(
        &socket,
        libc::SOL_SOCKET,
        libc::SO_RCVBUFFORCE,
        RECEIVE_BUFFER,
    )?;
    Ok(socket)
}

/// Bound to `link` with a protocol in one step: opened with protocol 0, it has
/// received nothing from other links before.
fn packet_socket(link: u32, protocol: libc::c_int) -> io::Result<OwnedFd> {
    let socket = open(libc::AF_PACKET, 0)?;
    let address = link_address(link, protocol);
    // SAFETY: the address is of the family and has the size given.
    let bound = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            (&raw const address).cast(),
            length_of::<libc::sockaddr_ll>(),
        )
    };
    match bound {
        0 => Ok(socket),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A link, and the ethertype that is received there.
fn link_address(link: u32, protocol: libc::c_int) -> libc::sockaddr_ll {
    // SAFETY: an all-zero address is a valid one.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).expect("17");
    address.sll_protocol = (u16::try_from(protocol).expect("ethertypes have 16 bits")).to_be();
    address.sll_ifindex = i32::try_from(link).expect("interface indexes are positive");
    address
}

/// Sends one frame on a link of the socket's namespace.
pub(super) fn send_on(socket: &OwnedFd, link: u32, frame: &[u8]) -> io::Result<()> {
    let address = link_address(link, 0);
    // SAFETY: the pointers are to the frame and to an address of the family,
    // with their lengths.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            frame.as_ptr().cast(),
            frame.len(),
            0,
            (&raw const address).cast(),
            length_of::<libc::sockaddr_ll>(),
        )
    };
    match sent {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn open(domain: libc::c_int, protocol: libc::c_int) -> io::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no pointers are passed.
    match unsafe { libc::socket(domain, kind, protocol) } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the descriptor is new, and nobody else's.
        fd => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
    }
}

fn set(
    socket: &OwnedFd,
    level: libc::c_int,
    option: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the option's value is an int of the size given.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            length_of::<libc::c_int>(),
        )
    };
    match done {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Makes a socket receive nothing: a filter that takes no byte of any message
/// (Documentation/networking/filter.rst).
pub(super) fn take_nothing(socket: &OwnedFd) -> io::Result<()> {
    let mut nothing = libc::sock_filter {
        // `BPF_RET | BPF_K`: take `k` bytes.
        code: 0x06,
        jt: 0,
        jf: 0,
        k: 0,
    };
    let program = libc::sock_fprog {
        len: 1,
        filter: &raw mut nothing,
    };
    // SAFETY: the option reads a sock_fprog, which points to as many instructions
    // as it says.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            length_of::<libc::sock_fprog>(),
        )
    };
    match done {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Makes it receive everything again.
pub(super) fn take_all(socket: &OwnedFd) -> io::Result<()> {
    set(socket, libc::SOL_SOCKET, libc::SO_DETACH_FILTER, 0)
}

/// Frames that a packet socket had no room for since the last call.
pub(super) fn packet_drops(socket: &OwnedFd) -> io::Result<u32> {
    let mut statistics = libc::tpacket_stats {
        tp_packets: 0,
        tp_drops: 0,
    };
    // SAFETY: the option fills a tpacket_stats of the size given.
    unsafe {
        get(
            socket,
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            &mut statistics,
        )
    }?;
    Ok(statistics.tp_drops)
}

/// Packets that any socket had no room for since it was opened.
pub(super) fn all_drops(socket: &OwnedFd) -> io::Result<u32> {
    /// `SK_MEMINFO_DROPS` and `SK_MEMINFO_VARS` of
    /// include/uapi/linux/sock_diag.h.
    const DROPS: usize = 8;
    let mut values = [0u32; DROPS + 1];
    // SAFETY: the option fills as many u32 as fit the size given.
    unsafe { get(socket, libc::SOL_SOCKET, libc::SO_MEMINFO, &mut values) }?;
    Ok(values[DROPS])
}

/// # Safety
/// `value` must be what the option fills.
unsafe fn get<T>(
    socket: &OwnedFd,
    level: libc::c_int,
    option: libc::c_int,
    value: &mut T,
) -> io::Result<()> {
    let mut length = length_of::<T>();
    // SAFETY: as promised by the caller, and the kernel writes no more than
    // `length` bytes.
    let done = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            option,
            std::ptr::from_mut(value).cast(),
            &raw mut length,
        )
    };
    match done {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Length of a structure as socket calls want it.
pub(super) fn length_of<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).expect("socket structures are small")
}
