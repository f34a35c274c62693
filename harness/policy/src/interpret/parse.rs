//! From the bytes of a frame to what it is judged by.
//!
//! Every bound is checked by reading through [`Window`], which has nothing
//! behind its end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netverdict_abi::{MAX_EXTENSION_HEADERS, MAX_TAGS, Reason};

use super::transport::{Inner, Transport};
use crate::port::Protocol;
use crate::prefix::Family;

/// An IP packet whose fixed header is sound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// Time to live, or hop limit.
    pub(super) hops: u8,
    /// What the fixed header names as next.
    first: u8,
    /// Flags and offset of the IPv4 header; 0 in IPv6.
    fragment: u16,
    /// As in [`FragmentId`].
    identification: u32,
    /// What follows the fixed header, and the options of IPv4.
    rest: Window<'a>,
}

/// What tells the fragments of one packet from those of others, besides the
/// addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FragmentId {
    /// As the header has it; of IPv4 the low 16 bits.
    pub(super) identification: u32,
    /// Of IPv4 the protocol; 0 in IPv6.
    pub(super) protocol: u8,
}

/// What follows the IP header.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// A transport header, which is all there.
    Header {
        transport: Transport,
        /// What an ICMP error is about.
        about: Option<Inner>,
        /// Set if it is the first fragment of several.
        first_of: Option<FragmentId>,
    },
    /// The middle of a packet.
    LaterFragment(FragmentId),
}

/// Steps 1 to 3 of [`Reason`].
pub(super) fn packet(frame: &[u8]) -> Result<Packet<'_>, Reason> {
    let mut window = Window(frame);
    let mut ethertype = window
        .skip(12)
        .and_then(|()| window.u16())
        .ok_or(Reason::Truncated)?;
    let mut tags = 0;
    while matches!(ethertype, 0x8100 | 0x88a8) {
        if tags == MAX_TAGS {
            return Err(Reason::TooManyTags);
        }
        tags += 1;
        let _control = window.u16().ok_or(Reason::Truncated)?;
        ethertype = window.u16().ok_or(Reason::Truncated)?;
    }
    match ethertype {
        0x0800 => v4(window),
        0x86dd => v6(window),
        _ => Err(Reason::NotIp),
    }
}

fn v4(window: Window<'_>) -> Result<Packet<'_>, Reason> {
    let header = V4Header::read(window).ok_or(Reason::Truncated)?;
    if header.version != 4 || header.length < 20 || header.total < header.length {
        return Err(Reason::BadIpHeader);
    }
    let mut whole = Window(window.0.get(..header.total).ok_or(Reason::Truncated)?);
    whole.skip(header.length).ok_or(Reason::Truncated)?;
    Ok(Packet {
        source: header.source.into(),
        destination: header.destination.into(),
        hops: header.hops,
        first: header.protocol,
        fragment: header.fragment,
        identification: header.identification.into(),
        rest: whole,
    })
}

fn v6(window: Window<'_>) -> Result<Packet<'_>, Reason> {
    let header = V6Header::read(window).ok_or(Reason::Truncated)?;
    if header.version != 6 {
        return Err(Reason::BadIpHeader);
    }
    let end = 40 + header.payload;
    let mut whole = Window(window.0.get(..end).ok_or(Reason::Truncated)?);
    whole.skip(40).ok_or(Reason::Truncated)?;
    Ok(Packet {
        source: header.source.into(),
        destination: header.destination.into(),
        hops: header.hops,
        first: header.next,
        fragment: 0,
        identification: 0,
        rest: whole,
    })
}

impl Packet<'_> {
    /// The family of its addresses.
    pub(super) fn family(&self) -> Family {
        Family::of(self.source)
    }

    /// Steps 5 and 6 of [`Reason`].
    pub(super) fn content(&self) -> Result<Content, Reason> {
        match self.family() {
            Family::V4 => self.content_v4(),
            Family::V6 => self.content_v6(),
        }
    }

    fn content_v4(&self) -> Result<Content, Reason> {
        let id = FragmentId {
            identification: self.identification,
            protocol: self.first,
        };
        // RFC 791 §3.1: three flags, the last of them "more fragments", then the
        // offset.
        if self.fragment & 0x1fff != 0 {
            return Ok(Content::LaterFragment(id));
        }
        let first_of = (self.fragment & 0x2000 != 0).then_some(id);
        header(Family::V4, self.first, self.rest, first_of)
    }

    fn content_v6(&self) -> Result<Content, Reason> {
        let mut window = self.rest;
        let mut next = self.first;
        let mut walked = 0;
        let mut first_of = None;
        while is_extension(next) {
            if walked == MAX_EXTENSION_HEADERS {
                return Err(Reason::TooManyExtensionHeaders);
            }
            walked += 1;
            let extension = extension_header(next, &mut window).ok_or(beyond_end(first_of))?;
            if next == 44 {
                // RFC 8200 §4.5: offset in units of 8 bytes, then "more fragments".
                let fragment = u16::from_be_bytes([extension[2], extension[3]]);
                let id = FragmentId {
                    identification: Window(&extension[4..]).u32().ok_or(Reason::Truncated)?,
                    protocol: 0,
                };
                if fragment & 0xfff8 != 0 {
                    return Ok(Content::LaterFragment(id));
                }
                if fragment & 1 != 0 {
                    first_of = first_of.or(Some(id));
                }
            }
            next = extension[0];
        }
        header(Family::V6, next, window, first_of)
    }
}

fn is_extension(number: u8) -> bool {
    matches!(number, 0 | 43 | 44 | 51 | 60 | 135 | 139 | 140)
}

/// The whole extension header, at least 8 bytes.
fn extension_header<'a>(number: u8, window: &mut Window<'a>) -> Option<&'a [u8]> {
    let length_field = usize::from(*window.0.get(1)?);
    let length = match number {
        44 => 8,
        // RFC 4302 §2.2: units of 4 bytes, less 2.
        51 => (length_field + 2) * 4,
        _ => (length_field + 1) * 8,
    };
    window.take(length)
}

