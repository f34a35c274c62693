//! What a frame is meant to be. The oracle judges this description, never the
//! bytes made from it.

use std::net::{IpAddr, Ipv4Addr};

use crate::port::Protocol;

/// A frame to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameSpec {
    /// VLAN tags, outermost first.
    pub tags: Vec<VlanTag>,
    /// What stands behind the tags.
    pub body: Body,
    /// Cut the frame to this many bytes, at least 14.
    pub truncate: Option<usize>,
}

/// A VLAN tag (IEEE Std 802.1Q).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VlanTag {
    /// Tag protocol identifier: 0x8100 or 0x88a8.
    pub tpid: u16,
    /// VLAN id, 0 to 4095; 0 is a priority tag.
    pub id: u16,
    /// Priority code point, 0 to 7.
    pub priority: u8,
}

/// What a frame carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// An IP packet.
    Ip(IpPacket),
    /// An ARP request (RFC 826).
    Arp {
        /// Who asks.
        sender: Ipv4Addr,
        /// Whose address is asked for.
        target: Ipv4Addr,
    },
    /// Any other ethertype, with the probe's id behind it.
    Other {
        /// The ethertype.
        ethertype: u16,
    },
}

/// An IPv4 or IPv6 packet. The addresses are of one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpPacket {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// IPv4 options, in order; none in IPv6. At most 40 bytes with padding.
    pub options: Vec<IpOption>,
    /// IPv6 extension headers other than the fragment header, in order; none in
    /// IPv4.
    pub extension_headers: Vec<ExtensionHeader>,
    /// Sent as this fragment of a larger packet. In IPv6 the fragment header
    /// stands behind the extension headers.
    pub fragment: Option<Fragment>,
    /// Hops left, as the header says; `None` is 255 for a neighbour solicitation
    /// (RFC 4861 §4.3) and 64 for everything else.
    pub hop_limit: Option<u8>,
    /// Header fields that lie.
    pub lengths: Lengths,
    /// What the packet carries.
    pub transport: Transport,
    /// Bytes behind the transport header, the probe's id first and last
    /// ([`super::payload_length`] says how many there are); a later fragment
    /// carries the transport header's bytes as mere payload, as an attacker would
    /// have it.
    pub payload: usize,
    /// Bytes of transport header and payload that there are, where the packet ends
    /// before what is described of them does; its length fields agree. Such a packet
    /// was seen somewhere: it has no probe's id at its end. `None` is all of them.
    pub shortened_to: Option<usize>,
}

/// An IPv4 option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IpOption {
    /// No operation (RFC 791).
    Nop,
    /// Router alert (RFC 2113).
    RouterAlert,
    /// Record route with room for this many addresses, 1 to 9 (RFC 791).
    RecordRoute(u8),
    /// Timestamp with room for this many, 1 to 9 (RFC 791).
    Timestamp(u8),
    /// Loose source route through the destination itself (RFC 791).
    LooseSourceRoute,
    /// Any bytes.
    Raw(Vec<u8>),
}

/// An IPv6 extension header (RFC 8200 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionHeader {
    /// Hop-by-hop options (0), filled with padding.
    HopByHop,
    /// Destination options (60), filled with padding.
    Destination,
    /// Routing (43) of the experimental type 253, no segments left (RFC 4727).
    Routing,
    /// Authentication (51, RFC 4302): length in units of 4 bytes.
    Authentication,
    /// Mobility (135, RFC 6275).
    Mobility,
    /// Host identity protocol (139, RFC 7401).
    HostIdentity,
    /// Shim6 (140, RFC 5533).
    Shim6,
    /// Any of these, of any length, filled with zeros.
    Opaque {
        /// Its next-header number; not that of the fragment header (44).
        number: u8,
        /// Its length in bytes: a multiple of 8 from 8 to 2048, for authentication a
        /// multiple of 4 from 8 to 1028.
        length: u16,
    },
}

