//! Why a description has no bytes.

use std::net::IpAddr;

use thiserror::Error;

/// Why a description has no bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A tag protocol identifier other than those of IEEE Std 802.1Q.
    #[error("tag protocol identifier {0:#06x} is neither 0x8100 nor 0x88a8")]
    TagProtocol(u16),
    /// A VLAN id has 12 bits.
    #[error("VLAN id {0} is beyond 4095")]
    VlanId(u16),
    /// A VLAN priority has 3 bits.
    #[error("VLAN priority {0} is beyond 7")]
    VlanPriority(u8),
    /// An ethertype that would make IP or a tag of the payload.
    #[error("ethertype {0:#06x} is that of IP or a VLAN tag: describe those as such")]
    Ethertype(u16),
    /// An IPv4 and an IPv6 address.
    #[error("source {source_address} and destination {destination} are of different families")]
    MixedFamilies {
        /// The source.
        source_address: IpAddr,
        /// The destination.
        destination: IpAddr,
    },
    /// IPv4 options in an IPv6 packet.
    #[error("an IPv6 packet has no IPv4 options")]
    OptionsInIpv6,
    /// IPv6 extension headers in an IPv4 packet.
    #[error("an IPv4 packet has no IPv6 extension headers")]
    ExtensionHeadersInIpv4,
    /// An extension header that cannot be told from another, or not be told.
    #[error("{0:?} is no extension header, or not of a length that its length field can tell")]
    ExtensionHeader(super::ExtensionHeader),
    /// An IPv4 header length in an IPv6 packet.
    #[error("an IPv6 packet has no header length field")]
    HeaderLengthInIpv6,
    /// A neighbour solicitation in an IPv4 packet.
    #[error("an IPv4 packet carries no neighbour solicitation")]
    SolicitationInIpv4,
    /// A neighbour solicitation whose payload fits no option (RFC 4861 §4.6).
    #[error("a neighbour solicitation has room for {max} bytes of payload, not {payload}")]
    SolicitationPayload {
        /// Bytes asked for.
        payload: usize,
        /// Bytes there are.
        max: usize,
    },
    /// A message that a description of its own makes.
    #[error("ICMP type {0} is that of an echo: describe it as such")]
    EchoType(u8),
    /// A type that tells of no other packet.
    #[error("ICMP type {0} is no error: it is about no packet")]
    NoErrorType(u8),
    /// A packet that no ICMP error of this family quotes.
    #[error("the quoted packet is not of the error's family, or has options it cannot have")]
    Quoted,
    /// Options beyond what the header length field can say (RFC 791).
    #[error("options of {0} bytes with padding are beyond the 40 that an IPv4 header holds")]
    OptionsTooLong(usize),
    /// A record route or timestamp option without room, or with too much.
    #[error("an IPv4 option has room for 1 to 9 entries, not {0}")]
    OptionRoom(u8),
    /// A fragment offset is counted in units of 8 bytes (RFC 791, RFC 8200).
    #[error("fragment offset {0} is not a multiple of 8")]
    FragmentOffset(u16),
    /// An IP version has 4 bits.
    #[error("IP version {0} is beyond 15")]
    Version(u8),
    /// A header length that lies upwards would move the ports.
    #[error("header length {0} is beyond 4, in units of 4 bytes")]
    HeaderLength(u8),
    /// A protocol that promises a header which [`super::Transport::Other`] has
    /// not.
    #[error("protocol {0} has a header of its own: describe it as such")]
    Protocol(u8),
    /// Beyond what the length field of IP can say.
    #[error("a length field of {0} bytes is beyond the 65535 of an IP packet")]
    TooLong(usize),
    /// Cut to less than an Ethernet header, or to more than there is.
    #[error("a frame of {length} bytes can be cut to 14 to {length} bytes, not to {to}")]
    Truncation {
        /// Bytes to be left.
        to: usize,
        /// Bytes there are.
        length: usize,
    },
}
