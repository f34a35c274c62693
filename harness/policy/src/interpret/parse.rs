//! From the bytes of a frame to what a service is looked up by.
//!
//! Every bound is checked by reading through [`Window`], which has nothing
//! behind its end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netverdict_abi::{MAX_EXTENSION_HEADERS, MAX_TAGS, Reason};

use crate::port::Protocol;

/// What decides at a protected port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) source: IpAddr,
    pub(super) protocol: Protocol,
    pub(super) destination_port: u16,
}

/// The flow that a frame belongs to.
///
/// # Errors
/// The reason that decides without one.
pub(super) fn flow(frame: &[u8]) -> Result<Flow, Reason> {
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
        0x0800 => v4(window.0),
        0x86dd => v6(window.0),
        _ => Err(Reason::NotIp),
    }
}

fn v4(bytes: &[u8]) -> Result<Flow, Reason> {
    let header: &[u8; 20] = bytes.first_chunk().ok_or(Reason::Truncated)?;
    let [
        version_and_words,
        _,
        total_high,
        total_low,
        _,
        _,
        fragment_high,
        fragment_low,
        _,
        protocol,
        _,
        _,
        source @ ..,
        _,
        _,
        _,
        _,
    ] = *header;
    let header_length = usize::from(version_and_words & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([total_high, total_low]));
    if version_and_words >> 4 != 4 || header_length < 20 || total < header_length {
        return Err(Reason::BadIpHeader);
    }
    let packet = bytes.get(..total).ok_or(Reason::Truncated)?;
    // RFC 791 §3.1: three flags, the last of them "more fragments", then the
    // offset.
    let fragment = u16::from_be_bytes([fragment_high, fragment_low]);
    if fragment & 0x1fff != 0 {
        return Err(Reason::UntrackedFragment);
    }
    let more_fragments = fragment & 0x2000 != 0;
    let transport = Window(&packet[header_length..]);
    ports(
        Ipv4Addr::from(source).into(),
        protocol,
        transport,
        more_fragments,
    )
}

fn v6(bytes: &[u8]) -> Result<Flow, Reason> {
    let header: &[u8; 40] = bytes.first_chunk().ok_or(Reason::Truncated)?;
    let [
        version,
        _,
        _,
        _,
        length_high,
        length_low,
        first,
        _,
        addresses @ ..,
    ] = *header;
    if version >> 4 != 6 {
        return Err(Reason::BadIpHeader);
    }
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    let packet = bytes.get(..40 + length).ok_or(Reason::Truncated)?;
    let mut window = Window(&packet[40..]);
    let mut next = first;
    let mut walked = 0;
    let mut more_fragments = false;
    while matches!(next, 0 | 43 | 44 | 51 | 60 | 135 | 139 | 140) {
        if walked == MAX_EXTENSION_HEADERS {
            return Err(Reason::TooManyExtensionHeaders);
        }
        walked += 1;
        let header = extension_header(next, &mut window).ok_or(beyond_end(more_fragments))?;
        if next == 44 {
            // RFC 8200 §4.5: offset in units of 8 bytes, then "more fragments".
            let fragment = u16::from_be_bytes([header[2], header[3]]);
            if fragment & 0xfff8 != 0 {
                return Err(Reason::UntrackedFragment);
            }
            more_fragments |= fragment & 1 != 0;
        }
        next = header[0];
    }
    let source: [u8; 16] = *addresses.first_chunk().expect("32 bytes of addresses");
    ports(Ipv6Addr::from(source).into(), next, window, more_fragments)
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

fn ports(
    source: IpAddr,
    protocol: u8,
    mut transport: Window<'_>,
    more_fragments: bool,
) -> Result<Flow, Reason> {
    let protocol = (Protocol::ALL.into_iter())
        .find(|known| known.number() == protocol)
        .ok_or(Reason::OtherProtocol)?;
    let destination_port = transport.u16().and_then(|_source| transport.u16());
    Ok(Flow {
        source,
        protocol,
        destination_port: destination_port.ok_or(beyond_end(more_fragments))?,
    })
}

/// Why a packet is dropped that ends before its ports.
fn beyond_end(more_fragments: bool) -> Reason {
    if more_fragments {
        Reason::FirstFragmentWithoutPorts
    } else {
        Reason::Truncated
    }
}

/// Bytes not yet read.
#[derive(Clone, Copy)]
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
        let bytes = self.take(2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }
}