/// Position of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Offset in bytes, a multiple of 8 up to 65,528.
    pub offset: u16,
    /// Whether more fragments follow.
    pub more: bool,
    /// What fragments of one packet have in common; of IPv4 the low 16 bits.
    /// `None` is the probe's id, so that fragments of different probes never meet.
    pub identification: Option<u32>,
}

/// Header fields to be written as they are, instead of the right value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// IP version, 0 to 15.
    pub version: Option<u8>,
    /// IPv4 header length in 4-byte units, 0 to 4 (a larger one would move the
    /// ports).
    pub ihl: Option<u8>,
    /// IPv4 total length, or IPv6 payload length.
    pub total: Option<u16>,
}

/// What an IP packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP; 20 bytes.
    Tcp {
        /// Source port.
        source: u16,
        /// Destination port.
        destination: u16,
        /// Flags.
        flags: TcpFlags,
    },
    /// UDP; 8 bytes.
    Udp {
        /// Source port.
        source: u16,
        /// Destination port.
        destination: u16,
    },
    /// SCTP with an INIT chunk; 12 + 20 bytes.
    Sctp {
        /// Source port.
        source: u16,
        /// Destination port.
        destination: u16,
    },
    /// ICMP or ICMPv6, by the family of the packet.
    Icmp(IcmpKind),
    /// Any other protocol, without a header of its own.
    Other {
        /// IP protocol number.
        protocol: u8,
    },
}

/// TCP flags in the order of the header's low byte: CWR, ECE, URG, ACK, PSH,
/// RST, SYN, FIN (RFC 9293 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// A new connection.
    pub const SYN: TcpFlags = TcpFlags(0x02);
}

/// Which ICMP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpKind {
    /// Echo request (RFC 792, RFC 4443): type 8, of ICMPv6 128.
    EchoRequest {
        /// What its reply has in common with it.
        identifier: u16,
    },
    /// Echo reply (RFC 792, RFC 4443): type 0, of ICMPv6 129.
    EchoReply {
        /// That of the request.
        identifier: u16,
    },
    /// What became of another packet.
    Error {
        /// The type: of ICMP 3, 11 or 12, of ICMPv6 1 to 4.
        kind: u8,
        /// The code.
        code: u8,
        /// The packet.
        about: Quoted,
    },
    /// Neighbour solicitation for the destination (RFC 4861); IPv6 only. It is
    /// sent to the destination's solicited-node multicast address.
    NeighbourSolicitation,
    /// A message of any other type, 4 bytes of zero behind its checksum. An error
    /// in this form quotes no packet.
    Other {
        /// The type; not that of an echo.
        kind: u8,
        /// The code.
        code: u8,
    },
}

/// The packet that an ICMP error is about, as the error quotes it: its IP header,
/// and 8 bytes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Its source address, of the error's own family.
    pub source: IpAddr,
    /// Its destination address, of the same family.
    pub destination: IpAddr,
    /// Words of 4 bytes of IPv4 options, 0 to 10, all no operation; none in IPv6.
    pub option_words: u8,
    /// Whether it was a fragment with an offset other than 0. In IPv6 it is behind a
    /// fragment header, and quoted with it.
    pub later_fragment: bool,
    /// What it carried.
    pub transport: QuotedTransport,
}

/// What a quoted packet carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotedTransport {
    /// A port pair.
    Ports {
        /// The protocol.
        protocol: Protocol,
        /// Source port.
        source: u16,
        /// Destination port.
        destination: u16,
    },
    /// An echo request.
    EchoRequest {
        /// Its identifier.
        identifier: u16,
    },
    /// An echo reply.
    EchoReply {
        /// Its identifier.
        identifier: u16,
    },
    /// A protocol without ports, and 8 bytes of zero.
    Other {
        /// IP protocol number, without a header that is described as such.
        protocol: u8,
    },
}
