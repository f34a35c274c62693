//! Whom each side lets through, asked about what either side tells apart.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::rc::Rc;

use super::{Pairs, Side, World};
use crate::journey::Point;
use crate::meaning::{L4, L4Class};
use crate::model::{
    Direction, KnownHost, L4Match, ListedSource, NetworkPolicy, Peer, Peers, Policy, Ports,
    Prefilter, Rule, Workload,
};
use crate::mutate::ways::View;
use crate::port::{ProtoPort, Protocol};
use crate::prefix::Family;

/// A set of families as bits.
pub(super) type Families = u8;

/// The bit of a family.
pub(super) const fn bit(family: Family) -> Families {
    match family {
        Family::V4 => 1,
        Family::V6 => 2,
    }
}

/// What both sides say.
pub(super) struct Passes<'a> {
    pub(super) views: [Option<View<'a>>; 2],
    pub(super) pairs: &'a Pairs,
    /// Addresses of each member on each side.
    addresses: Vec<[&'a [IpAddr]; 2]>,
    /// Whether all that is not a policy or a prefilter is the same.
    same_cluster: bool,
    tables: HashMap<(usize, Direction), Rc<Table>>,
}

/// What a workload's hook says of all members, on each side.
pub(super) struct Table {
    /// The first of each class that either side tells apart, in the order of
    /// [`place`].
    pub(super) firsts: Vec<L4>,
    /// For each side and class, the families in which each member passes.
    masks: [Vec<Vec<Families>>; 2],
}

impl Table {
    /// In which families the member passes with this.
    pub(super) fn says(&self, side: Side, l4: L4, member: usize) -> Families {
        let behind = (self.firsts).partition_point(|first| place(*first) <= place(l4));
        self.masks[side as usize][behind - 1][member]
    }
}

impl<'a> Passes<'a> {
    pub(super) fn new(worlds: &[Option<World<'a>>; 2], pairs: &'a Pairs) -> Passes<'a> {
        let views = worlds.map(|world| world.map(|world| View::new(world.policy)));
        let addresses = pairs.members.iter().map(|member| {
            Side::BOTH.map(
                |side| match (&views[side as usize], member.index[side as usize]) {
                    (Some(view), Some(index)) => view.addresses(index),
                    _ => &[][..],
                },
            )
        });
        Passes {
            addresses: addresses.collect(),
            same_cluster: match worlds {
                [Some(old), Some(new)] => is_same_cluster(old.policy, new.policy),
                _ => false,
            },
            views,
            pairs,
            tables: HashMap::new(),
        }
    }

    pub(super) fn view(&mut self, side: Side) -> Option<&mut View<'a>> {
        self.views[side as usize].as_mut()
    }

    /// The policy of a side.
    pub(super) fn policy(&self, side: Side) -> Option<&'a Policy> {
        self.views[side as usize].as_ref().map(|view| view.policy)
    }

    /// The addresses that a member has for itself.
    pub(super) fn addresses(&self, side: Side, member: usize) -> &'a [IpAddr] {
        self.addresses[member][side as usize]
    }

    /// Where the member's packets of this direction are judged.
    pub(super) fn point(&self, side: Side, member: usize, direction: Direction) -> Option<Point> {
        let index = self.pairs.members[member].index[side as usize]?;
        Some(match direction {
            Direction::Ingress => Point::Ingress(index),
            Direction::Egress => Point::Egress(index),
        })
    }

    /// Whether the uplink's hook may say something else now.
    pub(super) fn is_uplink_touched(&self) -> bool {
        let [Some(old), Some(new)] = Side::BOTH.map(|side| self.policy(side)) else {
            return true;
        };
        let is_same_list = |old: &[ListedSource], new: &[ListedSource]| {
            old.len() == new.len()
                && old
                    .iter()
                    .zip(new)
                    .all(|(old, new)| old.prefix == new.prefix)
        };
        let is_same = |(old, new): (&Prefilter, &Prefilter)| {
            (old.node_port, old.default, old.bypass_policy)
                == (new.node_port, new.default, new.bypass_policy)
                && is_same_list(&old.deny, &new.deny)
                && is_same_list(&old.allow, &new.allow)
        };
        !(self.same_cluster
            && is_same_list(&old.deny_list, &new.deny_list)
            && old.prefilters.len() == new.prefilters.len()
            && old.prefilters.iter().zip(&new.prefilters).all(is_same))
    }

    /// Whether the member's hook may say something else now.
    pub(super) fn is_touched(&self, member: usize, direction: Direction) -> bool {
        let [old, new] = Side::BOTH.map(|side| {
            let view = self.views[side as usize].as_ref()?;
            let index = self.pairs.members[member].index[side as usize]?;
            let selecting = view.reading.selecting(index).iter();
            let policies = selecting.map(|it| &view.policy.network_policies[*it]);
            let about = policies.filter(|policy| is_about(policy, direction));
            Some(about.collect::<Vec<_>>())
        });
        match (old, new) {
            (Some(old), Some(new)) => {
                let mut both = old.iter().zip(&new);
                !(self.same_cluster
                    && old.len() == new.len()
                    && both.all(|(old, new)| is_same_policy(old, new)))
            }
            (None, None) => false,
            (Some(_), None) | (None, Some(_)) => true,
        }
    }

    /// What the member's hook says of all others.
    pub(super) fn table(&mut self, member: usize, direction: Direction) -> Rc<Table> {
        if let Some(table) = self.tables.get(&(member, direction)) {
            return Rc::clone(table);
        }
        let mut points = Vec::new();
        for side in Side::BOTH {
            points.extend(Some(side).zip(self.point(side, member, direction)));
        }
        let firsts = self.firsts(&points);
        let masks = Side::BOTH.map(|side| {
            let point = self.point(side, member, direction);
            (firsts.iter())
                .map(|l4| self.mask(side, point, *l4))
                .collect()
        });
        let table = Rc::new(Table { firsts, masks });
        self.tables.insert((member, direction), Rc::clone(&table));
        table
    }

    fn mask(&mut self, side: Side, point: Option<Point>, l4: L4) -> Vec<Families> {
        let mut mask = vec![0; self.addresses.len()];
        let (Some(view), Some(point)) = (self.views[side as usize].as_mut(), point) else {
            return mask;
        };
        let pass = &view.at(point, l4).pass;
        for (families, addresses) in mask.iter_mut().zip(&self.addresses) {
            for address in addresses[side as usize] {
                if pass.contains(*address) {
                    *families |= bit(Family::of(*address));
                }
            }
        }
        mask
    }

    /// The first of each class that these points tell apart, each of its side, in the
    /// order of [`place`].
    pub(super) fn firsts(&self, points: &[(Side, Point)]) -> Vec<L4> {
        let mut firsts: BTreeMap<(u8, u16), L4> = BTreeMap::new();
        for (side, point) in points {
            let view = self.views[*side as usize].as_ref();
            let of_side = view.map(|view| view.firsts(&[*point])).unwrap_or_default();
            firsts.extend(of_side.into_iter().map(|l4| (place(l4), l4)));
        }
        firsts.into_values().collect()
    }
}

