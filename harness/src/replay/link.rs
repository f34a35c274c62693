//! Ethernet frames of what other links carried.

use thiserror::Error;

/// Link types that are understood, by their numbers in the registry of tcpdump.org.
mod number {
    pub(super) const NULL: u16 = 0;
    pub(super) const ETHERNET: u16 = 1;
    pub(super) const RAW: [u16; 3] = [12, 14, 101];
    pub(super) const LOOP: u16 = 108;
    pub(super) const LINUX_SLL: u16 = 113;
    pub(super) const IPV4: u16 = 228;
    pub(super) const IPV6: u16 = 229;
    pub(super) const LINUX_SLL2: u16 = 276;
}

/// Bytes of an Ethernet header.
pub const HEADER: usize = 14;

/// Most bytes of a frame: the longest IPv6 packet behind two VLAN tags.
pub const MOST: usize = HEADER + 2 * 4 + 40 + u16::MAX as usize;

/// A frame that starts with an Ethernet header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ethernet {
    /// Its bytes, as far as they were captured.
    pub bytes: Vec<u8>,
    /// Bytes that it had.
    pub original: usize,
    /// Whether its header was made here, with addresses of zeros.
    pub made: bool,
}

/// Why there is no Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum NoFrame {
    /// Another sort of link.
    #[error("link type {0} carries no Ethernet frames, nor such as could get an Ethernet header")]
    LinkType(u16),
    /// Zero bytes.
    #[error("it is empty")]
    Empty,
    /// Less than the header of its link.
    #[error("it has no whole link header")]
    Short,
    /// More was captured than there was.
    #[error("more of it was captured than there was")]
    Longer,
    /// More than any IP packet needs.
    #[error("it is longer than any IP packet in a frame ({MOST} bytes)")]
    TooLong,
    /// What it carries has no ethertype.
    #[error("what it carries is of no ethertype")]
    NoEthertype,
}

/// The frame in a record of this link type.
///
/// # Errors
/// Where there is none.
pub fn ethernet(link: u16, bytes: &[u8], original: u32) -> Result<Ethernet, NoFrame> {
    let original = original as usize;
    if bytes.len() > original {
        return Err(NoFrame::Longer);
    }
    if original == 0 {
        return Err(NoFrame::Empty);
    }
    if original > MOST {
        return Err(NoFrame::TooLong);
    }
    let (header, ethertype) = match link {
        number::ETHERNET => {
            return match bytes.len() < HEADER {
                true => Err(NoFrame::Short),
                false => Ok(Ethernet {
                    bytes: bytes.to_vec(),
                    original,
                    made: false,
                }),
            };
        }
        raw if number::RAW.contains(&raw) => (0, of_version(bytes)?),
        number::IPV4 => (0, 0x0800),
        number::IPV6 => (0, 0x86dd),
        number::NULL | number::LOOP => (4, of_family(bytes)?),
        // Type, device type, address length, address, protocol.
        number::LINUX_SLL => (16, of_device(word(bytes, 2)?, word(bytes, 14)?)?),
        // Protocol, reserved, interface, device type, packet type, address length,
        // address.
        number::LINUX_SLL2 => (20, of_device(word(bytes, 8)?, word(bytes, 0)?)?),
        other => return Err(NoFrame::LinkType(other)),
    };
    let inside = bytes.get(header..).ok_or(NoFrame::Short)?;
    let mut frame = vec![0; 12];
    frame.extend(ethertype.to_be_bytes());
    frame.extend(inside);
    Ok(Ethernet {
        bytes: frame,
        original: original - header + HEADER,
        made: true,
    })
}

/// The name of a link type that is understood.
pub fn name(link: u16) -> &'static str {
    match link {
        number::ETHERNET => "Ethernet",
        number::NULL | number::LOOP => "loopback",
        number::LINUX_SLL => "Linux cooked v1",
        number::LINUX_SLL2 => "Linux cooked v2",
        number::IPV4 => "IPv4",
        number::IPV6 => "IPv6",
        raw if number::RAW.contains(&raw) => "IP",
        _ => "unknown",
    }
}

fn word(bytes: &[u8], at: usize) -> Result<u16, NoFrame> {
    match bytes.get(at..at + 2) {
        Some(&[high, low]) => Ok(u16::from_be_bytes([high, low])),
        _ => Err(NoFrame::Short),
    }
}

fn of_version(bytes: &[u8]) -> Result<u16, NoFrame> {
    match bytes.first().ok_or(NoFrame::Short)? >> 4 {
        4 => Ok(0x0800),
        6 => Ok(0x86dd),
        _ => Err(NoFrame::NoEthertype),
    }
}

/// Address families differ from system to system, and their byte order is that of the
/// machine that captured.
fn of_family(bytes: &[u8]) -> Result<u16, NoFrame> {
    let family = *bytes.first_chunk::<4>().ok_or(NoFrame::Short)?;
    let family = u32::from_be_bytes(family);
    match family.min(family.swap_bytes()) {
        2 => Ok(0x0800),
        // Linux, NetBSD and OpenBSD, FreeBSD, macOS.
        10 | 24 | 28 | 30 => Ok(0x86dd),
        _ => Err(NoFrame::NoEthertype),
    }
}

/// Of some devices the protocol is no ethertype: radio (801 to 803), netlink (824), GRE
/// (778), and where it is that of the LLC layer (values below 1536).
fn of_device(device: u16, protocol: u16) -> Result<u16, NoFrame> {
    match (device, protocol) {
        (778 | 801..=803 | 824, _) | (_, ..1536) => Err(NoFrame::NoEthertype),
        (_, ethertype) => Ok(ethertype),
    }
}
