//! Reads `icmps`.

use super::super::draft::given;
use crate::frontend::manifest::fields::{Keys, Known};
use crate::frontend::problems::Problems;
use crate::frontend::suggest::did_you_mean;
use crate::frontend::tree::{Node, Value};
use crate::model::{L4Match, L4Port, L4Protocol};

/// Most fields that one entry may have (Cilium, `maxICMPFields`).
const MOST_FIELDS: usize = 40;

const ENTRY: Keys = Keys {
    what: "an entry of icmps",
    read: &["fields"],
    ignored: &[],
};

const FIELD: Keys = Keys {
    what: "a field of icmps",
    read: &["family", "type"],
    ignored: &[],
};

const FAMILIES: [(&str, L4Protocol); 2] =
    [("IPv4", L4Protocol::Icmp), ("IPv6", L4Protocol::Icmpv6)];

/// Names of ICMP types (IANA, `icmp-parameters`), as Cilium writes them.
const TYPES_V4: &[(&str, u16)] = &[
    ("EchoReply", 0),
    ("DestinationUnreachable", 3),
    ("Redirect", 5),
    ("Echo", 8),
    ("EchoRequest", 8),
    ("RouterAdvertisement", 9),
    ("RouterSelection", 10),
    ("TimeExceeded", 11),
    ("ParameterProblem", 12),
    ("Timestamp", 13),
    ("TimestampReply", 14),
    ("Photuris", 40),
    ("ExtendedEchoRequest", 42),
    ("ExtendedEchoReply", 43),
];

/// Names of ICMPv6 types (IANA, `icmpv6-parameters`), as Cilium writes them.
const TYPES_V6: &[(&str, u16)] = &[
    ("DestinationUnreachable", 1),
    ("PacketTooBig", 2),
    ("TimeExceeded", 3),
    ("ParameterProblem", 4),
    ("EchoRequest", 128),
    ("EchoReply", 129),
    ("MulticastListenerQuery", 130),
    ("MulticastListenerReport", 131),
    ("MulticastListenerDone", 132),
    ("RouterSolicitation", 133),
    ("RouterAdvertisement", 134),
    ("NeighborSolicitation", 135),
    ("NeighborAdvertisement", 136),
    ("RedirectMessage", 137),
    ("RouterRenumbering", 138),
    ("ICMPNodeInformationQuery", 139),
    ("ICMPNodeInformationResponse", 140),
    ("InverseNeighborDiscoverySolicitation", 141),
    ("InverseNeighborDiscoveryAdvertisement", 142),
    ("HomeAgentAddressDiscoveryRequest", 144),
    ("HomeAgentAddressDiscoveryReply", 145),
    ("MobilePrefixSolicitation", 146),
    ("MobilePrefixAdvertisement", 147),
    ("DuplicateAddressRequestCodeSuffix", 157),
    ("DuplicateAddressConfirmationCodeSuffix", 158),
    ("ExtendedEchoRequest", 160),
    ("ExtendedEchoReply", 161),
];

/// The messages that are listed; the inner `None` for an empty list, which
/// counts as none.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Option<Option<Vec<L4Match>>> {
    let items = problems.list(node)?;
    if items.is_empty() {
        problems.warn(
            "empty-list",
            &node.location,
            "'icmps' is an empty list, and counts as left out",
            "list messages, or leave the key out",
        );
        return Some(None);
    }
    let mut matches = Vec::new();
    let mut sound = true;
    for item in items {
        let Some(fields) = Known::of(item, &ENTRY, problems) else {
            sound = false;
            continue;
        };
        sound &= fields.whole;
        let list = given(item, "fields").map(|node| problems.list(node));
        let list = match list {
            Some(Some(list)) => list,
            Some(None) => {
                sound = false;
                continue;
            }
            None => &[],
        };
        if list.is_empty() {
            problems.warn(
                "empty-list",
                &item.location,
                "no message is named, so that this entry matches nothing",
                "list messages: fields: [{type: EchoRequest}]",
            );
        }
        if let Some(beyond) = list.get(MOST_FIELDS) {
            sound = false;
            problems.error(
                "too-many-ports",
                &beyond.location,
                format!(
                    "{} messages are more than the {MOST_FIELDS} that Cilium takes",
                    list.len()
                ),
                "write another entry of icmps for the rest",
            );
        }
        for field in list {
            match message(field, problems) {
                Some(found) => matches.push(found),
                None => sound = false,
            }
        }
    }
    sound.then_some(Some(matches))
}

fn message(item: &Node, problems: &mut Problems) -> Option<L4Match> {
    let fields = Known::of(item, &FIELD, problems)?;
    let protocol = match given(item, "family") {
        Some(node) => problems.choice(node, &FAMILIES)?,
        None => L4Protocol::Icmp,
    };
    let names = match protocol {
        L4Protocol::Icmpv6 => TYPES_V6,
        _ => TYPES_V4,
    };
    let help = "give the message's type, as a number or by name: type: EchoRequest";
    let node = fields.need("type", help, problems)?;
    let number: u16 = match &node.value {
        Value::Integer(_) => problems.number(node, 0..=255)?,
        _ => {
            let text = problems.text(node)?;
            let named = names.iter().find(|(name, _)| *name == text);
            let plain = text.parse::<u8>().ok().map(u16::from);
            match named.map(|(_, number)| *number).or(plain) {
                Some(number) => number,
                None => {
                    problems.error(
                        "unknown-value",
                        &node.location,
                        format!("'{text}' is no type of message of this family"),
                        did_you_mean(text, names.iter().map(|(name, _)| *name)),
                    );
                    return None;
                }
            }
        }
    };
    fields.whole.then(|| L4Match {
        protocol,
        port: L4Port::Range(number, number),
        location: item.location.clone(),
    })
}