/// Protocol by protocol, TCP, UDP, SCTP, ICMP, the rest; by port or type within.
pub(super) fn place(l4: L4) -> (u8, u16) {
    match l4 {
        L4::Ports(ProtoPort { port, protocol }) => {
            let protocol = match protocol {
                Protocol::Tcp => 0,
                Protocol::Udp => 1,
                Protocol::Sctp => 2,
            };
            (protocol, port)
        }
        L4::Icmp { kind } => (3, kind.into()),
        L4::ForeignIcmp => (4, 0),
        L4::Other => (5, 0),
    }
}

/// The classes that begin with these, which are in order and hold the first of every
/// protocol.
pub(super) fn classes(firsts: &[L4]) -> Vec<L4Class> {
    let behind = firsts.iter().skip(1).map(Some).chain([None]);
    (firsts.iter().zip(behind))
        .map(|(first, behind)| {
            let (protocol, number) = place(*first);
            let next = behind.map(|l4| place(*l4));
            let next = next.filter(|next| next.0 == protocol).map(|next| next.1);
            L4Class {
                first: *first,
                last: before(*first, number, next),
            }
        })
        .collect()
}

/// The last of the class that begins with `first`, which has this number, where the
/// next begins with another.
fn before(first: L4, number: u16, next: Option<u16>) -> L4 {
    let last = |highest: u16| next.map_or(highest, |next| next.saturating_sub(1).max(number));
    match first {
        L4::Ports(ProtoPort { protocol, .. }) => L4::Ports(ProtoPort {
            port: last(u16::MAX),
            protocol,
        }),
        L4::Icmp { .. } => L4::Icmp {
            kind: u8::try_from(last(u8::MAX.into())).unwrap_or(u8::MAX),
        },
        L4::ForeignIcmp | L4::Other => first,
    }
}

