//! Writes `frame`: how a frame differs from a plain one.

use std::net::IpAddr;

use super::probe::quoted;
use super::yaml::{Map, Yaml};
use crate::frame::{
    Body, ExtensionHeader, Fragment, FrameSpec, IcmpKind, IpOption, IpPacket, Lengths, MIN_PAYLOAD,
    Quoted, QuotedTransport, TcpFlags, Transport, VlanTag,
};

/// What is to be said of the source, beyond who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Nothing.
    Named,
    /// Which of the sender's addresses.
    OfFamily(IpAddr),
    /// An address that is not the sender's.
    Under(IpAddr),
}

/// What makes the frame another than a plain one.
///
/// # Errors
/// Why it cannot be said.
pub(super) fn write(spec: &FrameSpec, sent: Sent) -> Result<Map, String> {
    let FrameSpec {
        tags,
        body,
        truncate,
    } = spec;
    let mut map = Map::default();
    if !tags.is_empty() {
        map = map.with("vlan", Yaml::list(tags.iter().map(tag)).on_one_line());
    }
    map = match sent {
        Sent::Named => map,
        Sent::OfFamily(IpAddr::V4(_)) => map.with("family", Yaml::Number(4)),
        Sent::OfFamily(IpAddr::V6(_)) => map.with("family", Yaml::Number(6)),
        Sent::Under(address) => map.with("source", Yaml::text(address)),
    };
    if let Body::Ip(packet) = body {
        map = of_packet(map, packet)?;
    }
    let truncate = truncate.map(number).transpose()?;
    Ok(map.with_some("truncate", truncate))
}

fn of_packet(mut map: Map, packet: &IpPacket) -> Result<Map, String> {
    let IpPacket {
        source: _,
        destination: _,
        options,
        extension_headers,
        fragment,
        hop_limit,
        lengths,
        transport,
        payload,
        shortened_to,
    } = packet;
    if shortened_to.is_some() {
        return Err("the packet is shorter than any with a probe's id".to_owned());
    }
    map = of_transport(map, *transport);
    if !options.is_empty() {
        map = map.with("ip_options", Yaml::list(options.iter().map(option)));
    }
    if !extension_headers.is_empty() {
        let names: Result<Vec<&str>, String> = extension_headers
            .iter()
            .copied()
            .map(extension_header)
            .collect();
        map = map.with("extension_headers", Yaml::texts(names?));
    }
    let Lengths {
        version,
        ihl,
        total,
    } = *lengths;
    let lengths = Map::default()
        .with_some("version", version.map(Yaml::number))
        .with_some("ihl", ihl.map(Yaml::number))
        .with_some("total", total.map(Yaml::number));
    // A first fragment is given more, unless it says how much.
    let says_payload = *payload != MIN_PAYLOAD || fragment.is_some();
    let payload = says_payload.then(|| number(*payload)).transpose()?;
    Ok(map
        .with_some("fragment", fragment.map(of_fragment))
        .with_some("hop_limit", hop_limit.map(Yaml::number))
        .with_some("lengths", lengths.some())
        .with_some("payload", payload))
}

fn of_transport(map: Map, transport: Transport) -> Map {
    let port = |map: Map, source: u16| map.with("source_port", Yaml::number(source));
    match transport {
        Transport::Tcp {
            source,
            destination: _,
            flags,
        } => {
            let flags = (flags != TcpFlags::SYN).then(|| tcp_flags(flags));
            port(map, source).with_some("tcp_flags", flags)
        }
        Transport::Udp { source, .. } | Transport::Sctp { source, .. } => port(map, source),
        Transport::Icmp(kind) => match kind {
            IcmpKind::EchoRequest { identifier } | IcmpKind::EchoReply { identifier } => {
                map.with("identifier", Yaml::number(identifier))
            }
            IcmpKind::Error {
                kind: _,
                code,
                about,
            } => icmp_code(map, code).with("about", of_quoted(about)),
            IcmpKind::Other { kind: _, code } => icmp_code(map, code),
            IcmpKind::NeighbourSolicitation => map,
        },
        Transport::Other { protocol: _ } => map,
    }
}

