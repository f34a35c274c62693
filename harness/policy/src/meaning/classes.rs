//! Ports that nothing tells apart.

use std::collections::BTreeSet;

use super::{ImageReading, L4, PolicyReading};
use crate::image::{L4Prefix, MapImage};
use crate::journey::Point;
use crate::model::{Direction, L4Port, L4Protocol, Policy, Ports, Rule};
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Family;

/// Ports of a protocol, or types of ICMP messages, that follow each other and that
/// nothing tells apart; or the one class of [`L4::ForeignIcmp`] or [`L4::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct L4Class {
    /// The first: questions are asked about it.
    pub first: L4,
    /// The last, of the same protocol.
    pub last: L4,
}

impl L4 {
    /// The next port or message type of the same protocol.
    pub(crate) fn next(self) -> Option<L4> {
        match self {
            L4::Ports(ProtoPort { port, protocol }) => {
                let port = port.checked_add(1)?;
                Some(L4::Ports(ProtoPort { port, protocol }))
            }
            L4::Icmp { kind } => Some(L4::Icmp {
                kind: kind.checked_add(1)?,
            }),
            L4::ForeignIcmp | L4::Other => None,
        }
    }
}

/// Ports and message types that neither the policy nor the image tells apart at this
/// point: every class that there is, TCP, UDP, SCTP, ICMP, then the rest.
///
/// # Panics
/// If the point is at a workload that the policy does not have.
pub fn classes(policy: &Policy, image: &MapImage, point: Point) -> Vec<L4Class> {
    PolicyReading::new(policy).classes(&ImageReading::new(image), point)
}

impl PolicyReading<'_> {
    /// What [`classes`] says.
    ///
    /// # Panics
    /// If the point is at a workload that the policy does not have.
    pub fn classes(&self, image: &ImageReading<'_>, point: Point) -> Vec<L4Class> {
        let mut cuts = Cuts::default();
        match point {
            Point::Uplink => {
                let by_policy = self.policy().prefilters.iter().map(|it| it.node_port);
                for port in by_policy.chain(image.image().prefilters.keys().copied()) {
                    cuts.around(port.protocol.number(), port.port, port.port);
                }
            }
            Point::Egress(workload) => self.cut(&mut cuts, image, workload, Direction::Egress),
            Point::Ingress(workload) => self.cut(&mut cuts, image, workload, Direction::Ingress),
        }
        cuts.classes()
    }

    fn cut(
        &self,
        cuts: &mut Cuts,
        image: &ImageReading<'_>,
        workload: usize,
        direction: Direction,
    ) {
        for &index in self.selecting(workload) {
            let rules = self.policy().network_policies[index].rules.iter();
            for rule in rules.filter(|rule| rule.direction == direction) {
                self.cut_at_rule(cuts, rule, workload);
            }
        }
        for family in Family::ALL {
            let guard = image.guard(workload, direction, family).flatten();
            for l4 in guard.into_iter().flat_map(|guard| image.l4_of(guard)) {
                if let L4Prefix::Ports {
                    protocol,
                    port,
                    bits,
                } = l4
                {
                    let behind = u16::MAX.checked_shr(u32::from(*bits)).unwrap_or(0);
                    cuts.around(*protocol, *port, port.saturating_add(behind));
                }
            }
        }
    }

    fn cut_at_rule(&self, cuts: &mut Cuts, rule: &Rule, workload: usize) {
        let Ports::Listed(entries) = &rule.ports else {
            return;
        };
        for entry in entries {
            let protocols: &[u8] = match entry.protocol {
                L4Protocol::AnyWithPorts => &[6, 17, 132],
                L4Protocol::Tcp => &[6],
                L4Protocol::Udp => &[17],
                L4Protocol::Sctp => &[132],
                L4Protocol::Icmp => &[1],
                L4Protocol::Icmpv6 => &[58],
            };
            match &entry.port {
                L4Port::All => {}
                L4Port::Range(first, last) => {
                    for protocol in protocols {
                        cuts.around(*protocol, *first, *last);
                    }
                }
                // Whatever it stands for, wherever: that is a class of its own.
                L4Port::Named(name) => {
                    let everybody = &self.policy().workloads;
                    let receivers = match rule.direction {
                        Direction::Ingress => &everybody[workload..=workload],
                        Direction::Egress => everybody,
                    };
                    for named in receivers.iter().flat_map(|it| &it.named_ports) {
                        let number = named.port.protocol.number();
                        if named.name == *name && protocols.contains(&number) {
                            cuts.around(number, named.port.port, named.port.port);
                        }
                    }
                }
            }
        }
    }
}

/// Where classes begin, but for the first: per protocol with ports, and of ICMP in
/// either family.
#[derive(Default)]
struct Cuts {
    tcp: BTreeSet<u16>,
    udp: BTreeSet<u16>,
    sctp: BTreeSet<u16>,
    icmp: BTreeSet<u16>,
}

impl Cuts {
    /// Makes the ports from the first to the last, of an IANA protocol, classes apart
    /// from others. Protocols without ports are not cut.
    fn around(&mut self, protocol: u8, first: u16, last: u16) {
        let cuts = match protocol {
            6 => &mut self.tcp,
            17 => &mut self.udp,
            132 => &mut self.sctp,
            1 | 58 => &mut self.icmp,
            _ => return,
        };
        cuts.insert(first);
        cuts.extend(last.checked_add(1));
    }

    fn classes(&self) -> Vec<L4Class> {
        let mut classes = Vec::new();
        for protocol in Protocol::ALL {
            let cuts = match protocol {
                Protocol::Tcp => &self.tcp,
                Protocol::Udp => &self.udp,
                Protocol::Sctp => &self.sctp,
            };
            let l4 = |port| L4::Ports(ProtoPort { port, protocol });
            classes.extend(runs(cuts, u16::MAX).map(|(first, last)| L4Class {
                first: l4(first),
                last: l4(last),
            }));
        }
        let l4 = |kind| L4::Icmp {
            kind: u8::try_from(kind).expect("cut at 255"),
        };
        let highest = u16::from(u8::MAX);
        classes.extend(runs(&self.icmp, highest).map(|(first, last)| L4Class {
            first: l4(first),
            last: l4(last),
        }));
        classes.extend([L4::ForeignIcmp, L4::Other].map(|one| L4Class {
            first: one,
            last: one,
        }));
        classes
    }
}

/// First and last of what lies between the cuts, from 0 to the highest.
fn runs(cuts: &BTreeSet<u16>, highest: u16) -> impl Iterator<Item = (u16, u16)> {
    let inner = || cuts.range(1..=highest).copied();
    let firsts = [0].into_iter().chain(inner());
    let lasts = inner().map(|cut| cut - 1).chain([highest]);
    firsts.zip(lasts)
}
