//! Reads `frame`: how a frame differs from a plain one.

mod keys;

use super::super::problems::Problems;
use super::super::read::Fields;
use super::super::suggest::did_you_mean;
use super::super::tree::{Node, Value};
use super::Context;
use super::assemble::FIRST_SOURCE_PORT;
use super::destination::{self, Destination, What};
use super::who::{Who, WhoError};
use crate::diagnostic::Location;
use crate::frame::{ExtensionHeader, Fragment, IpOption, Lengths, TcpFlags, VlanTag};
use crate::prefix::Family;

pub(super) use keys::FRAME;
use keys::{ABOUT, FRAGMENT, LENGTHS, SIZED_OPTION, TAG};

/// A later fragment stands where the second of a full Ethernet would.
const LATER: Fragment = Fragment {
    offset: 1480,
    more: false,
    identification: None,
};

const FIRST: Fragment = Fragment {
    offset: 0,
    more: true,
    identification: None,
};

/// An option and its place.
pub(super) type Placed<T> = Option<(T, Location)>;

/// What `frame` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) tags: Vec<VlanTag>,
    pub(super) ip_options: Placed<Vec<IpOption>>,
    pub(super) extension_headers: Placed<Vec<ExtensionHeader>>,
    pub(super) fragment: Placed<Fragment>,
    pub(super) tcp_flags: Placed<TcpFlags>,
    pub(super) payload: Placed<usize>,
    pub(super) lengths: Placed<Lengths>,
    pub(super) truncate: Placed<usize>,
    pub(super) source_port: Placed<u16>,
    pub(super) source: Placed<Who>,
    pub(super) family: Placed<Family>,
    pub(super) hop_limit: Placed<u8>,
    pub(super) identifier: Placed<u16>,
    pub(super) icmp_code: Placed<u8>,
    pub(super) about: Placed<About>,
    /// The whole of it.
    pub(super) location: Option<Location>,
}

/// The packet that an ICMP error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct About {
    pub(super) from: Who,
    pub(super) to: Who,
    pub(super) what: What,
    pub(super) source_port: u16,
    pub(super) option_words: u8,
    pub(super) later_fragment: bool,
}

/// Reads `frame`.
pub(super) fn read(node: &Node, context: &Context<'_>, problems: &mut Problems) -> Option<Options> {
    let before = problems.count();
    let fields = Fields::of(node, &FRAME, problems)?;
    let tags = match fields.get("vlan") {
        Some(node) => each(node, problems, tag),
        None => Vec::new(),
    };
    let options = Options {
        tags,
        ip_options: placed(&fields, "ip_options", |node| {
            Some(each(node, problems, ip_option))
        }),
        extension_headers: placed(&fields, "extension_headers", |node| {
            Some(each(node, problems, extension_header))
        }),
        fragment: placed(&fields, "fragment", |node| fragment(node, problems)),
        tcp_flags: placed(&fields, "tcp_flags", |node| tcp_flags(node, problems)),
        payload: placed(&fields, "payload", |node| problems.number(node, 8..=65535)),
        lengths: placed(&fields, "lengths", |node| lengths(node, problems)),
        truncate: placed(&fields, "truncate", |node| {
            problems.number(node, 14..=65535)
        }),
        source_port: placed(&fields, "source_port", |node| {
            problems.number(node, 0..=65535)
        }),
        source: placed(&fields, "source", |node| who(node, context, problems)),
        family: placed(&fields, "family", |node| family(node, problems)),
        hop_limit: placed(&fields, "hop_limit", |node| problems.number(node, 0..=255)),
        identifier: placed(&fields, "identifier", |node| {
            problems.number(node, 0..=65535)
        }),
        icmp_code: placed(&fields, "icmp_code", |node| problems.number(node, 0..=255)),
        about: placed(&fields, "about", |node| about(node, context, problems)),
        location: Some(node.location.clone()),
    };
    (problems.count() == before).then_some(options)
}

/// A workload, a host or an address.
fn who(node: &Node, context: &Context<'_>, problems: &mut Problems) -> Option<Who> {
    let text = problems.text(node)?;
    if let Ok(address) = text.parse() {
        return Some(Who::Address(address));
    }
    match Who::read(text, context) {
        Ok(who) => return Some(who),
        Err(WhoError::Unknown) if !context.services_known => {}
        Err(WhoError::Unknown) => {
            let hosts = context.topology.hosts.iter().map(|host| host.name.as_str());
            let workloads = context.topology.workloads.iter();
            let known = hosts.chain(workloads.map(|workload| workload.name.as_str()));
            problems.error(
                "unknown-host",
                &node.location,
                format!("no host or workload is named '{text}'"),
                did_you_mean(text, known),
            );
        }
        Err(WhoError::Ambiguous(names)) => problems.error(
            "ambiguous-workload",
            &node.location,
            format!("several workloads are named '{text}'"),
            format!("write one of {}", names.join(", ")),
        ),
    }
    None
}