fn header(
    family: Family,
    protocol: u8,
    window: Window<'_>,
    first_of: Option<FragmentId>,
) -> Result<Content, Reason> {
    let (transport, behind) = transport(family, protocol, window).ok_or(beyond_end(first_of))?;
    Ok(Content::Header {
        transport,
        about: transport
            .is_error()
            .then(|| inner(family, behind))
            .flatten(),
        first_of,
    })
}

/// Why a packet is dropped that ends before its transport header does.
fn beyond_end(first_of: Option<FragmentId>) -> Reason {
    match first_of {
        Some(_) => Reason::FirstFragmentWithoutPorts,
        None => Reason::Truncated,
    }
}

/// As much of the transport header as is looked at, and what is behind.
fn transport(
    family: Family,
    protocol: u8,
    mut window: Window<'_>,
) -> Option<(Transport, Window<'_>)> {
    let transport = match (family, protocol) {
        (Family::V4, 1) | (Family::V6, 58) => {
            let header = window.take(8)?;
            Transport::Icmp {
                family,
                kind: header[0],
                identifier: u16::from_be_bytes([header[4], header[5]]),
            }
        }
        _ => match Protocol::ALL
            .into_iter()
            .find(|known| known.number() == protocol)
        {
            Some(protocol) => Transport::Ports {
                protocol,
                source: window.u16()?,
                destination: window.u16()?,
            },
            None => Transport::Other { protocol },
        },
    };
    Some((transport, window))
}

/// The packet that an ICMP error quotes, as far as it tells a connection.
fn inner(family: Family, quoted: Window<'_>) -> Option<Inner> {
    let mut behind = quoted;
    let (source, destination, protocol): (IpAddr, IpAddr, u8) = match family {
        Family::V4 => {
            let header = V4Header::read(quoted)?;
            let is_first = header.fragment & 0x1fff == 0;
            if header.version != 4 || header.length < 20 || !is_first {
                return None;
            }
            behind.skip(header.length)?;
            let V4Header {
                source,
                destination,
                ..
            } = header;
            (source.into(), destination.into(), header.protocol)
        }
        Family::V6 => {
            let header = V6Header::read(quoted)?;
            if header.version != 6 {
                return None;
            }
            // An extension header is not looked behind: no connection has the number
            // of one as its protocol.
            behind.skip(40)?;
            let V6Header {
                source,
                destination,
                ..
            } = header;
            (source.into(), destination.into(), header.next)
        }
    };
    let (transport, _) = transport(family, protocol, behind)?;
    Some(Inner {
        source,
        destination,
        transport,
    })
}

/// The fixed header of IPv4 (RFC 791 §3.1).
struct V4Header {
    version: u8,
    /// In bytes.
    length: usize,
    /// Of the whole packet, in bytes.
    total: usize,
    identification: u16,
    /// Flags and offset.
    fragment: u16,
    hops: u8,
    protocol: u8,
    source: Ipv4Addr,
    destination: Ipv4Addr,
}

impl V4Header {
    fn read(mut window: Window<'_>) -> Option<V4Header> {
        let bytes = window.take(20)?;
        let u16_at = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let address_at = |at: usize| Some(Ipv4Addr::from_bits(Window(&bytes[at..]).u32()?));
        Some(V4Header {
            version: bytes[0] >> 4,
            length: usize::from(bytes[0] & 0x0f) * 4,
            total: u16_at(2).into(),
            identification: u16_at(4),
            fragment: u16_at(6),
            hops: bytes[8],
            protocol: bytes[9],
            source: address_at(12)?,
            destination: address_at(16)?,
        })
    }
}

/// The fixed header of IPv6 (RFC 8200 §3).
struct V6Header {
    version: u8,
    /// Length of what follows, in bytes.
    payload: usize,
    next: u8,
    hops: u8,
    source: Ipv6Addr,
    destination: Ipv6Addr,
}

impl V6Header {
    fn read(mut window: Window<'_>) -> Option<V6Header> {
        let bytes = window.take(40)?;
        let address_at = |at: usize| {
            let bytes: [u8; 16] = *bytes[at..].first_chunk()?;
            Some(Ipv6Addr::from(bytes))
        };
        Some(V6Header {
            version: bytes[0] >> 4,
            payload: u16::from_be_bytes([bytes[4], bytes[5]]).into(),
            next: bytes[6],
            hops: bytes[7],
            source: address_at(8)?,
            destination: address_at(24)?,
        })
    }
}

/// Bytes not yet read.
#[derive(Clone, Copy, Debug)]
struct Window<'a>(&'a [u8]);

impl<'a> Window<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, length: usize) -> Option<()> {
        self.take(length).map(|_| ())
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(*self.take(2)?.first_chunk()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(*self.take(4)?.first_chunk()?))
    }
}
