//! IPv4 (RFC 791 §3.1).

use super::bytes::Bytes;
use super::{fill, transport};
use crate::frame::{Fragment, IpOption, IpPacket, Lengths};

/// The packet at the start of `bytes`.
pub(super) fn packet(bytes: Bytes<'_>) -> IpPacket {
    let (version, words) = (bytes.u8(0) >> 4, bytes.u8(0) & 0x0f);
    let header = 4 * usize::from(words.max(5));
    let announced = bytes.u16(2);
    let room = usize::from(announced).checked_sub(header);
    let word = bytes.u16(6);
    let (offset, more) = ((word & 0x1fff) * 8, word & 0x2000 != 0);
    let mut options = vec![0; header - 20];
    let there = bytes.from(20).until(options.len()).0;
    options[..there.len()].copy_from_slice(there);
    let inside = bytes.until(announced.into()).from(header);
    let mut packet = IpPacket::plain(
        bytes.v4(12).into(),
        bytes.v4(16).into(),
        transport(true, bytes.u8(9), inside),
    );
    if !options.is_empty() {
        packet.options = vec![IpOption::Raw(options)];
    }
    packet.fragment = (offset > 0 || more).then(|| Fragment {
        offset,
        more,
        identification: Some(bytes.u16(4).into()),
    });
    packet.hop_limit = Some(bytes.u8(8));
    packet.lengths = Lengths {
        version: (version != 4).then_some(version),
        ihl: (words < 5).then_some(words),
        // Less than its own header.
        total: room.is_none().then_some(announced),
    };
    fill(&mut packet, room.unwrap_or(0));
    packet
}
