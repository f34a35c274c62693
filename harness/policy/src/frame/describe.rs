//! A frame as a person reads it.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use super::probe::{MIN_PAYLOAD, payload_length};
use super::{
    Body, ExtensionHeader, FrameSpec, IcmpKind, IpPacket, Quoted, QuotedTransport, TcpFlags,
    Transport, VlanTag, option,
};

/// One line that says what the frame is, such as `IPv4 198.51.100.7:40000 >
/// 192.0.2.10:30007/tcp SYN, VLAN 21, options 8 bytes`.
pub fn describe(spec: &FrameSpec) -> String {
    let mut line = match &spec.body {
        Body::Ip(packet) => headline(packet),
        Body::Arp { sender, target } => format!("ARP {sender} asks for {target}"),
        Body::Other { ethertype } => format!("ethertype {ethertype:#06x}"),
    };
    for tag in &spec.tags {
        line += &tag_text(*tag);
    }
    if let Body::Ip(packet) = &spec.body {
        line += &details(packet);
    }
    if let Some(bytes) = spec.truncate {
        line += &format!(", cut to {bytes} bytes");
    }
    line
}

fn headline(packet: &IpPacket) -> String {
    let family = match packet.source {
        IpAddr::V4(_) => "IPv4",
        IpAddr::V6(_) => "IPv6",
    };
    let between_ports = |source: u16, destination: u16, protocol: &str| {
        let source = SocketAddr::new(packet.source, source);
        let destination = SocketAddr::new(packet.destination, destination);
        format!("{family} {source} > {destination}/{protocol}")
    };
    let between =
        |what: &str| format!("{family} {} > {} {what}", packet.source, packet.destination);
    match packet.transport {
        Transport::Tcp {
            source,
            destination,
            flags,
        } => between_ports(source, destination, "tcp") + " " + &flags_text(flags),
        Transport::Udp {
            source,
            destination,
        } => between_ports(source, destination, "udp"),
        Transport::Sctp {
            source,
            destination,
        } => between_ports(source, destination, "sctp"),
        Transport::Icmp(kind) => between(&icmp_text(kind)),
        Transport::Other { protocol } => between(&format!("protocol {protocol}")),
    }
}

fn icmp_text(kind: IcmpKind) -> String {
    match kind {
        IcmpKind::EchoRequest { identifier } => format!("echo request {identifier}"),
        IcmpKind::EchoReply { identifier } => format!("echo reply {identifier}"),
        IcmpKind::Error { kind, code, about } => {
            format!("ICMP type {kind} code {code} about {}", quoted_text(about))
        }
        IcmpKind::NeighbourSolicitation => "neighbour solicitation".to_owned(),
        IcmpKind::Other { kind, code } => format!("ICMP type {kind} code {code}"),
    }
}

fn quoted_text(about: Quoted) -> String {
    let between = |what: &str| format!("{} > {} {what}", about.source, about.destination);
    let mut text = match about.transport {
        QuotedTransport::Ports {
            protocol,
            source,
            destination,
        } => {
            let source = SocketAddr::new(about.source, source);
            let destination = SocketAddr::new(about.destination, destination);
            format!("{source} > {destination}/{protocol}")
        }
        QuotedTransport::EchoRequest { identifier } => {
            between(&format!("echo request {identifier}"))
        }
        QuotedTransport::EchoReply { identifier } => between(&format!("echo reply {identifier}")),
        QuotedTransport::Other { protocol } => between(&format!("protocol {protocol}")),
    };
    if about.option_words > 0 {
        text += &format!(" with options of {} bytes", 4 * about.option_words);
    }
    if about.later_fragment {
        text += ", a later fragment";
    }
    text
}

fn flags_text(flags: TcpFlags) -> String {
    const NAMES: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    let set = (NAMES.iter().enumerate()).filter(|(bit, _)| flags.0 & (1 << bit) != 0);
    let names: Vec<&str> = set.map(|(_, name)| *name).collect();
    if names.is_empty() {
        return "no flags".to_owned();
    }
    names.join("+")
}

fn tag_text(tag: VlanTag) -> String {
    let VlanTag { tpid, id, priority } = tag;
    let service = if tpid == 0x88a8 { "service " } else { "" };
    match (id, priority) {
        (0, _) => format!(", {service}priority tag {priority}"),
        (_, 0) => format!(", {service}VLAN {id}"),
        (_, _) => format!(", {service}VLAN {id} priority {priority}"),
    }
}

fn extension_name(number: u8) -> &'static str {
    match number {
        0 => "hop-by-hop",
        43 => "routing",
        51 => "authentication",
        60 => "destination",
        135 => "mobility",
        139 => "host identity",
        140 => "shim6",
        _ => "unknown",
    }
}

fn details(packet: &IpPacket) -> String {
    let mut text = String::new();
    let mut add = |part: std::fmt::Arguments<'_>| {
        write!(text, ", {part}").expect("a string takes any text");
    };
    if !packet.options.is_empty() {
        add(format_args!(
            "options {} bytes",
            option::padded_length(&packet.options)
        ));
    }
    if !packet.extension_headers.is_empty() {
        let names = packet.extension_headers.iter().map(|header| {
            let name = extension_name(header.number());
            match header {
                ExtensionHeader::Opaque { number: _, length } => format!("{name} {length} bytes"),
                _ => name.to_owned(),
            }
        });
        let names: Vec<String> = names.collect();
        add(format_args!("extension headers {}", names.join(" + ")));
    }
    if let Some(fragment) = packet.fragment {
        let end = if fragment.more { "more" } else { "last" };
        add(format_args!("fragment offset {} {end}", fragment.offset));
        if let Some(identification) = fragment.identification {
            add(format_args!("of packet {identification:#x}"));
        }
    }
    if let Some(hops) = packet.hop_limit {
        add(format_args!("{hops} hops left"));
    }
    if let Some(version) = packet.lengths.version {
        add(format_args!("version field {version}"));
    }
    if let Some(ihl) = packet.lengths.ihl {
        add(format_args!("header length field {ihl}"));
    }
    if let Some(total) = packet.lengths.total {
        let name = match packet.source {
            IpAddr::V4(_) => "total",
            IpAddr::V6(_) => "payload",
        };
        add(format_args!("{name} length field {total}"));
    }
    if let Some(bytes) = packet.shortened_to {
        add(format_args!("{bytes} bytes behind the IP header"));
    } else if packet.payload > MIN_PAYLOAD {
        add(format_args!(
            "payload {} bytes",
            payload_length(packet.payload)
        ));
    }
    text
}
