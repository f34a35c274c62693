//! Writes which ports, or which ICMP messages.

use super::super::super::yaml::{Map, Yaml};
use crate::model::{L4Match, L4Port, L4Protocol, Ports};

/// Most entries that one list may have (Cilium, `maxPorts` and `maxICMPFields`).
const MOST: usize = 40;

/// The key and its list; `None` where it is about every port.
pub(super) fn write(ports: &Ports) -> Result<Option<(&'static str, Yaml)>, &'static str> {
    let entries = match ports {
        Ports::All => return Ok(None),
        Ports::Listed(entries) => entries,
    };
    let messages = entries.iter().filter(|entry| is_message(entry)).count();
    if messages == 0 {
        let lists = lists(entries, "ports", port)?;
        return Ok(Some(("toPorts", lists)));
    }
    if messages < entries.len() {
        return Err("a rule is about ports or about ICMP messages, not both");
    }
    Ok(Some(("icmps", lists(entries, "fields", message)?)))
}

fn is_message(entry: &L4Match) -> bool {
    match entry.protocol {
        L4Protocol::Icmp | L4Protocol::Icmpv6 => true,
        L4Protocol::AnyWithPorts | L4Protocol::Tcp | L4Protocol::Udp | L4Protocol::Sctp => false,
    }
}

fn lists(
    entries: &[L4Match],
    key: &str,
    write: fn(&L4Match) -> Result<Map, &'static str>,
) -> Result<Yaml, &'static str> {
    // An empty list is one that matches nothing; none at all would match all.
    let chunks: Vec<&[L4Match]> = match entries {
        [] => vec![&[]],
        entries => entries.chunks(MOST).collect(),
    };
    let mut lists = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let written: Result<Vec<Yaml>, &str> = (chunk.iter())
            .map(|entry| write(entry).map(|map| Yaml::from(map).on_one_line()))
            .collect();
        lists.push(Map::default().with(key, Yaml::List(written?)).into());
    }
    Ok(Yaml::List(lists))
}

fn port(entry: &L4Match) -> Result<Map, &'static str> {
    let protocol = match entry.protocol {
        L4Protocol::Tcp => "TCP",
        L4Protocol::Udp => "UDP",
        L4Protocol::Sctp => "SCTP",
        L4Protocol::AnyWithPorts | L4Protocol::Icmp | L4Protocol::Icmpv6 => "ANY",
    };
    let (port, last) = match &entry.port {
        L4Port::All => ("0".to_owned(), None),
        L4Port::Range(0, _) => return Err("no list of ports begins at port 0"),
        L4Port::Range(first, last) => {
            let last = (first != last).then(|| Yaml::number(*last));
            (first.to_string(), last)
        }
        L4Port::Named(name) => (name.clone(), None),
    };
    Ok(Map::default()
        .with("port", port)
        .with_some("endPort", last)
        .with("protocol", protocol))
}

fn message(entry: &L4Match) -> Result<Map, &'static str> {
    let family = match entry.protocol {
        L4Protocol::Icmpv6 => "IPv6",
        L4Protocol::Icmp
        | L4Protocol::AnyWithPorts
        | L4Protocol::Tcp
        | L4Protocol::Udp
        | L4Protocol::Sctp => "IPv4",
    };
    match &entry.port {
        L4Port::Range(first, last) if first == last => Ok(Map::default()
            .with("family", family)
            .with("type", Yaml::number(*first))),
        L4Port::Range(..) | L4Port::All | L4Port::Named(_) => {
            Err("ICMP messages are listed one by one, by their type")
        }
    }
}
