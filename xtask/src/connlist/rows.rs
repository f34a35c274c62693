//! Lists of connections as text: `SRC => DST : PORTS`, a line each.

use std::fmt;
use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) source: Party,
    pub(super) destination: Party,
    pub(super) open: Open,
}

/// An end of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Party {
    /// `A-B[External]`: the first and the last address.
    Outside(u32, u32),
    /// A workload, as it is written.
    Named(String),
}

/// Open ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Open {
    /// By protocol as in [`PROTOCOLS`]: ranges, ascending, with gaps between.
    ports: [Vec<(u16, u16)>; 3],
}

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const EVERY_PORT: (u16, u16) = (1, u16::MAX);

/// The rows of a list; what follows them behind an empty line is about something
/// else.
pub(super) fn parse(text: &str) -> Result<Vec<Row>> {
    let lines = text.lines().skip_while(|line| line.trim().is_empty());
    lines
        .take_while(|line| !line.trim().is_empty())
        .map(|line| row(line).with_context(|| format!("'{line}' is no row")))
        .collect()
}

fn row(line: &str) -> Result<Row> {
    let (source, rest) = line.split_once(" => ").context("no ' => '")?;
    let (destination, open) = rest.split_once(" : ").context("no ' : '")?;
    Ok(Row {
        source: party(source.trim())?,
        destination: party(destination.trim())?,
        open: connections(open.trim())?,
    })
}

fn party(text: &str) -> Result<Party> {
    let Some(range) = text.strip_suffix("[External]") else {
        return Ok(Party::Named(text.to_owned()));
    };
    let (first, last) = range.split_once('-').context("no range of addresses")?;
    let bits = |text: &str| -> Result<u32> {
        let address: Ipv4Addr = text.parse().with_context(|| format!("'{text}'"))?;
        Ok(address.to_bits())
    };
    let (first, last) = (bits(first)?, bits(last)?);
    if first > last {
        bail!("{text} ends before it begins");
    }
    Ok(Party::Outside(first, last))
}

fn connections(text: &str) -> Result<Open> {
    let mut open = Open::default();
    if text == "All Connections" {
        open.ports = std::array::from_fn(|_| vec![EVERY_PORT]);
        return Ok(open);
    }
    let mut protocol = None;
    for item in text.split(',') {
        let ports = match item.trim().split_once(' ') {
            Some((name, ports)) => {
                let known = PROTOCOLS.iter().position(|known| *known == name);
                protocol = Some(known.with_context(|| format!("'{name}' is no protocol"))?);
                ports
            }
            None => item,
        };
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let port = |text: &str| {
            text.trim()
                .parse::<u16>()
                .with_context(|| format!("'{text}'"))
        };
        let range = (port(first)?, port(last)?);
        open.ports[protocol.context("no protocol")?].push(range);
    }
    Ok(open.joined())
}

impl Open {
    /// What either opens.
    pub(super) fn and(mut self, other: &Open) -> Open {
        for (mine, theirs) in self.ports.iter_mut().zip(&other.ports) {
            mine.extend(theirs);
        }
        self.joined()
    }

    fn joined(mut self) -> Open {
        for ports in &mut self.ports {
            ports.sort_unstable();
            let mut joined: Vec<(u16, u16)> = Vec::new();
            for (first, last) in ports.drain(..) {
                match joined.last_mut() {
                    Some(run) if u32::from(first) <= u32::from(run.1) + 1 => {
                        run.1 = run.1.max(last);
                    }
                    _ => joined.push((first, last)),
                }
            }
            *ports = joined;
        }
        self
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Party::Outside(first, last) => {
                let (first, last) = (Ipv4Addr::from_bits(*first), Ipv4Addr::from_bits(*last));
                write!(f, "{first}-{last}[External]")
            }
            Party::Named(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ports.iter().all(|ports| *ports == [EVERY_PORT]) {
            return f.write_str("All Connections");
        }
        let mut words = Vec::new();
        for (name, ports) in PROTOCOLS.iter().zip(&self.ports) {
            for (first, last) in ports {
                words.push(format!("{name} {first}-{last}"));
            }
        }
        match words.is_empty() {
            true => f.write_str("nothing"),
            false => f.write_str(&words.join(",")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_what_follows_them_is_not() {
        let rows = parse(concat!(
            "0.0.0.0-9.255.255.255[External] => default/a[Pod] : All Connections\n",
            "default/a[Pod] => default/b[Job] : TCP 8099,9001-9090,UDP 53\n",
            "\n",
            "Workload-to-Networks Mapping:\n",
        ));
        let rows = rows.expect("two rows");
        let shown: Vec<String> = (rows.iter())
            .map(|row| format!("{} | {} | {}", row.source, row.destination, row.open))
            .collect();
        assert_eq!(
            shown,
            [
                "0.0.0.0-9.255.255.255[External] | default/a[Pod] | All Connections",
                "default/a[Pod] | default/b[Job] | TCP 8099-8099,TCP 9001-9090,UDP 53-53",
            ]
        );
    }

    #[test]
    fn ways_to_write_the_same_ports_are_the_same() {
        for (one, other) in [
            ("TCP 1-65535,SCTP 1-65535,UDP 1-65535", "All Connections"),
            ("TCP 1-5,6", "TCP 1-6"),
            ("TCP 6,1-5", "TCP 1-6"),
        ] {
            let read = |text| connections(text).expect("connections");
            assert_eq!(read(one), read(other), "{one}");
        }
        assert_ne!(
            connections("TCP 1-65535").expect("connections"),
            connections("All Connections").expect("connections")
        );
    }

    #[test]
    fn half_a_row_is_refused() {
        for line in [
            "a => b",
            "a : TCP 80",
            "a => b : 80",
            "a => b : ICMP 8",
            "a => b : TCP 65536",
            "10.0.0.9-10.0.0.1[External] => b : TCP 80",
            "10.0.0.1[External] => b : TCP 80",
        ] {
            parse(line).expect_err(line);
        }
    }
}
