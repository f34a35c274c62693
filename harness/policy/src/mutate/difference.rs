//! Whom two policies of one cluster treat differently, over all the hooks of each way:
//! by comparing sets, never by trying an address.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::ControlFlow;

use super::touched::Touched;
use super::ways::{View, Way, families, nobody, nowhere, of_the_link};
use crate::journey::Point;
use crate::meaning::L4;
use crate::model::Policy;
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Prefix;
use crate::region::Region;

/// Whom two policies treat differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Which way.
    pub way: Way,
    /// With what, as it is sent.
    pub l4: L4,
    /// The senders; of what leaves a workload for no other, the receivers. Not empty.
    pub who: Region,
    /// Whether they get through by the first policy; by the second it is the other way
    /// round.
    pub passes: bool,
}

/// Hands over every difference between two policies of the same cluster, until it is
/// told to stop: through node ports first, then between workloads, from there to others,
/// and last what comes from beyond the uplink to addresses inside.
///
/// It tells verdicts apart, not reasons: of whole ways, of plain first packets.
pub(super) fn differences(
    one: &mut View<'_>,
    other: &mut View<'_>,
    mut each: impl FnMut(Difference) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let touched = Touched::between(one, other);
    let mut both = Both {
        policy: one.policy,
        one,
        other,
        touched,
        each: &mut each,
    };
    both.through_node_ports()?;
    both.workloads_send()?;
    both.outside_to_node()?;
    both.directly()?;
    both.node_sends()
}

/// Two policies that are compared.
struct Both<'v, 'p, 'q, 'e> {
    /// Either's: what is not a rule is the same in both.
    policy: &'p Policy,
    one: &'v mut View<'p>,
    other: &'v mut View<'q>,
    touched: Touched,
    each: &'e mut dyn FnMut(Difference) -> ControlFlow<()>,
}

