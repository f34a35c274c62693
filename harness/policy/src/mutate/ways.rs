//! The ways into and through the network, and whom a policy lets go them.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use netverdict_abi::{Reason, Verdict};

use crate::image::MapImage;
use crate::journey::Point;
use crate::meaning::{ImageReading, L4, PolicyReading, Question};
use crate::model::Policy;
use crate::port::ProtoPort;
use crate::prefix::{Family, Prefix};
use crate::region::Region;

/// A way of a packet, but for the one address that is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Way {
    /// From beyond the uplink through a node port to one of its backends.
    NodePort {
        /// Index into [`Policy::node_ports`].
        node_port: usize,
        /// Index into its backends; only the first is reached in a lab.
        backend: usize,
    },
    /// From a workload to another.
    Between {
        /// Index into [`Policy::workloads`].
        from: usize,
        /// Likewise.
        to: usize,
    },
    /// From a workload through a node port to its first backend.
    NodePortFromInside {
        /// Index into [`Policy::workloads`].
        from: usize,
        /// Index into [`Policy::node_ports`].
        node_port: usize,
    },
    /// From a workload to anybody who is no workload.
    Leaving {
        /// Index into [`Policy::workloads`].
        from: usize,
    },
    /// From beyond the uplink to the node itself.
    Node,
    /// From beyond the uplink to a workload's own address.
    Direct {
        /// Index into [`Policy::workloads`].
        to: usize,
    },
    /// From the node itself to a workload; or from beyond the uplink, by somebody who
    /// has taken its IPv6 address, which Linux does not refuse as it does with IPv4.
    FromNode {
        /// Index into [`Policy::workloads`].
        to: usize,
    },
}

/// A policy, and whom it lets go which way: what was asked once is remembered.
pub(crate) struct View<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) reading: PolicyReading<'a>,
    known: HashMap<Question, Let>,
}

/// Whom a hook lets pass; some of them skip the policy behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Let {
    pub(crate) pass: Region,
    pub(crate) skip: Region,
}

impl<'a> View<'a> {
    pub(crate) fn new(policy: &'a Policy) -> View<'a> {
        View {
            policy,
            reading: PolicyReading::new(policy),
            known: HashMap::new(),
        }
    }

    /// Whom the hook lets pass what this is.
    pub(crate) fn at(&mut self, point: Point, l4: L4) -> &Let {
        let question = Question { point, l4 };
        let reading = &self.reading;
        self.known.entry(question).or_insert_with(|| {
            let said = reading.answer(&question);
            Let {
                pass: said.region(|reason| reason.verdict() == Verdict::Pass),
                skip: said.region(|reason| {
                    matches!(
                        reason,
                        Reason::PrefilterAllowBypass | Reason::PrefilterDefaultBypass
                    )
                }),
            }
        })
    }

    /// Whom from beyond the uplink gets to a workload with this, which is `l4` at the
    /// workload and `entering` at the uplink.
    pub(crate) fn reaching(&mut self, to: usize, l4: L4, entering: L4) -> Region {
        let honoured = self.honours_bypass(to, l4, entering);
        let uplink = self.at(Point::Uplink, entering);
        let (pass, skip) = (uplink.pass.clone(), uplink.skip.clone());
        let let_on = pass.intersect(&self.at(Point::Ingress(to), l4).pass);
        match honoured {
            true => let_on.union(&skip),
            false => let_on,
        }
    }

    /// Whether what skips the policy at the uplink skips it before this workload: it
    /// is a backend of the port.
    fn honours_bypass(&self, to: usize, l4: L4, entering: L4) -> bool {
        let (L4::Ports(here), L4::Ports(there)) = (l4, entering) else {
            return false;
        };
        (self.policy.node_ports.iter())
            .filter(|service| service.node_port == there)
            .flat_map(|service| &service.backends)
            .any(|backend| (backend.workload, backend.port) == (to, here.port))
    }

    /// The first of each class of what the points tell apart, by policy.
    pub(crate) fn firsts(&self, points: &[Point]) -> BTreeSet<L4> {
        let nothing = MapImage::default();
        let image = ImageReading::new(&nothing);
        (points.iter())
            .flat_map(|point| self.reading.classes(&image, *point))
            .map(|class| class.first)
            .collect()
    }

    /// The node port's number, where what enters there is sent on to a workload with a
    /// network of its own.
    pub(crate) fn forwarded(&self, l4: L4) -> Option<usize> {
        let number = (self.policy.node_ports.iter())
            .position(|service| L4::Ports(service.node_port) == l4)?;
        let first = self.policy.node_ports[number].backends.first()?;
        (!self.policy.workloads[first.workload].host_network).then_some(number)
    }

    /// What is sent to this port of the node, as it is before the backend.
    pub(crate) fn behind(&self, node_port: usize, backend: usize) -> (usize, L4) {
        let service = &self.policy.node_ports[node_port];
        let backend = service.backends[backend];
        let l4 = L4::Ports(ProtoPort {
            port: backend.port,
            protocol: service.node_port.protocol,
        });
        (backend.workload, l4)
    }

    /// The addresses that a workload has for itself.
    pub(crate) fn addresses(&self, workload: usize) -> &'a [IpAddr] {
        let workload = &self.policy.workloads[workload];
        match workload.host_network {
            true => &[],
            false => &workload.addresses,
        }
    }
}

/// Sources from which nothing arrives that comes from beyond the uplink, whatever a
/// filter says of it: nobody can have sent from there (`ip_route_input_slow`,
/// `ip6_rcv_core`). The node's own are among them, see [`Way::FromNode`].
pub(crate) fn nobody(policy: &Policy) -> Region {
    const MARTIANS: [&str; 6] = [
        "0.0.0.0/32",
        "127.0.0.0/8",
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::1/128",
        "ff00::/8",
    ];
    let martians = MARTIANS.map(|text| text.parse().expect(text));
    let own = (policy.node.addresses.iter()).map(|own| Prefix::host(*own));
    Region::from_prefixes(martians.into_iter().chain(own))
}

/// Sources beyond the uplink from which nothing is sent on (`ip6_forward`).
pub(crate) fn of_the_link() -> Region {
    const OF_THE_LINK: [&str; 2] = ["::/128", "fe80::/10"];
    Region::from_prefixes(OF_THE_LINK.map(|text| text.parse().expect(text)))
}

/// Destinations that nothing leaves a node for (RFC 1122 §3.2.1.3, RFC 4291 §2).
pub(crate) fn nowhere() -> Region {
    const NOWHERE: [&str; 8] = [
        "0.0.0.0/8",
        "127.0.0.0/8",
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::/128",
        "::1/128",
        "fe80::/10",
        "ff00::/8",
    ];
    Region::from_prefixes(NOWHERE.map(|text| text.parse().expect(text)))
}

/// The families of some addresses.
pub(crate) fn families(addresses: &[IpAddr]) -> Region {
    let families = addresses.iter().map(|address| Family::of(*address));
    Region::from_prefixes(families.map(Prefix::all))
}
