//! Ports of rules as people get them wrong.

use super::Operator;
use super::words::{self, Made};
use crate::model::{L4Match, L4Port, L4Protocol};

/// What becomes of an entry of a rule's ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortChange {
    Lost,
    /// By this much at the first and at the last port.
    Shifted(i8, i8),
    Protocol,
}

impl PortChange {
    /// Every change of the entry.
    pub(super) fn all(entry: &L4Match) -> impl Iterator<Item = PortChange> {
        let shifts: &[(i8, i8)] = match entry.port {
            L4Port::All | L4Port::Named(_) => &[],
            L4Port::Range(first, last) if first == last => &[(-1, -1), (1, 1)],
            L4Port::Range(..) => &[(-1, 0), (1, 0), (0, -1), (0, 1)],
        };
        [PortChange::Lost, PortChange::Protocol]
            .into_iter()
            .chain((shifts.iter()).map(|(first, last)| PortChange::Shifted(*first, *last)))
    }

    /// Which way to err this is.
    pub(super) fn operator(self) -> Operator {
        match self {
            PortChange::Lost => Operator::PortLost,
            PortChange::Shifted(..) => Operator::PortShifted,
            PortChange::Protocol => Operator::ProtocolSwapped,
        }
    }

    /// Makes any change but [`PortChange::Lost`], which is the rule's; `None` where
    /// nothing valid comes of it.
    pub(super) fn make(self, entry: &mut L4Match) -> Option<Made> {
        let before = words::port(entry);
        match self {
            PortChange::Lost => return None,
            PortChange::Shifted(by_first, by_last) => {
                let L4Port::Range(first, last) = entry.port else {
                    return None;
                };
                let lowest = match entry.protocol {
                    L4Protocol::Icmp | L4Protocol::Icmpv6 => 0,
                    L4Protocol::AnyWithPorts
                    | L4Protocol::Tcp
                    | L4Protocol::Udp
                    | L4Protocol::Sctp => 1,
                };
                let highest = match entry.protocol {
                    L4Protocol::Icmp | L4Protocol::Icmpv6 => u16::from(u8::MAX),
                    L4Protocol::AnyWithPorts
                    | L4Protocol::Tcp
                    | L4Protocol::Udp
                    | L4Protocol::Sctp => u16::MAX,
                };
                let shifted = |port: u16, by: i8| {
                    port.checked_add_signed(i16::from(by))
                        .filter(|port| (lowest..=highest).contains(port))
                };
                let (first, last) = (shifted(first, by_first)?, shifted(last, by_last)?);
                entry.port = L4Port::Range(first, last);
            }
            PortChange::Protocol => {
                entry.protocol = match entry.protocol {
                    L4Protocol::Tcp => L4Protocol::Udp,
                    L4Protocol::Udp | L4Protocol::Sctp | L4Protocol::AnyWithPorts => {
                        L4Protocol::Tcp
                    }
                    L4Protocol::Icmp => L4Protocol::Icmpv6,
                    L4Protocol::Icmpv6 => L4Protocol::Icmp,
                };
            }
        }
        let words = format!("port {before} became {}", words::port(entry));
        Some(Made::new(&entry.location, words))
    }
}
