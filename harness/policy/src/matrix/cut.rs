//! Where ports are told apart.

use super::PortRange;
use crate::image::{GuardImage, IdentityId, L4Prefix, PolicyEntry};
use crate::model::{L4Match, L4Port, L4Protocol, NamedPort, Ports, Rule};
use crate::port::Protocol;

/// Boundaries between the ports of each protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortCuts {
    /// In the order of [`Protocol::ALL`]: first ports of classes, ascending, other
    /// than 1.
    starts: [Vec<u16>; 3],
}

impl PortCuts {
    /// Cuts where `rule` does, at a receiver with these named ports.
    ///
    /// Every port of a name counts, whichever the policy would take.
    pub fn rule(&mut self, rule: &Rule, receiver: &[NamedPort]) {
        let Ports::Listed(matches) = &rule.ports else {
            return;
        };
        for L4Match { protocol, port, .. } in matches {
            let protocols: &[Protocol] = match protocol {
                L4Protocol::AnyWithPorts => &Protocol::ALL,
                L4Protocol::Tcp => &[Protocol::Tcp],
                L4Protocol::Udp => &[Protocol::Udp],
                L4Protocol::Sctp => &[Protocol::Sctp],
                L4Protocol::Icmp | L4Protocol::Icmpv6 => &[],
            };
            match port {
                L4Port::All => {}
                L4Port::Range(first, last) => {
                    for protocol in protocols {
                        self.around(*protocol, *first, *last);
                    }
                }
                L4Port::Named(name) => {
                    for named in receiver.iter().filter(|named| named.name == *name) {
                        let port = named.port.port;
                        for protocol in protocols {
                            self.around(*protocol, port, port);
                        }
                    }
                }
            }
        }
    }

    /// Cuts where the entries of a guard do, of those about anybody or `peer`.
    pub fn guard(&mut self, guard: &GuardImage, peer: Option<IdentityId>) {
        // Entries about anybody come first.
        let anybody = (guard.entries.keys()).take_while(|entry| entry.identity.is_none());
        let of_peer = peer.into_iter().flat_map(|peer| {
            let first = PolicyEntry {
                identity: Some(peer),
                l4: L4Prefix::All,
            };
            (guard.entries.range(first..).map(|(entry, _)| entry))
                .take_while(move |entry| entry.identity == Some(peer))
        });
        for entry in anybody.chain(of_peer) {
            let L4Prefix::Ports {
                protocol,
                port,
                bits,
            } = entry.l4
            else {
                continue;
            };
            let known = Protocol::ALL
                .into_iter()
                .find(|known| known.number() == protocol);
            if let Some(protocol) = known {
                let rest = u16::MAX.checked_shr(bits.into()).unwrap_or(0);
                self.around(protocol, port & !rest, port | rest);
            }
        }
    }

    /// Cuts around one port.
    pub fn port(&mut self, protocol: Protocol, port: u16) {
        self.around(protocol, port, port);
    }

    fn around(&mut self, protocol: Protocol, first: u16, last: u16) {
        self.start(protocol, first);
        if let Some(next) = last.checked_add(1) {
            self.start(protocol, next);
        }
    }

    fn start(&mut self, protocol: Protocol, port: u16) {
        if port <= PortRange::ALL.first {
            return;
        }
        let starts = &mut self.starts[protocol as usize];
        if let Err(at) = starts.binary_search(&port) {
            starts.insert(at, port);
        }
    }

    /// Adds the boundaries of `other`.
    pub fn join(&mut self, other: &PortCuts) {
        for (mine, theirs) in self.starts.iter_mut().zip(&other.starts) {
            if !theirs.is_empty() {
                mine.extend(theirs);
                mine.sort_unstable();
                mine.dedup();
            }
        }
    }

    /// Ports between which no boundary lies, ascending; together every port from
    /// 1.
    pub fn classes(&self, protocol: Protocol) -> impl Iterator<Item = PortRange> {
        let starts = &self.starts[protocol as usize];
        let firsts = [PortRange::ALL.first]
            .into_iter()
            .chain(starts.iter().copied());
        let lasts = (starts.iter().map(|start| start - 1)).chain([PortRange::ALL.last]);
        firsts
            .zip(lasts)
            .map(|(first, last)| PortRange { first, last })
    }
}
