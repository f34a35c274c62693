//! Sets of ports, and the connections they make.

use std::fmt;

use crate::port::Protocol;

/// Consecutive ports, the first not above the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

impl PortRange {
    /// Every port that a packet can be sent to: 1 to 65535.
    pub const ALL: PortRange = PortRange {
        first: 1,
        last: u16::MAX,
    };
}

/// Ports of one protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSet {
    /// Ascending; between two of them lies at least one port.
    ranges: Vec<PortRange>,
}

impl PortSet {
    /// Adds ports, in whatever order.
    pub fn insert(&mut self, range: PortRange) {
        let touches = |a: PortRange, b: PortRange| u32::from(a.first) <= u32::from(b.last) + 1;
        let mut joined = range;
        self.ranges.retain(|other| {
            let apart = !(touches(*other, joined) && touches(joined, *other));
            if !apart {
                joined.first = joined.first.min(other.first);
                joined.last = joined.last.max(other.last);
            }
            apart
        });
        let at = self
            .ranges
            .partition_point(|other| other.first < joined.first);
        self.ranges.insert(at, joined);
    }

    /// The longest runs of ports in the set, ascending.
    pub fn ranges(&self) -> &[PortRange] {
        &self.ranges
    }

    /// Whether no port is in it.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether every port from 1 to 65535 is in it.
    pub fn is_all(&self) -> bool {
        self.ranges == [PortRange::ALL]
    }
}

/// Which ports of each protocol are open.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connections {
    /// In the order of [`Protocol::ALL`].
    open: [PortSet; 3],
}

impl Connections {
    /// The open ports of `protocol`.
    pub fn of(&self, protocol: Protocol) -> &PortSet {
        &self.open[index(protocol)]
    }

    /// Opens ports.
    pub fn open(&mut self, protocol: Protocol, range: PortRange) {
        self.open[index(protocol)].insert(range);
    }

    /// Whether nothing is open.
    pub fn is_empty(&self) -> bool {
        self.open.iter().all(PortSet::is_empty)
    }

    /// Whether every port of every protocol is open.
    pub fn is_all(&self) -> bool {
        self.open.iter().all(PortSet::is_all)
    }
}

const fn index(protocol: Protocol) -> usize {
    match protocol {
        Protocol::Tcp => 0,
        Protocol::Udp => 1,
        Protocol::Sctp => 2,
    }
}

/// `8080` or `9001-9090`.
impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return write!(f, "{}", self.first);
        }
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// `All Connections`, `No Connections`, or protocols and ports as in `TCP
/// 8080,9001-9090,UDP 53`, the protocols in the order of their names: the words
/// of np-guard's netpol-analyzer, so that the two can be compared.
impl fmt::Display for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("All Connections");
        }
        if self.is_empty() {
            return f.write_str("No Connections");
        }
        let mut comma = "";
        for (name, protocol) in [
            ("SCTP", Protocol::Sctp),
            ("TCP", Protocol::Tcp),
            ("UDP", Protocol::Udp),
        ] {
            for (index, range) in self.of(protocol).ranges().iter().enumerate() {
                match index {
                    0 => write!(f, "{comma}{name} {range}")?,
                    _ => write!(f, ",{range}")?,
                }
                comma = ",";
            }
        }
        Ok(())
    }
}
