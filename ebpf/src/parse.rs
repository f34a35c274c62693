//! From a frame to what the policy judges: protocol, port and source.

use netverdict_abi::{MAX_TAGS, Reason};

use crate::bytes::Bytes;
use crate::faults;

/// What a policy needs to know of a packet.
pub(crate) struct Flow<Source> {
    /// TCP, UDP or SCTP.
    pub(crate) protocol: u8,
    /// Destination port, in network byte order.
    pub(crate) port_be: u16,
    /// Source address, in network byte order.
    pub(crate) source: Source,
}

/// What an IP header and its extensions say about the transport header.
pub(crate) struct Transport<Source> {
    pub(crate) protocol: u8,
    /// Where it begins, in bytes from the start of the frame.
    pub(crate) offset: usize,
    /// Where the packet ends, likewise: padding behind it is no part of it.
    pub(crate) end: usize,
    /// A fragment with offset 0 and more to come.
    pub(crate) first_fragment: bool,
    /// Source address, in network byte order.
    pub(crate) source: Source,
}

/// The ethertype behind the VLAN tags, and the offset of what follows it.
#[inline(always)]
pub(crate) fn behind_tags(bytes: &impl Bytes) -> Result<(u16, usize), Reason> {
    let mut offset = ETHERNET_HEADER;
    let mut ethertype = u16::from_be_bytes(bytes.read(ETHERTYPE_OFFSET).ok_or(Reason::Truncated)?);
    for _ in 0..MAX_TAGS {
        if !is_tag(ethertype) || faults::VLAN_NOT_SKIPPED {
            return Ok((ethertype, offset));
        }
        let [_, _, high, low] = bytes.read(offset).ok_or(Reason::Truncated)?;
        ethertype = u16::from_be_bytes([high, low]);
        offset += TAG;
    }
    if is_tag(ethertype) {
        return Err(Reason::TooManyTags);
    }
    Ok((ethertype, offset))
}

/// The flow that a packet belongs to, or the reason why it has none.
#[inline(always)]
pub(crate) fn flow<Source>(
    bytes: &impl Bytes,
    transport: Transport<Source>,
) -> Result<Flow<Source>, Reason> {
    match transport.protocol {
        TCP | UDP | SCTP => {}
        _ => return Err(Reason::OtherProtocol),
    }
    // All three begin with the source port and the destination port.
    let ports: [u8; 4] = read_within(
        bytes,
        transport.offset,
        transport.end,
        transport.first_fragment,
    )?;
    let port = [ports[2], ports[3]];
    Ok(Flow {
        protocol: transport.protocol,
        port_be: if faults::PORT_BYTE_ORDER {
            u16::from_be_bytes(port)
        } else {
            u16::from_ne_bytes(port)
        },
        source: transport.source,
    })
}

/// The `N` bytes at `offset` of a packet that ends at `end`.
#[inline(always)]
pub(crate) fn read_within<const N: usize>(
    bytes: &impl Bytes,
    offset: usize,
    end: usize,
    first_fragment: bool,
) -> Result<[u8; N], Reason> {
    if offset + N > end {
        return Err(beyond(first_fragment));
    }
    bytes.read(offset).ok_or(Reason::Truncated)
}

/// Why a header that lies beyond the packet's end is not there.
#[inline(always)]
pub(crate) fn beyond(first_fragment: bool) -> Reason {
    if first_fragment {
        Reason::FirstFragmentWithoutPorts
    } else {
        Reason::Truncated
    }
}

/// IEEE Std 802.1Q: customer (0x8100) and service (0x88a8) VLAN tags.
#[inline(always)]
fn is_tag(ethertype: u16) -> bool {
    matches!(ethertype, 0x8100 | 0x88a8)
}

const ETHERTYPE_OFFSET: usize = 12;
const ETHERNET_HEADER: usize = 14;
const TAG: usize = 4;

// IANA protocol numbers.
const TCP: u8 = 6;
const UDP: u8 = 17;
const SCTP: u8 = 132;
