//! IPv4 options as bytes.

use std::net::Ipv4Addr;

use super::{FrameError, IpOption};

/// Bytes of options that an IPv4 header holds: the header length field ends at
/// 15 units of 4 bytes (RFC 791 §3.1).
const MAX: usize = 40;

/// The options' bytes, padded with end-of-options to a multiple of 4.
///
/// # Errors
/// Options without room, and more than 40 bytes.
pub(super) fn bytes(options: &[IpOption], destination: Ipv4Addr) -> Result<Vec<u8>, FrameError> {
    let length = padded_length(options);
    if length > MAX {
        return Err(FrameError::OptionsTooLong(length));
    }
    let mut bytes = Vec::with_capacity(length);
    for option in options {
        append(&mut bytes, option, destination)?;
    }
    bytes.resize(length, 0);
    Ok(bytes)
}

/// Length in bytes of all options, with padding to a multiple of 4.
pub(super) fn padded_length(options: &[IpOption]) -> usize {
    let length: usize = options.iter().map(length).sum();
    length.next_multiple_of(4)
}

fn length(option: &IpOption) -> usize {
    match option {
        IpOption::Nop => 1,
        IpOption::RouterAlert => 4,
        IpOption::RecordRoute(room) => 3 + 4 * usize::from(*room),
        IpOption::Timestamp(room) => 4 + 4 * usize::from(*room),
        IpOption::LooseSourceRoute => 7,
        IpOption::Raw(raw) => raw.len(),
    }
}

/// Type numbers and layouts are those of RFC 791 §3.1, and of RFC 2113 for the
/// router alert.
fn append(bytes: &mut Vec<u8>, option: &IpOption, destination: Ipv4Addr) -> Result<(), FrameError> {
    match option {
        IpOption::Nop => bytes.push(1),
        IpOption::RouterAlert => bytes.extend([148, 4, 0, 0]),
        IpOption::RecordRoute(room) => {
            let entries = room_in_bytes(*room)?;
            bytes.extend([7, 3 + entries, 4]);
            bytes.resize(bytes.len() + usize::from(entries), 0);
        }
        IpOption::Timestamp(room) => {
            let entries = room_in_bytes(*room)?;
            bytes.extend([68, 4 + entries, 5, 0]);
            bytes.resize(bytes.len() + usize::from(entries), 0);
        }
        IpOption::LooseSourceRoute => {
            bytes.extend([131, 7, 4]);
            bytes.extend(destination.octets());
        }
        IpOption::Raw(raw) => bytes.extend(raw),
    }
    Ok(())
}

fn room_in_bytes(room: u8) -> Result<u8, FrameError> {
    match room {
        1..=9 => Ok(4 * room),
        _ => Err(FrameError::OptionRoom(room)),
    }
}
