//! What policies judge of a packet: who, to whom, protocol and ports.

use netverdict_abi::{Guard, Reason};

use crate::address::{Address, Family};
use crate::bytes::{Bytes, read_inside, read_within};
use crate::faults;
use crate::fragment::Place;
use crate::icmp;
use crate::{ipv4, ipv6};

/// A packet, whatever its family. It is filled in place, and every byte of it is
/// set at any time: the verifier refuses to see copied what one family leaves
/// undefined and the other does not.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Packet {
    pub(crate) source: Address,
    pub(crate) destination: Address,
    pub(crate) upper: Upper,
    pub(crate) place: Place,
    pub(crate) family: Family,
    /// Of IPv6; 0 of IPv4, where nothing asks for it.
    pub(crate) hop_limit: u8,
    /// Of the transport header; of a later fragment what the header says.
    pub(crate) protocol: u8,
    /// Whether it acknowledges something (RFC 9293 §3.1): read for a fault only.
    pub(crate) acknowledges: bool,
    /// In network byte order; the identifier of an ICMP echo, 0 if there is none.
    pub(crate) source_port_be: u16,
    /// In network byte order; the type of an ICMP message, 0 if there is none.
    pub(crate) destination_port_be: u16,
    /// What an ICMP error is about.
    pub(crate) about: Endpoints,
    /// What would guard it if policies in dry run were enforced; without
    /// [`Guard::SELECTED`] where that is not to be asked.
    pub(crate) proposed: Guard,
}

/// Both ends of a packet, as far as a connection is known by them.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Endpoints {
    pub(crate) source: Address,
    pub(crate) destination: Address,
    /// As in [`netverdict_abi::ConnectionKey`].
    pub(crate) source_port_be: u16,
    pub(crate) destination_port_be: u16,
    pub(crate) protocol: u8,
    pub(crate) role: Role,
}

/// What a packet may be in a connection. Bits, as every value of them is one.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Role(u8);

impl Role {
    /// There is no such packet, or it is in no connection.
    pub(crate) const NONE: Role = Role(0);
    /// It goes the way of the first.
    pub(crate) const FORTH: Role = Role(1);
    /// It goes the other way.
    pub(crate) const BACK: Role = Role(2);
    const EITHER: Role = Role(3);

    #[inline(always)]
    pub(crate) fn can_be(self, role: Role) -> bool {
        self.0 & role.0 != 0
    }
}

/// Where a transport header is.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Upper {
    /// In bytes from the start of the frame.
    pub(crate) offset: usize,
    /// Where the packet ends, likewise: padding behind it is no part of it.
    pub(crate) end: usize,
}

impl Packet {
    /// Before anything of it is read.
    pub(crate) const UNREAD: Packet = Packet {
        source: Address::ZERO,
        destination: Address::ZERO,
        upper: Upper { offset: 0, end: 0 },
        place: Place::WHOLE,
        family: Family::V4,
        hop_limit: 0,
        protocol: 0,
        acknowledges: false,
        source_port_be: 0,
        destination_port_be: 0,
        about: Endpoints {
            source: Address::ZERO,
            destination: Address::ZERO,
            source_port_be: 0,
            destination_port_be: 0,
            protocol: 0,
            role: Role::NONE,
        },
        proposed: Guard {
            id: 0,
            flags: 0,
            default_rule: 0,
        },
    };

    /// The type of an ICMP message of the family.
    #[inline(always)]
    pub(crate) fn icmp(&self) -> Option<u8> {
        (self.protocol == icmp::protocol(self.family))
            .then_some(u16::from_be(self.destination_port_be) as u8)
    }

    #[inline(always)]
    pub(crate) fn has_ports(&self) -> bool {
        has_ports(self.protocol)
    }
}

/// Reads the transport header: step 6 of [`Reason`], but for what is remembered.
#[inline(always)]
pub(crate) fn transport(
    bytes: &impl Bytes,
    family: Family,
    packet: &mut Packet,
) -> Result<(), Reason> {
    let upper = packet.upper;
    if packet.place.is_later() {
        return Ok(());
    }
    let first = packet.place.is_first();
    if has_ports(packet.protocol) {
        // All three begin with the source port and the destination port.
        let [a, b, c, d] = read_within(bytes, upper.offset, upper.end, first)?;
        packet.source_port_be = u16::from_ne_bytes([a, b]);
        packet.destination_port_be = match faults::PORT_BYTE_ORDER {
            true => u16::from_ne_bytes([d, c]),
            false => u16::from_ne_bytes([c, d]),
        };
        if faults::REPLY_WITHOUT_CONNECTION {
            packet.acknowledges = acknowledges(bytes, upper, packet.protocol);
        }
    } else if packet.protocol == icmp::protocol(family) {
        let header: [u8; icmp::HEADER] = read_within(bytes, upper.offset, upper.end, first)?;
        let kind = header[0];
        if icmp::is_echo_request(family, kind) || icmp::is_echo_reply(family, kind) {
            packet.source_port_be = u16::from_ne_bytes([header[4], header[5]]);
        }
        if icmp::is_error(family, kind) {
            let inside = Upper {
                offset: upper.offset + icmp::HEADER,
                end: upper.end,
            };
            packet.about.role = match family {
                Family::V4 => ipv4::inner(bytes, inside, &mut packet.about),
                _ => ipv6::inner(bytes, inside, &mut packet.about),
            }
            .unwrap_or(Role::NONE);
        }
        if !faults::ICMP_TYPE_IGNORED {
            packet.destination_port_be = u16::from(kind).to_be();
        }
    }
    Ok(())
}

/// Reads the ports of a packet inside an ICMP error, and says what it may be;
/// `None` if they are cut off.
#[inline(always)]
pub(crate) fn inner_ports(
    bytes: &impl Bytes,
    upper: Upper,
    family: Family,
    about: &mut Endpoints,
) -> Option<Role> {
    if has_ports(about.protocol) {
        let [a, b, c, d] = read_inside(bytes, upper.offset, upper.end)?;
        about.source_port_be = u16::from_ne_bytes([a, b]);
        about.destination_port_be = u16::from_ne_bytes([c, d]);
    } else if about.protocol == icmp::protocol(family) {
        let header: [u8; icmp::HEADER] = read_inside(bytes, upper.offset, upper.end)?;
        let identifier = u16::from_ne_bytes([header[4], header[5]]);
        if icmp::is_echo_request(family, header[0]) {
            about.source_port_be = identifier;
            return Some(Role::FORTH);
        }
        if icmp::is_echo_reply(family, header[0]) {
            about.destination_port_be = identifier;
            return Some(Role::BACK);
        }
        return None;
    }
    Some(Role::EITHER)
}

#[inline(always)]
fn acknowledges(bytes: &impl Bytes, upper: Upper, protocol: u8) -> bool {
    const FLAGS: usize = 13;
    const ACK: u8 = 0x10;
    protocol == TCP
        && read_inside(bytes, upper.offset + FLAGS, upper.end)
            .is_some_and(|[flags]: [u8; 1]| flags & ACK != 0)
}

#[inline(always)]
fn has_ports(protocol: u8) -> bool {
    matches!(protocol, TCP | UDP | SCTP)
}

// IANA protocol numbers.
const TCP: u8 = 6;
const UDP: u8 = 17;
const SCTP: u8 = 132;
