//! Sending many frames in one call.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};

use netverdict_policy::frame::ProbeId;
use netverdict_policy::journey::Sender;

use super::MAX_BATCH;
use crate::error::LabError;
use crate::network::ROOM_FOR_TAGS;

/// A frame to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shot<'a> {
    /// Which probe it is.
    pub id: ProbeId,
    /// Who sends it: the point where it is injected.
    pub from: Sender,
    /// Its bytes.
    pub frame: &'a [u8],
}

const ETHERNET_HEADER: usize = 14;

/// Whether the links of a lab with this MTU carry it.
pub(super) fn check_length(shot: &Shot<'_>, mtu: u16) -> Result<(), LabError> {
    let most = longest(shot.frame, mtu);
    if (ETHERNET_HEADER..=most).contains(&shot.frame.len()) {
        return Ok(());
    }
    Err(LabError::FrameLength {
        id: shot.id,
        length: shot.frame.len(),
        most,
    })
}

/// Length of the longest frame with the tags of this one.
fn longest(frame: &[u8], mtu: u16) -> usize {
    const TAG: usize = 4;
    let tags = (frame.get(12..).unwrap_or_default())
        .chunks(TAG)
        .take_while(|tag| matches!(tag, [0x81, 0x00, ..] | [0x88, 0xa8, ..]))
        .count();
    ETHERNET_HEADER + usize::from(mtu) + (tags * TAG).min(usize::from(ROOM_FOR_TAGS))
}

/// Sends the frames, at most a batch and its sentinel; returns how many the
/// link took.
pub(super) fn inject<'a>(
    socket: &OwnedFd,
    frames: impl Iterator<Item = &'a [u8]>,
) -> io::Result<usize> {
    // SAFETY: all-zero vectors and headers are valid and point to nothing.
    let mut vectors: [libc::iovec; MAX_BATCH + 1] = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let mut headers: [libc::mmsghdr; MAX_BATCH + 1] = unsafe { std::mem::zeroed() };
    let mut all = 0;
    for ((vector, header), frame) in vectors.iter_mut().zip(&mut headers).zip(frames) {
        // The kernel only reads through this pointer.
        vector.iov_base = frame.as_ptr().cast_mut().cast();
        vector.iov_len = frame.len();
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
        all += 1;
    }
    let mut left = &mut headers[..all];
    while !left.is_empty() {
        let count = libc::c_uint::try_from(left.len()).expect("a batch is small");
        // SAFETY: every header points to one vector, and that to a frame, all
        // of which outlive the call.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), left.as_mut_ptr(), count, 0) };
        match usize::try_from(sent) {
            Ok(sent) => left = &mut left[sent..],
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_makes_room_for_itself_up_to_three() {
        let tag = [0x81, 0, 0, 0];
        for (tags, most) in [(0, 1514), (1, 1518), (2, 1522), (3, 1526), (4, 1526)] {
            let frame = [vec![0; 12], tag.repeat(tags), vec![0x08, 0]].concat();
            assert_eq!(longest(&frame, 1500), most);
        }
        assert_eq!(longest(&[], 1500), 1514);
    }
}