fn family(node: &Node, problems: &mut Problems) -> Option<Family> {
    match node.value {
        Value::Integer(4) => Some(Family::V4),
        Value::Integer(6) => Some(Family::V6),
        _ => {
            problems.error(
                "unknown-value",
                &node.location,
                format!("{} is no family of addresses", node.location.text()),
                "write 4 or 6",
            );
            None
        }
    }
}

fn about(node: &Node, context: &Context<'_>, problems: &mut Problems) -> Option<About> {
    let fields = Fields::of(node, &ABOUT, problems)?;
    let from = fields
        .get("from")
        .and_then(|node| who(node, context, problems));
    let to = (fields.get("to"))
        .and_then(|node| Some((destination::read(node, context, problems)?, node)));
    let source_port = match fields.get("source_port") {
        Some(node) => problems.number(node, 0..=65535),
        None => Some(FIRST_SOURCE_PORT),
    };
    let option_words = match fields.get("option_words") {
        Some(node) => problems.number(node, 0..=10),
        None => Some(0),
    };
    let later_fragment = match fields.get("later_fragment") {
        Some(node) => problems.boolean(node),
        None => Some(false),
    };
    let (to, what) = match to? {
        (Destination::Ip(_, What::IcmpType(_)), node) => {
            problems.error(
                "destination-malformed",
                &node.location,
                "an error is about an echo or a packet with ports",
                "write WHO:PORT/PROTOCOL, WHO/icmp, WHO/icmp-echo-reply or WHO/protocol-NUMBER",
            );
            return None;
        }
        (Destination::Ip(who, what), _) => (who, what),
        (
            Destination::Arp | Destination::NeighbourSolicitation(_) | Destination::Ethertype(_),
            node,
        ) => {
            problems.error(
                "destination-malformed",
                &node.location,
                "an error is about an IP packet",
                "write WHO:PORT/PROTOCOL, WHO/icmp, WHO/icmp-echo-reply or WHO/protocol-NUMBER",
            );
            return None;
        }
    };
    Some(About {
        from: from?,
        to,
        what,
        source_port: source_port?,
        option_words: option_words?,
        later_fragment: later_fragment?,
    })
}

fn placed<T>(fields: &Fields<'_>, name: &str, read: impl FnOnce(&Node) -> Option<T>) -> Placed<T> {
    let node = fields.get(name)?;
    Some((read(node)?, node.location.clone()))
}

/// The entries of a list that has some.
fn each<T>(
    node: &Node,
    problems: &mut Problems,
    read: impl Fn(&Node, &mut Problems) -> Option<T>,
) -> Vec<T> {
    let items = problems.list(node).unwrap_or(&[]);
    if items.is_empty() && matches!(node.value, Value::List(_)) {
        problems.error(
            "empty-list",
            &node.location,
            "an empty list changes nothing about the frame",
            "list something, or leave the key out",
        );
    }
    (items.iter())
        .filter_map(|item| read(item, problems))
        .collect()
}

fn tag(node: &Node, problems: &mut Problems) -> Option<VlanTag> {
    let Value::Map(_) = node.value else {
        return Some(VlanTag {
            tpid: 0x8100,
            id: problems.number(node, 0..=4095)?,
            priority: 0,
        });
    };
    let fields = Fields::of(node, &TAG, problems)?;
    let id = fields
        .get("id")
        .and_then(|node| problems.number(node, 0..=4095));
    let priority = match fields.get("priority") {
        Some(node) => problems.number(node, 0..=7),
        None => Some(0),
    };
    let tpid = match fields.get("tpid") {
        Some(node) => tpid(node, problems),
        None => Some(0x8100),
    };
    Some(VlanTag {
        tpid: tpid?,
        id: id?,
        priority: priority?,
    })
}

