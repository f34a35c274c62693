//! Link features, by the ethtool ioctl (include/uapi/linux/ethtool.h).

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use crate::error::LabError;

const SIOCETHTOOL: libc::c_ulong = 0x8946;
const ETHTOOL_GLINK: u32 = 0x0a;
const ETHTOOL_STXCSUM: u32 = 0x17;
const ETHTOOL_SGRO: u32 = 0x2c;

/// `struct ethtool_value`.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// Access to the features of the links of the calling thread's namespace.
#[derive(Debug)]
pub(crate) struct Offload {
    socket: OwnedFd,
}

impl Offload {
    pub(crate) fn open() -> Result<Offload, LabError> {
        let socket = socket(
            AddressFamily::Inet,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            None,
        )
        .map_err(|errno| LabError::system("open a socket for ethtool")(errno.into()))?;
        Ok(Offload { socket })
    }

    /// Received frames are no longer merged into larger ones.
    pub(crate) fn keep_frames_apart(&self, link: &str) -> Result<(), LabError> {
        self.call(link, ETHTOOL_SGRO, 0).map(drop)
    }

    /// Sent frames carry their checksums and are no larger than the MTU, as on
    /// a wire: without checksum offload the kernel does not segment late.
    pub(crate) fn send_real_frames(&self, link: &str) -> Result<(), LabError> {
        self.call(link, ETHTOOL_STXCSUM, 0).map(drop)
    }

    /// Makes the kernel act on a change of carrier now. It does so in a queue
    /// otherwise, and until then a link that was up before its peer drops what
    /// it is to send (net/core/link_watch.c).
    pub(crate) fn settle_carrier(&self, link: &str) -> Result<(), LabError> {
        match self.call(link, ETHTOOL_GLINK, 0)? {
            0 => Err(LabError::system(format!("bring {link} up"))(
                io::Error::other("it has no carrier though both ends are up"),
            )),
            _ => Ok(()),
        }
    }

    fn call(&self, link: &str, command: u32, data: u32) -> Result<u32, LabError> {
        let mut value = EthtoolValue { command, data };
        // SAFETY: an all-zero ifreq is a valid one.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in (request.ifr_name.iter_mut())
            .take(libc::IFNAMSIZ - 1)
            .zip(link.bytes())
        {
            *to = libc::c_char::from_ne_bytes([from]);
        }
        request.ifr_ifru.ifru_data = (&raw mut value).cast();
        // SAFETY: the request names a link and points to a value that outlives
        // the call; these commands read and write no more than that value.
        let result =
            unsafe { libc::ioctl(self.socket.as_raw_fd(), SIOCETHTOOL as _, &raw mut request) };
        if result == -1 {
            let error = io::Error::last_os_error();
            return Err(LabError::system(format!("set features of link {link}"))(
                error,
            ));
        }
        Ok(value.data)
    }
}
