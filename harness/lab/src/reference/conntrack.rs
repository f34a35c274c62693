//! What the kernel remembers of connections in the calling thread's namespace.

use std::io;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};
use std::os::fd::AsRawFd as _;

use crate::error::LabError;

/// `NFNL_SUBSYS_CTNETLINK` and `IPCTNL_MSG_CT_DELETE`
/// (include/uapi/linux/netfilter/nfnetlink.h, nfnetlink_conntrack.h).
const DELETE: u16 = (1 << 8) | 2;
/// `NLM_F_REQUEST | NLM_F_ACK` (include/uapi/linux/netlink.h).
const FLAGS: u16 = 1 | 4;
/// `NLMSG_ERROR`: an answer with a number, 0 where all is well.
const ERROR: u16 = 2;
/// A `nlmsghdr` and a `nfgenmsg`.
const LENGTH: u32 = 16 + 4;

/// Deletes every entry: a deletion that names none means all
/// (`ctnetlink_flush_conntrack`).
pub(super) fn flush() -> Result<(), LabError> {
    ask().map_err(LabError::system("forget connections over netlink"))
}

fn ask() -> io::Result<()> {
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkNetFilter,
    )?;
    let mut request = Vec::with_capacity(LENGTH as usize);
    request.extend(LENGTH.to_ne_bytes());
    request.extend(DELETE.to_ne_bytes());
    request.extend(FLAGS.to_ne_bytes());
    // Sequence number and port, which the kernel fills in; any family, version 0, no
    // resource.
    request.extend([0; 8]);
    request.extend([0; 4]);
    send(socket.as_raw_fd(), &request, MsgFlags::empty())?;
    let mut answer = [0; 128];
    let length = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    let number =
        |at: usize| -> Option<[u8; 4]> { answer[..length].get(at..at + 4)?.try_into().ok() };
    let kind = number(4).map(|[low, high, ..]| u16::from_ne_bytes([low, high]));
    match (kind, number(16).map(i32::from_ne_bytes)) {
        (Some(ERROR), Some(0)) => Ok(()),
        (Some(ERROR), Some(errno)) => Err(io::Error::from_raw_os_error(-errno)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
