//! Which frames both networks can be asked about.

use std::fmt;

use netverdict_policy::frame::{
    Body, ExtensionHeader, FrameSpec, IcmpKind, IpPacket, TcpFlags, Transport,
};
use netverdict_policy::journey::Target;
use netverdict_policy::scenario::{Case, Probe, Undeliverable};

/// Why a frame is not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotCompared {
    /// No host delivers it, with a filter or without.
    Undeliverable(Undeliverable),
    /// It carries VLAN tags, which no rule of the reference sees.
    Tagged,
    /// It is a fragment: connection tracking puts fragments together before any rule.
    Fragment,
    /// A header stands in front of its ports that nftables does not look behind.
    HiddenPorts,
    /// It is part of a sequence of SCTP: every packet is an INIT, which connection
    /// tracking takes for the first of an association, never for an answer.
    InitAlone,
    /// It arrives nowhere in the reference, not even where everything is accepted:
    /// connection tracking takes it for part of no connection and translates nothing.
    Untracked,
    /// Of what the filter does with it, the wire shows too little: see `netverdict run`,
    /// which says why.
    Unseen,
    /// It is part of a sequence that comes by a node port, where kube-proxy hides the
    /// client's address: the answers of the sequence are no answers there.
    Masqueraded,
}

impl NotCompared {
    /// Stable name in kebab case.
    pub const fn slug(self) -> &'static str {
        match self {
            NotCompared::Undeliverable(_) => "undeliverable",
            NotCompared::Tagged => "vlan-tagged",
            NotCompared::Fragment => "fragment",
            NotCompared::HiddenPorts => "hidden-ports",
            NotCompared::InitAlone => "sctp-sequence",
            NotCompared::Untracked => "untracked",
            NotCompared::Unseen => "unseen",
            NotCompared::Masqueraded => "masqueraded-sequence",
        }
    }
}

/// A clause that follows "not compared:".
impl fmt::Display for NotCompared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotCompared::Undeliverable(why) => write!(f, "no host delivers it: {why}"),
            NotCompared::Tagged => {
                f.write_str("it carries VLAN tags, which rules behind the links do not see")
            }
            NotCompared::Fragment => f.write_str(
                "it is a fragment, and connection tracking puts fragments together first",
            ),
            NotCompared::HiddenPorts => f.write_str(
                "an extension header stands in front of its ports that nftables does not look \
                 behind",
            ),
            NotCompared::InitAlone => f.write_str(
                "it is part of a sequence of SCTP, every packet of which connection tracking takes \
                 for the first of an association",
            ),
            NotCompared::Untracked => f.write_str(
                "connection tracking takes it for part of no connection, so that kube-proxy's \
                 rules do not deliver it",
            ),
            NotCompared::Unseen => f.write_str(
                "on the wire nobody sees what the filter makes of it (`netverdict run` says why)",
            ),
            NotCompared::Masqueraded => f.write_str(
                "it is part of a sequence by a node port, where kube-proxy puts the node's \
                 address in the client's place",
            ),
        }
    }
}

/// Why the frame is not sent at all; `None` if it is.
pub(super) fn refused(case: &Case) -> Option<NotCompared> {
    if let Target::Undeliverable(why) = case.journey.target {
        // A tag says more than that nobody has its id.
        return Some(match why {
            Undeliverable::UnknownVlan => NotCompared::Tagged,
            Undeliverable::LoneFragment => NotCompared::Fragment,
            why => NotCompared::Undeliverable(why),
        });
    }
    let frame = case.journey.frame();
    match &frame.body {
        _ if !frame.tags.is_empty() => Some(NotCompared::Tagged),
        Body::Ip(packet) if packet.fragment.is_some() => Some(NotCompared::Fragment),
        Body::Ip(packet) if packet.extension_headers.iter().any(hides_ports) => {
            Some(NotCompared::HiddenPorts)
        }
        Body::Ip(_) => None,
        Body::Arp { .. } | Body::Other { .. } => {
            Some(NotCompared::Undeliverable(Undeliverable::NotIp))
        }
    }
}

/// Whether `ipv6_find_hdr` of Linux stops there, so that rules see no ports.
fn hides_ports(header: &ExtensionHeader) -> bool {
    match header {
        ExtensionHeader::HopByHop | ExtensionHeader::Destination | ExtensionHeader::Routing => {
            false
        }
        ExtensionHeader::Authentication
        | ExtensionHeader::Mobility
        | ExtensionHeader::HostIdentity
        | ExtensionHeader::Shim6
        | ExtensionHeader::Opaque { .. } => true,
    }
}

/// Why a frame of a sequence is not compared; `by_node_port` if any of the sequence
/// comes by a node port.
pub(super) fn refused_in_sequence(case: &Case, by_node_port: bool) -> Option<NotCompared> {
    match &case.journey.frame().body {
        _ if by_node_port => Some(NotCompared::Masqueraded),
        Body::Ip(packet) if matches!(packet.transport, Transport::Sctp { .. }) => {
            Some(NotCompared::InitAlone)
        }
        Body::Ip(_) | Body::Arp { .. } | Body::Other { .. } => None,
    }
}

/// Whether a probe of a sequence comes by a node port.
pub(super) fn comes_by_node_port(probe: &Probe) -> bool {
    (probe.cases.iter()).any(|case| {
        matches!(
            case.journey.target,
            Target::Workload {
                node_port: Some(_),
                ..
            }
        )
    })
}

/// Whether connection tracking takes every such packet for the first of a connection,
/// or at least does not mind: then one that does not arrive where everything is
/// accepted is a fault of ours.
pub(super) fn begins_a_connection(frame: &FrameSpec) -> bool {
    let Body::Ip(packet) = &frame.body else {
        return false;
    };
    let IpPacket {
        options,
        extension_headers,
        transport,
        shortened_to,
        ..
    } = packet;
    let plain = options.is_empty() && extension_headers.is_empty() && shortened_to.is_none();
    plain
        && match transport {
            Transport::Tcp { flags, .. } => *flags == TcpFlags::SYN,
            Transport::Udp { .. } | Transport::Icmp(IcmpKind::EchoRequest { .. }) => true,
            Transport::Sctp { .. } | Transport::Icmp(_) | Transport::Other { .. } => false,
        }
}
