//! Receiving many frames in one call.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::sentinel::Sentinel;
use super::socket;
use crate::error::LabError;

/// Messages that one call receives at most.
const AT_ONCE: usize = 64;

/// Bytes that are kept of each message: every header that a probe may have, and
/// the beginning of its payload.
const KEPT: usize = 512;

/// Room for the one control message that is asked for, in units that align it.
type Control = [u64; 8];

/// Which counter tells what did not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A packet socket: the statistics start anew with each reading.
    Frames,
    /// Any other socket: they do not.
    Packets,
}

/// A socket and room for what it receives.
#[derive(Debug)]
pub(super) struct Mailbox {
    /// Where it is, for messages.
    place: String,
    kind: Kind,
    socket: OwnedFd,
    room: Vec<u8>,
}

/// A message: its length on the wire, and its first bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) length: usize,
    pub(super) head: &'a [u8],
    /// Of a frame: index of the link where it was seen.
    pub(super) link: u32,
    /// Of a frame: whether it was leaving by that link, rather than arriving.
    pub(super) leaving: bool,
}

impl Seen<'_> {
    /// The source MAC address, if the message is a frame.
    pub(super) fn source_mac(&self) -> Option<[u8; 6]> {
        self.head.get(6..12)?.try_into().ok()
    }
}

impl Mailbox {
    pub(super) fn new(place: impl Into<String>, kind: Kind, socket: OwnedFd) -> Mailbox {
        Mailbox {
            place: place.into(),
            kind,
            socket,
            room: vec![0; AT_ONCE * KEPT],
        }
    }

    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// Reads until the sentinel has arrived by each of the links, or until the
    /// deadline; says whether it has. All that came before, and what stands in the
    /// queue by then, is handed to `each`.
    pub(super) fn read_until(
        &mut self,
        sentinel: Sentinel,
        links: &[u32],
        deadline: Instant,
        mut each: impl FnMut(Seen<'_>),
    ) -> Result<bool, LabError> {
        let mut awaited = links.to_vec();
        loop {
            let received = self.receive(|seen| match seen.source_mac() {
                Some(mac) if sentinel.is(mac) => awaited.retain(|link| *link != seen.link),
                // Of a batch whose sentinel came too late.
                Some(mac) if Sentinel::any(mac) => {}
                _ => each(seen),
            })?;
            // Fewer than there is room for: the queue was empty at the end.
            if received < AT_ONCE && awaited.is_empty() {
                return Ok(true);
            }
            if received == 0 && !self.wait(deadline)? {
                return Ok(false);
            }
        }
    }

    /// Reads what is there.
    pub(super) fn read_all(&mut self, mut each: impl FnMut(Seen<'_>)) -> Result<(), LabError> {
        while self.receive(&mut each)? > 0 {}
        Ok(())
    }

    /// Fails if the kernel had no room for a message since the last call.
    pub(super) fn check_nothing_was_lost(&self) -> Result<(), LabError> {
        let drops = match self.kind {
            Kind::Frames => socket::packet_drops(&self.socket),
            Kind::Packets => socket::all_drops(&self.socket),
        };
        match drops.map_err(LabError::system(format!("ask for drops at {}", self.place)))? {
            0 => Ok(()),
            drops => Err(LabError::EvidenceLost {
                place: self.place.clone(),
                drops,
            }),
        }
    }

    /// Waits for a message; `false` if the deadline came first.
    fn wait(&self, deadline: Instant) -> Result<bool, LabError> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut asked = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
            match poll(&mut asked, timeout) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(true),
                Err(errno) => {
                    return Err(LabError::system(format!("wait at {}", self.place))(
                        errno.into(),
                    ));
                }
            }
        }
    }

    /// Receives what is there, at most [`AT_ONCE`]; returns how many.
    fn receive(&mut self, mut each: impl FnMut(Seen<'_>)) -> Result<usize, LabError> {
        // SAFETY: all-zero vectors and headers are valid and point to nothing.
        let mut vectors: [libc::iovec; AT_ONCE] = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        let mut headers: [libc::mmsghdr; AT_ONCE] = unsafe { std::mem::zeroed() };
        let mut controls = [Control::default(); AT_ONCE];
        // SAFETY: an all-zero address is a valid one.
        let mut origins: [libc::sockaddr_ll; AT_ONCE] = unsafe { std::mem::zeroed() };
        for ((((vector, header), control), origin), room) in (vectors.iter_mut())
            .zip(&mut headers)
            .zip(&mut controls)
            .zip(&mut origins)
            .zip(self.room.chunks_exact_mut(KEPT))
        {
            if self.kind == Kind::Frames {
                header.msg_hdr.msg_name = std::ptr::from_mut(origin).cast();
                header.msg_hdr.msg_namelen = socket::length_of::<libc::sockaddr_ll>();
            }
            vector.iov_base = room.as_mut_ptr().cast();
            vector.iov_len = room.len();
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = size_of::<Control>() as _;
        }
        // SAFETY: every header points to one vector, one control buffer and at
        // most one address, which are distinct rooms of the sizes given; all
        // outlive the call.
        let received = unsafe {
            libc::recvmmsg(
                self.socket.as_raw_fd(),
                headers.as_mut_ptr(),
                AT_ONCE as libc::c_uint,
                libc::MSG_DONTWAIT | libc::MSG_TRUNC,
                std::ptr::null_mut(),
            )
        };
        let Ok(received) = usize::try_from(received) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(LabError::system(format!("receive at {}", self.place))(
                    error,
                )),
            };
        };
        for ((header, origin), room) in (headers[..received].iter())
            .zip(&origins)
            .zip(self.room.chunks_exact(KEPT))
        {
            let length = header.msg_len as usize;
            let head = &room[..length.min(KEPT)];
            let stripped = match self.kind {
                Kind::Frames => stripped_tag(&header.msg_hdr),
                Kind::Packets => 0,
            };
            each(Seen {
                length: length + stripped,
                head,
                link: u32::try_from(origin.sll_ifindex).unwrap_or(0),
                leaving: origin.sll_pkttype == libc::PACKET_OUTGOING,
            });
        }
        Ok(received)
    }
}

/// Bytes of the VLAN tag that the kernel took out of a frame before the socket
/// got it.
fn stripped_tag(header: &libc::msghdr) -> usize {
    const TAG: usize = 4;
    // SAFETY: the kernel filled the control buffer that the header points to.
    let message = unsafe { libc::CMSG_FIRSTHDR(header) };
    if message.is_null() {
        return 0;
    }
    // SAFETY: not null, so it points to a control message in the buffer.
    let (level, kind) = unsafe { ((*message).cmsg_level, (*message).cmsg_type) };
    if (level, kind) != (libc::SOL_PACKET, libc::PACKET_AUXDATA) {
        return 0;
    }
    // SAFETY: a control message of this type holds a tpacket_auxdata, and the
    // buffer has room for all of it.
    let auxiliary: libc::tpacket_auxdata =
        unsafe { std::ptr::read_unaligned(libc::CMSG_DATA(message).cast()) };
    match auxiliary.tp_status & libc::TP_STATUS_VLAN_VALID {
        0 => 0,
        _ => TAG,
    }
}