fn tpid(node: &Node, problems: &mut Problems) -> Option<u16> {
    match node.value {
        Value::Integer(0x8100) => Some(0x8100),
        Value::Integer(0x88a8) => Some(0x88a8),
        _ => {
            problems.error(
                "unknown-value",
                &node.location,
                format!("{} is no tag protocol identifier", node.location.text()),
                "write 0x8100 or 0x88a8 (IEEE Std 802.1Q)",
            );
            None
        }
    }
}

fn ip_option(node: &Node, problems: &mut Problems) -> Option<IpOption> {
    let Value::Map(entries) = &node.value else {
        let text = problems.text(node)?;
        return match text {
            "nop" => Some(IpOption::Nop),
            "router-alert" => Some(IpOption::RouterAlert),
            "loose-source-route" => Some(IpOption::LooseSourceRoute),
            _ => {
                problems.error(
                    "unknown-value",
                    &node.location,
                    format!("'{text}' is not an IPv4 option that this version makes"),
                    "write nop, router-alert, loose-source-route, {record-route: 1 to 9}, \
                     {timestamp: 1 to 9} or {raw: \"hexadecimal bytes\"}",
                );
                None
            }
        };
    };
    let fields = Fields::of(node, &SIZED_OPTION, problems)?;
    if entries.len() != 1 {
        problems.error(
            "wrong-type",
            &node.location,
            "an entry of ip_options is one option",
            "write each option as an entry of its own",
        );
        return None;
    }
    if let Some(node) = fields.get("record-route") {
        return problems.number(node, 1..=9).map(IpOption::RecordRoute);
    }
    if let Some(node) = fields.get("timestamp") {
        return problems.number(node, 1..=9).map(IpOption::Timestamp);
    }
    let node = fields.get("raw")?;
    let text = problems.text(node)?;
    let bytes = hexadecimal(text).filter(|bytes| (1..=40).contains(&bytes.len()));
    if bytes.is_none() {
        problems.error(
            "hex-malformed",
            &node.location,
            format!("'{text}' is not 1 to 40 bytes in hexadecimal"),
            "write two digits for each byte, in quotes, without spaces",
        );
    }
    bytes.map(IpOption::Raw)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).ok();
    digits.chunks(2).map(byte).collect()
}

fn extension_header(node: &Node, problems: &mut Problems) -> Option<ExtensionHeader> {
    problems.choice(
        node,
        &[
            ("hop-by-hop", ExtensionHeader::HopByHop),
            ("destination", ExtensionHeader::Destination),
            ("routing", ExtensionHeader::Routing),
            ("authentication", ExtensionHeader::Authentication),
            ("mobility", ExtensionHeader::Mobility),
            ("host-identity", ExtensionHeader::HostIdentity),
            ("shim6", ExtensionHeader::Shim6),
        ],
    )
}

fn fragment(node: &Node, problems: &mut Problems) -> Option<Fragment> {
    let Value::Map(_) = node.value else {
        return problems.choice(node, &[("first", FIRST), ("later", LATER)]);
    };
    let fields = Fields::of(node, &FRAGMENT, problems)?;
    let offset = (fields.get("offset")).and_then(|node| problems.number(node, 0..=65528));
    let more = (fields.get("more")).and_then(|node| problems.boolean(node));
    let identification =
        (fields.get("identification")).and_then(|node| problems.number(node, 0..=4_294_967_295));
    Some(Fragment {
        offset: offset?,
        more: more?,
        identification,
    })
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

fn tcp_flags(node: &Node, problems: &mut Problems) -> Option<TcpFlags> {
    match &node.value {
        Value::Text(text) if text == "none" => return Some(TcpFlags(0)),
        Value::Text(text) => {
            problems.error(
                "unknown-value",
                &node.location,
                format!("'{text}' is no list of TCP flags"),
                "list some of fin, syn, rst, psh, ack, urg, ece, cwr in brackets, or write none",
            );
            return None;
        }
        _ => {}
    }
    let flags = each(node, problems, |item, problems| {
        problems.choice(item, &FLAGS)
    });
    Some(TcpFlags(flags.iter().fold(0, |all, flag| all | flag)))
}

fn lengths(node: &Node, problems: &mut Problems) -> Option<Lengths> {
    let fields = Fields::of(node, &LENGTHS, problems)?;
    Some(Lengths {
        version: (fields.get("version")).and_then(|node| problems.number(node, 0..=15)),
        ihl: (fields.get("ihl")).and_then(|node| problems.number(node, 0..=4)),
        total: (fields.get("total")).and_then(|node| problems.number(node, 0..=65535)),
    })
}
