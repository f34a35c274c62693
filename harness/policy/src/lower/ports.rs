//! Ports of rules as prefixes of protocol and port.

use crate::image::L4Prefix;
use crate::model::L4Protocol;
use crate::port::Protocol;

use super::precedence::Nested;

/// ICMP (RFC 792).
const ICMP: u8 = 1;
/// ICMPv6 (RFC 4443).
const ICMPV6: u8 = 58;

/// Every protocol that an entry of ports is about: its number, and which ports
/// have names, if any.
pub(super) fn protocols(protocol: L4Protocol) -> &'static [(u8, Option<Protocol>)] {
    const TCP: (u8, Option<Protocol>) = (Protocol::Tcp.number(), Some(Protocol::Tcp));
    const UDP: (u8, Option<Protocol>) = (Protocol::Udp.number(), Some(Protocol::Udp));
    const SCTP: (u8, Option<Protocol>) = (Protocol::Sctp.number(), Some(Protocol::Sctp));
    match protocol {
        L4Protocol::AnyWithPorts => &[TCP, UDP, SCTP],
        L4Protocol::Tcp => &[TCP],
        L4Protocol::Udp => &[UDP],
        L4Protocol::Sctp => &[SCTP],
        L4Protocol::Icmp => &[(ICMP, None)],
        L4Protocol::Icmpv6 => &[(ICMPV6, None)],
    }
}

/// Every port of a protocol.
pub(super) const fn all(protocol: u8) -> L4Prefix {
    L4Prefix::Ports {
        protocol,
        port: 0,
        bits: 0,
    }
}

/// One port of a protocol.
pub(super) const fn exactly(protocol: u8, port: u16) -> L4Prefix {
    L4Prefix::Ports {
        protocol,
        port,
        bits: 16,
    }
}

/// The fewest prefixes that hold the ports from `first` to `last`, ascending; none
/// if the last lies before the first.
pub(super) fn range(protocol: u8, first: u16, last: u16) -> impl Iterator<Item = L4Prefix> {
    let end = u32::from(last) + 1;
    let mut next = u32::from(first);
    std::iter::from_fn(move || {
        // As much as may begin here and does not go beyond the end.
        let left = end.checked_sub(next).filter(|left| *left > 0)?;
        let free = next.trailing_zeros().min(left.ilog2()).min(16);
        let prefix = L4Prefix::Ports {
            protocol,
            port: u16::try_from(next).expect("below the end"),
            bits: u8::try_from(16 - free).expect("at most 16"),
        };
        next += 1 << free;
        Some(prefix)
    })
}

/// Under which identity, 0 being any; and which ports.
impl Nested for (u32, L4Prefix) {
    fn covers(self, other: Self) -> bool {
        self.0 == other.0 && covers(self.1, other.1)
    }
}

fn covers(around: L4Prefix, inside: L4Prefix) -> bool {
    match (around, inside) {
        (L4Prefix::All, _) => true,
        (L4Prefix::Ports { .. }, L4Prefix::All) => false,
        (
            L4Prefix::Ports {
                protocol,
                port,
                bits,
            },
            L4Prefix::Ports {
                protocol: inside_protocol,
                port: inside_port,
                bits: inside_bits,
            },
        ) => {
            let differ = u32::from(port ^ inside_port);
            protocol == inside_protocol && bits <= inside_bits && differ >> (16 - bits) == 0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_held_by_prefixes_of_it_alone() {
        for (first, last, expected) in [
            (80, 80, 1),
            (0, 65535, 1),
            (1, 65535, 16),
            (1, 65534, 30),
            (1024, 65535, 6),
            (30000, 32767, 5),
            (8080, 8081, 1),
            (8081, 8082, 2),
            (65535, 65535, 1),
            (81, 80, 0),
        ] {
            let prefixes: Vec<L4Prefix> = range(6, first, last).collect();
            assert_eq!(prefixes.len(), expected, "{first}-{last}: {prefixes:?}");
            assert!(prefixes.is_sorted());
            for port in 0..=u16::MAX {
                let holding = (prefixes.iter())
                    .filter(|prefix| covers(**prefix, exactly(6, port)))
                    .count();
                let expected = usize::from((first..=last).contains(&port));
                assert_eq!(holding, expected, "{port} in {first}-{last}");
            }
        }
    }

    #[test]
    fn a_prefix_stands_directly_before_everything_inside_it() {
        let mut prefixes = vec![L4Prefix::All];
        for protocol in [6, 17] {
            for bits in 0..=3u8 {
                for index in 0..1u16 << bits {
                    let port = index.checked_shl(u32::from(16 - bits)).unwrap_or(0);
                    prefixes.push(L4Prefix::Ports {
                        protocol,
                        port,
                        bits,
                    });
                }
            }
        }
        prefixes.sort_unstable();
        for (index, around) in prefixes.iter().enumerate() {
            let inside = (prefixes[index..].iter())
                .take_while(|other| covers(*around, **other))
                .count();
            let everywhere = prefixes.iter().filter(|other| covers(*around, **other));
            assert_eq!(inside, everywhere.count(), "{around:?}");
        }
    }
}
