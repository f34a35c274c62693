//! IPv6 extension headers as bytes.

use std::net::Ipv6Addr;

use pnet_packet::ip::IpNextHeaderProtocol;
use pnet_packet::util;

use super::{ExtensionHeader, Fragment, ProbeId};

/// Next-header number of the fragment header (RFC 8200 §4.5).
pub(super) const FRAGMENT: u8 = 44;

/// Next-header numbers of everything that is walked as an extension header.
pub(super) const NUMBERS: [u8; 8] = [0, 43, FRAGMENT, 51, 60, 135, 139, 140];

impl ExtensionHeader {
    /// The next-header number that announces it (IANA).
    pub(super) const fn number(self) -> u8 {
        match self {
            ExtensionHeader::HopByHop => 0,
            ExtensionHeader::Routing => 43,
            ExtensionHeader::Authentication => 51,
            ExtensionHeader::Destination => 60,
            ExtensionHeader::Mobility => 135,
            ExtensionHeader::HostIdentity => 139,
            ExtensionHeader::Shim6 => 140,
            ExtensionHeader::Opaque { number, length: _ } => number,
        }
    }

    /// Its length in bytes.
    pub(super) const fn length(self) -> usize {
        match self {
            ExtensionHeader::HopByHop
            | ExtensionHeader::Routing
            | ExtensionHeader::Destination
            | ExtensionHeader::Mobility
            | ExtensionHeader::Shim6 => 8,
            ExtensionHeader::Authentication => 24,
            ExtensionHeader::HostIdentity => 40,
            ExtensionHeader::Opaque { number: _, length } => length as usize,
        }
    }

    /// Whether its length is one that its length field can tell, and its number that
    /// of such a header.
    pub(super) fn is_possible(self) -> bool {
        let ExtensionHeader::Opaque { number, length } = self else {
            return true;
        };
        match number {
            FRAGMENT => false,
            51 => length.is_multiple_of(4) && (8..=1028).contains(&length),
            _ => {
                NUMBERS.contains(&number)
                    && length.is_multiple_of(8)
                    && (8..=2048).contains(&length)
            }
        }
    }

    /// Its bytes, announcing `next`; it is a possible one.
    pub(super) fn bytes(self, next: u8, source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
        let mut bytes = vec![0; self.length()];
        bytes[0] = next;
        // Of the length field, in units of 8 bytes behind the first 8.
        bytes[1] = match self {
            ExtensionHeader::HostIdentity => 4,
            // In units of 4 bytes, less 2 (RFC 4302 §2.2).
            ExtensionHeader::Authentication => 4,
            ExtensionHeader::HopByHop
            | ExtensionHeader::Routing
            | ExtensionHeader::Destination
            | ExtensionHeader::Mobility
            | ExtensionHeader::Shim6 => 0,
            ExtensionHeader::Opaque { number, length } => {
                let field = match number {
                    51 => length / 4 - 2,
                    _ => length / 8 - 1,
                };
                u8::try_from(field).expect("a possible length fits its field")
            }
        };
        match self {
            // One PadN option over the other six bytes (RFC 8200 §4.2).
            ExtensionHeader::HopByHop | ExtensionHeader::Destination => {
                bytes[2..4].copy_from_slice(&[1, 4]);
            }
            // Experimental type, no segments left.
            ExtensionHeader::Routing => bytes[2..4].copy_from_slice(&[253, 0]),
            // Security parameters index 256, the first that is not reserved;
            // sequence number 1; 12 bytes of a check value that nobody can
            // verify.
            ExtensionHeader::Authentication => {
                bytes[4..8].copy_from_slice(&256_u32.to_be_bytes());
                bytes[8..12].copy_from_slice(&1_u32.to_be_bytes());
            }
            // A binding refresh request (RFC 6275 §6.1.2) has type 0.
            ExtensionHeader::Mobility => {}
            // An I1 packet, version 2 (RFC 7401 §5.1); the fixed low bit is 1.
            ExtensionHeader::HostIdentity => bytes[2..4].copy_from_slice(&[1, 0x21]),
            // A payload extension header: bit P set, context tag 0 (RFC 5533
            // §5.2).
            ExtensionHeader::Shim6 => bytes[2] = 0x80,
            ExtensionHeader::Opaque { .. } => {}
        }
        if let ExtensionHeader::Mobility | ExtensionHeader::HostIdentity = self {
            let protocol = IpNextHeaderProtocol(self.number());
            let sum = util::ipv6_checksum(&bytes, 2, &[], &source, &destination, protocol);
            bytes[4..6].copy_from_slice(&sum.to_be_bytes());
        }
        bytes
    }
}

/// The fragment header (RFC 8200 §4.5).
pub(super) fn fragment_header(fragment: Fragment, next: u8, id: ProbeId) -> [u8; 8] {
    let [high, low] = (fragment.offset | u16::from(fragment.more)).to_be_bytes();
    let [a, b, c, d] = fragment.identification.unwrap_or(id.0).to_be_bytes();
    [next, 0, high, low, a, b, c, d]
}