fn is_about(policy: &NetworkPolicy, direction: Direction) -> bool {
    let isolates = match direction {
        Direction::Ingress => policy.isolates_ingress,
        Direction::Egress => policy.isolates_egress,
    };
    isolates || policy.rules.iter().any(|rule| rule.direction == direction)
}

fn is_same_cluster(old: &Policy, new: &Policy) -> bool {
    let workload = |(old, new): (&Workload, &Workload)| {
        (old.labels == new.labels && old.name == new.name)
            && (old.addresses == new.addresses && old.known_addresses == new.known_addresses)
            && (old.named_ports == new.named_ports && old.host_network == new.host_network)
    };
    let host = |(old, new): (&KnownHost, &KnownHost)| {
        old.addresses == new.addresses && old.entities == new.entities && old.labels == new.labels
    };
    (old.namespaces == new.namespaces && old.node == new.node && old.choices == new.choices)
        && old.workloads.len() == new.workloads.len()
        && old.workloads.iter().zip(&new.workloads).all(workload)
        && old.known_hosts.len() == new.known_hosts.len()
        && old.known_hosts.iter().zip(&new.known_hosts).all(host)
}

/// Whether both say the same, wherever they stand.
fn is_same_policy(old: &NetworkPolicy, new: &NetworkPolicy) -> bool {
    (old.kind == new.kind && old.subject == new.subject)
        && (old.isolates_ingress, old.isolates_egress)
            == (new.isolates_ingress, new.isolates_egress)
        && old.rules.len() == new.rules.len()
        && (old.rules.iter().zip(&new.rules)).all(|(old, new)| is_same_rule(old, new))
}

/// Whether both say the same, wherever they stand.
pub(super) fn is_same_rule(old: &Rule, new: &Rule) -> bool {
    let is_same_peer = |(old, new): (&Peer, &Peer)| old.kind == new.kind;
    let is_same_port =
        |(old, new): (&L4Match, &L4Match)| (old.protocol, &old.port) == (new.protocol, &new.port);
    let same_peers = match (&old.peers, &new.peers) {
        (Peers::Any, Peers::Any) => true,
        (Peers::Listed(old), Peers::Listed(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(is_same_peer)
        }
        (Peers::Any, Peers::Listed(_)) | (Peers::Listed(_), Peers::Any) => false,
    };
    let same_ports = match (&old.ports, &new.ports) {
        (Ports::All, Ports::All) => true,
        (Ports::Listed(old), Ports::Listed(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(is_same_port)
        }
        (Ports::All, Ports::Listed(_)) | (Ports::Listed(_), Ports::All) => false,
    };
    (old.direction, old.action) == (new.direction, new.action) && same_peers && same_ports
}
