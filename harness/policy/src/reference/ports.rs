//! Ports of a rule as nftables matches them.

use crate::model::{L4Match, L4Port, L4Protocol, Ports, Workload};
use crate::port::Protocol;

/// A match of ports, and of whom it is about where that depends on the receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PortMatch {
    /// In nft's words; empty for everything.
    pub(super) text: String,
    /// The receiver whose named port it is, as an index, if that is not given.
    pub(super) receiver: Option<usize>,
}

/// The matches of which a packet has to meet one. Named ports are those of `subject`,
/// or, if it sends, of whoever of `workloads` receives.
pub(super) fn matches(
    ports: &Ports,
    subject: Option<&Workload>,
    workloads: &[Workload],
) -> Vec<PortMatch> {
    let everything = PortMatch {
        text: String::new(),
        receiver: None,
    };
    match ports {
        Ports::All => vec![everything],
        Ports::Listed(entries) => (entries.iter())
            .flat_map(|entry| of_entry(entry, subject, workloads))
            .collect(),
    }
}

fn of_entry(entry: &L4Match, subject: Option<&Workload>, workloads: &[Workload]) -> Vec<PortMatch> {
    let whoever = |text: Option<String>| -> Vec<PortMatch> {
        (text.into_iter())
            .map(|text| PortMatch {
                text,
                receiver: None,
            })
            .collect()
    };
    match &entry.port {
        L4Port::All => whoever(Some(match entry.protocol {
            L4Protocol::AnyWithPorts => WITH_PORTS.to_owned(),
            L4Protocol::Tcp => "meta l4proto tcp".to_owned(),
            L4Protocol::Udp => "meta l4proto udp".to_owned(),
            L4Protocol::Sctp => "meta l4proto sctp".to_owned(),
            L4Protocol::Icmp => "meta l4proto icmp".to_owned(),
            L4Protocol::Icmpv6 => "meta l4proto ipv6-icmp".to_owned(),
        })),
        L4Port::Range(first, last) => whoever(range(entry.protocol, *first, *last)),
        L4Port::Named(name) => match subject {
            Some(subject) => (named(entry.protocol, name, subject))
                .flat_map(|text| whoever(Some(text)))
                .collect(),
            None => (workloads.iter().enumerate())
                .filter(|(_, workload)| !workload.host_network)
                .flat_map(|(index, workload)| {
                    named(entry.protocol, name, workload).map(move |text| PortMatch {
                        text,
                        receiver: Some(index),
                    })
                })
                .collect(),
        },
    }
}

const WITH_PORTS: &str = "meta l4proto { tcp, udp, sctp }";

/// `None` if no packet has such a number.
fn range(protocol: L4Protocol, first: u16, last: u16) -> Option<String> {
    let numbers = |last: u16| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    let most_types = u16::from(u8::MAX);
    Some(match protocol {
        L4Protocol::AnyWithPorts => format!("{WITH_PORTS} th dport {}", numbers(last)),
        L4Protocol::Tcp => format!("tcp dport {}", numbers(last)),
        L4Protocol::Udp => format!("udp dport {}", numbers(last)),
        L4Protocol::Sctp => format!("sctp dport {}", numbers(last)),
        L4Protocol::Icmp | L4Protocol::Icmpv6 if first > most_types => return None,
        L4Protocol::Icmp => format!("icmp type {}", numbers(last.min(most_types))),
        L4Protocol::Icmpv6 => format!("icmpv6 type {}", numbers(last.min(most_types))),
    })
}

/// The receiver's ports of this name.
fn named(protocol: L4Protocol, name: &str, receiver: &Workload) -> impl Iterator<Item = String> {
    let protocols: &[Protocol] = match protocol {
        L4Protocol::AnyWithPorts => &[Protocol::Tcp, Protocol::Udp, Protocol::Sctp],
        L4Protocol::Tcp => &[Protocol::Tcp],
        L4Protocol::Udp => &[Protocol::Udp],
        L4Protocol::Sctp => &[Protocol::Sctp],
        L4Protocol::Icmp | L4Protocol::Icmpv6 => &[],
    };
    (protocols.iter()).filter_map(move |protocol| {
        let port = receiver.named_port(name, *protocol)?;
        Some(format!("{protocol} dport {port}"))
    })
}