fn icmp_code(map: Map, code: u8) -> Map {
    map.with_some("icmp_code", (code != 0).then(|| Yaml::number(code)))
}

fn of_quoted(about: Quoted) -> Map {
    let Quoted {
        source,
        destination,
        option_words,
        later_fragment,
        transport,
    } = about;
    let number = match transport {
        QuotedTransport::Ports { source, .. } => Some(source),
        QuotedTransport::EchoRequest { identifier } | QuotedTransport::EchoReply { identifier } => {
            Some(identifier)
        }
        QuotedTransport::Other { .. } => None,
    };
    Map::default()
        .with("from", Yaml::text(source))
        .with("to", quoted(destination, transport))
        .with_some("source_port", number.map(Yaml::number))
        .with_some(
            "option_words",
            (option_words != 0).then(|| Yaml::number(option_words)),
        )
        .with_some("later_fragment", later_fragment.then_some(true))
}

fn tag(tag: &VlanTag) -> Yaml {
    let VlanTag { tpid, id, priority } = *tag;
    if tpid == 0x8100 && priority == 0 {
        return Yaml::number(id);
    }
    Map::default()
        .with("id", Yaml::number(id))
        .with("priority", Yaml::number(priority))
        .with("tpid", Yaml::number(tpid))
        .into()
}

fn option(option: &IpOption) -> Yaml {
    match option {
        IpOption::Nop => "nop".into(),
        IpOption::RouterAlert => "router-alert".into(),
        IpOption::LooseSourceRoute => "loose-source-route".into(),
        IpOption::RecordRoute(room) => (Map::default())
            .with("record-route", Yaml::number(*room))
            .into(),
        IpOption::Timestamp(room) => (Map::default())
            .with("timestamp", Yaml::number(*room))
            .into(),
        IpOption::Raw(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Map::default().with("raw", digits).into()
        }
    }
}

fn extension_header(header: ExtensionHeader) -> Result<&'static str, String> {
    Ok(match header {
        ExtensionHeader::HopByHop => "hop-by-hop",
        ExtensionHeader::Destination => "destination",
        ExtensionHeader::Routing => "routing",
        ExtensionHeader::Authentication => "authentication",
        ExtensionHeader::Mobility => "mobility",
        ExtensionHeader::HostIdentity => "host-identity",
        ExtensionHeader::Shim6 => "shim6",
        ExtensionHeader::Opaque { number, length } => {
            return Err(format!(
                "extension header {number} of {length} bytes has no name in scenarios"
            ));
        }
    })
}

fn of_fragment(fragment: Fragment) -> Map {
    let Fragment {
        offset,
        more,
        identification,
    } = fragment;
    Map::default()
        .with("offset", Yaml::number(offset))
        .with("more", more)
        .with_some("identification", identification.map(Yaml::number))
}

/// Bits of the flags byte (RFC 9293 §3.1).
const FLAGS: [(&str, u8); 8] = [
    ("fin", 0x01),
    ("syn", 0x02),
    ("rst", 0x04),
    ("psh", 0x08),
    ("ack", 0x10),
    ("urg", 0x20),
    ("ece", 0x40),
    ("cwr", 0x80),
];

fn tcp_flags(flags: TcpFlags) -> Yaml {
    if flags.0 == 0 {
        return "none".into();
    }
    let set = FLAGS.iter().filter(|(_, bit)| flags.0 & bit != 0);
    Yaml::texts(set.map(|(name, _)| *name))
}

fn number(number: usize) -> Result<Yaml, String> {
    i64::try_from(number)
        .map(Yaml::Number)
        .map_err(|_| format!("{number} is beyond every frame"))
}