impl Both<'_, '_, '_, '_> {
    fn through_node_ports(&mut self) -> ControlFlow<()> {
        let not_sent_on = nobody(self.policy).union(&of_the_link());
        let own = self.own_ipv6();
        for (node_port, service) in self.policy.node_ports.iter().enumerate() {
            let entering = L4::Ports(service.node_port);
            let of_node = families(&self.policy.node.addresses);
            for backend in 0..service.backends.len() {
                let (to, l4) = self.one.behind(node_port, backend);
                let addresses = self.one.addresses(to);
                if addresses.is_empty() || !self.is_touched_from_outside(to, entering) {
                    continue;
                }
                let within = families(addresses).intersect(&of_node);
                let way = Way::NodePort { node_port, backend };
                let get = |view: &mut View<'_>| view.reaching(to, l4, entering);
                self.compare(way, entering, &within.minus(&not_sent_on), get)?;
                self.compare(Way::FromNode { to }, entering, &within.intersect(&own), get)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// All that workloads send.
    fn workloads_send(&mut self) -> ControlFlow<()> {
        let everybody = 0..self.policy.workloads.len();
        let Touched {
            ingress, egress, ..
        } = self.touched.clone();
        for from in everybody.clone() {
            for to in everybody.clone() {
                if from != to && (egress.contains(&from) || ingress.contains(&to)) {
                    self.between(from, to)?;
                }
            }
            for node_port in 0..self.policy.node_ports.len() {
                let (to, _) = self.one.behind(node_port, 0);
                if egress.contains(&from) || ingress.contains(&to) {
                    self.node_port_from_inside(from, node_port)?;
                }
            }
        }
        for from in egress {
            self.leaving(from)?;
        }
        ControlFlow::Continue(())
    }

    fn between(&mut self, from: usize, to: usize) -> ControlFlow<()> {
        let pairs = self.pairs(from, self.one.addresses(to));
        for l4 in self.asked(&[Point::Egress(from), Point::Ingress(to)]) {
            for &(sender, receiver) in &pairs {
                let passes = |view: &mut View<'_>| {
                    view.at(Point::Egress(from), l4).pass.contains(receiver)
                        && view.at(Point::Ingress(to), l4).pass.contains(sender)
                };
                self.compare_one(Way::Between { from, to }, l4, sender, passes)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn node_port_from_inside(&mut self, from: usize, node_port: usize) -> ControlFlow<()> {
        let entering = L4::Ports(self.policy.node_ports[node_port].node_port);
        let (to, l4) = self.one.behind(node_port, 0);
        let of_backend = families(self.one.addresses(to));
        for (sender, node) in self.pairs(from, &self.policy.node.addresses) {
            if !of_backend.contains(sender) {
                continue;
            }
            let passes = |view: &mut View<'_>| {
                view.at(Point::Egress(from), entering).pass.contains(node)
                    && view.at(Point::Ingress(to), l4).pass.contains(sender)
            };
            let way = Way::NodePortFromInside { from, node_port };
            self.compare_one(way, entering, sender, passes)?;
        }
        ControlFlow::Continue(())
    }

    fn leaving(&mut self, from: usize) -> ControlFlow<()> {
        let everybody = 0..self.policy.workloads.len();
        let own = everybody.flat_map(|workload| self.one.addresses(workload).iter().copied());
        let workloads = Region::from_addresses(own);
        let node = Region::from_addresses(self.policy.node.addresses.iter().copied());
        let others = families(self.one.addresses(from)).minus(&workloads.union(&nowhere()));
        for l4 in self.asked(&[Point::Egress(from)]) {
            let within = match self.one.forwarded(l4) {
                Some(_) => others.minus(&node),
                None => others.clone(),
            };
            let get = |view: &mut View<'_>| view.at(Point::Egress(from), l4).pass.clone();
            self.compare(Way::Leaving { from }, l4, &within, get)?;
        }
        ControlFlow::Continue(())
    }

    /// What ends at the uplink's word.
    fn outside_to_node(&mut self) -> ControlFlow<()> {
        let within = families(&self.policy.node.addresses).minus(&nobody(self.policy));
        for l4 in self.entering(&[]) {
            if self.one.forwarded(l4).is_none() {
                let get = |view: &mut View<'_>| view.at(Point::Uplink, l4).pass.clone();
                self.compare(Way::Node, l4, &within, get)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn directly(&mut self) -> ControlFlow<()> {
        let not_sent_on = nobody(self.policy).union(&of_the_link());
        let own = self.own_ipv6();
        for to in 0..self.policy.workloads.len() {
            let within = families(self.one.addresses(to));
            let asked = match self.touched.ingress.contains(&to) {
                true => self.asked(&[Point::Uplink, Point::Ingress(to)]),
                false if within.is_empty() => Vec::new(),
                false => self.entering(&[Point::Ingress(to)]),
            };
            for l4 in asked {
                let get = |view: &mut View<'_>| view.reaching(to, l4, l4);
                self.compare(Way::Direct { to }, l4, &within.minus(&not_sent_on), get)?;
                self.compare(Way::FromNode { to }, l4, &within.intersect(&own), get)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn node_sends(&mut self) -> ControlFlow<()> {
        let node = Region::from_addresses(self.policy.node.addresses.iter().copied());
        for to in self.touched.ingress.clone() {
            for l4 in self.asked(&[Point::Ingress(to)]) {
                let get = |view: &mut View<'_>| view.at(Point::Ingress(to), l4).pass.clone();
                self.compare(Way::FromNode { to }, l4, &node, get)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn own_ipv6(&self) -> Region {
        let own = self.policy.node.addresses.iter().copied();
        Region::from_addresses(own.filter(IpAddr::is_ipv6))
    }

    /// What has to be asked about where only the uplink can differ.
    fn entering(&self, points: &[Point]) -> Vec<L4> {
        match self.touched.deny_list {
            true => self.asked(&[&[Point::Uplink], points].concat()),
            false => self.touched.prefilters.iter().copied().collect(),
        }
    }

    fn is_touched_from_outside(&self, to: usize, entering: L4) -> bool {
        self.touched.deny_list
            || self.touched.prefilters.contains(&entering)
            || self.touched.ingress.contains(&to)
    }

    /// One of each class of what the points tell apart, by either policy; what people
    /// know first, what nobody can send last.
    fn asked(&self, points: &[Point]) -> Vec<L4> {
        let mut asked = self.one.firsts(points);
        asked.extend(self.other.firsts(points));
        let services = self.policy.node_ports.iter();
        let used: BTreeSet<L4> = services
            .flat_map(|service| {
                let behind = service.backends.iter().map(|backend| backend.port);
                behind.map(|port| (port, service.node_port.protocol))
            })
            .map(|(port, protocol)| L4::Ports(ProtoPort { port, protocol }))
            .collect();
        let familiar = Protocol::ALL.map(|protocol| L4::Ports(ProtoPort { port: 80, protocol }));
        asked.extend(familiar);
        let mut asked: Vec<L4> = asked.into_iter().collect();
        asked.sort_by_key(|l4| match l4 {
            _ if used.contains(l4) => 0,
            _ if familiar.contains(l4) => 1,
            L4::Ports(ProtoPort { port: 1.., .. }) => 2,
            L4::Icmp { .. } => 3,
            L4::Other => 4,
            L4::ForeignIcmp | L4::Ports(ProtoPort { port: 0, .. }) => 5,
        });
        asked
    }

    /// Addresses of a workload, each with that of the same family of the others.
    fn pairs(&self, from: usize, others: &[IpAddr]) -> Vec<(IpAddr, IpAddr)> {
        let own = self.one.addresses(from).iter().copied();
        own.flat_map(|own| {
            let of_family = others
                .iter()
                .filter(move |it| it.is_ipv4() == own.is_ipv4());
            of_family.map(move |other| (own, *other))
        })
        .collect()
    }

    fn compare(
        &mut self,
        way: Way,
        l4: L4,
        within: &Region,
        mut get: impl FnMut(&mut View<'_>) -> Region,
    ) -> ControlFlow<()> {
        let (first, second) = (get(self.one), get(self.other));
        if first == second {
            return ControlFlow::Continue(());
        }
        for (who, passes) in [(first.minus(&second), true), (second.minus(&first), false)] {
            let who = who.intersect(within);
            if !who.is_empty() {
                (self.each)(Difference {
                    way,
                    l4,
                    who,
                    passes,
                })?;
            }
        }
        ControlFlow::Continue(())
    }

    fn compare_one(
        &mut self,
        way: Way,
        l4: L4,
        sender: IpAddr,
        mut passes: impl FnMut(&mut View<'_>) -> bool,
    ) -> ControlFlow<()> {
        let sender = Region::of(Prefix::host(sender));
        self.compare(way, l4, &sender.clone(), |view| match passes(view) {
            true => sender.clone(),
            false => Region::empty(),
        })
    }
}
