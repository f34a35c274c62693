//! The smallest changes: one way, one class of ports.

use super::passes::{Families, Passes, bit, classes, place};
use super::strangers::Strangers;
use super::{Effect, End, Gate, Mask, Pairs, Side, Way, World};
use crate::journey::Point;
use crate::meaning::{L4, L4Class};
use crate::model::{Backend, Direction};
use crate::mutate::ways;
use crate::prefix::Family;
use crate::region::Region;

/// Packets of one way and one class of ports that are treated differently.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) effect: Effect,
    pub(super) masked: Option<Mask>,
    pub(super) way: Way,
    pub(super) l4: L4Class,
    /// The strangers or known hosts; without them, empty.
    pub(super) who: Region,
    /// Without strangers and known hosts, the families; else none.
    pub(super) families: Families,
    /// Whether both ends have both families.
    pub(super) is_dual: bool,
}

/// Every unit, of any way.
pub(super) fn all<'a>(worlds: &[Option<World<'a>>; 2], pairs: &'a Pairs) -> Vec<Unit> {
    let policies = worlds.iter().flatten().map(|world| world.policy);
    let mut search = Search {
        strangers: Strangers::new(policies),
        passes: Passes::new(worlds, pairs),
        pairs,
        found: Vec::new(),
    };
    search.gates();
    search.members_receive();
    search.node_receives();
    search.members_send();
    search.found
}

struct Search<'a> {
    strangers: Strangers,
    passes: Passes<'a>,
    pairs: &'a Pairs,
    found: Vec<Unit>,
}

impl Search<'_> {
    /// From beyond the uplink through node ports.
    fn gates(&mut self) {
        for (index, gate) in self.pairs.gates.iter().enumerate() {
            let behind = Side::BOTH.map(|side| self.behind(side, gate));
            let everybody = [&behind[0], &behind[1]].map(|all| {
                let regions = all.iter().map(|(_, _, region)| region);
                Region::union_of(regions)
            });
            let mut members: Vec<(usize, u16)> = (behind.iter().flatten())
                .map(|(member, backend, _)| (*member, backend.port))
                .collect();
            members.sort_unstable();
            members.dedup();
            for (member, port) in members {
                // A backend that another replaces is held against what the port let
                // through to the one before.
                let [old, new] = Side::BOTH.map(|side| {
                    let mut all = behind[side as usize].iter();
                    let same = all.find(|(its, backend, _)| (*its, backend.port) == (member, port));
                    same.map_or(&everybody[side as usize], |(_, _, region)| region)
                });
                let way = Way {
                    from: End::Strangers,
                    to: End::Gate(index),
                    behind: Some(member),
                    policy_alone: false,
                };
                let l4 = only(gate.entering());
                self.compare(way, l4, None, old, new);
                self.behind_gate(gate, way, port, [old, new]);
            }
        }
    }

    /// Backends of a side, and who gets to them.
    fn behind(&mut self, side: Side, gate: &Gate) -> Vec<(usize, Backend, Region)> {
        let Some(view) = self.passes.views[side as usize].as_mut() else {
            return Vec::new();
        };
        let Some(node_port) = gate.of(side, view.policy) else {
            return Vec::new();
        };
        let of_node = ways::families(&view.policy.node.addresses);
        let mut all = Vec::new();
        for backend in &node_port.backends {
            let workload = &view.policy.workloads[backend.workload];
            let within = ways::families(&workload.addresses).intersect(&of_node);
            let reaching = match workload.host_network {
                true => view.at(Point::Uplink, gate.entering()).pass.clone(),
                false => view.reaching(backend.workload, gate.before(*backend), gate.entering()),
            };
            let member = self.pairs.member(side, backend.workload);
            all.push((member, *backend, reaching.intersect(&within)));
        }
        all
    }

    /// What the policy of a backend says by itself of those whom the way through the
    /// node port treats as before.
    fn behind_gate(&mut self, gate: &Gate, way: Way, port: u16, through: [&Region; 2]) {
        let Some(member) = way.behind else { return };
        if !self.pairs.members[member].stays()
            || gate.index.iter().any(Option::is_none)
            || !self.passes.is_touched(member, Direction::Ingress)
        {
            return;
        }
        let l4 = gate.before(Backend { workload: 0, port });
        let [old, new] = Side::BOTH.map(|side| {
            let point = self.passes.point(side, member, Direction::Ingress);
            let view = self.passes.view(side);
            let of_node = |view: &ways::View<'_>| ways::families(&view.policy.node.addresses);
            match (view, point) {
                (Some(view), Some(point)) => {
                    let of_node = of_node(view);
                    view.at(point, l4).pass.intersect(&of_node)
                }
                _ => Region::empty(),
            }
        });
        let [before, now] = through;
        // Neither newly through nor newly stopped.
        let unchanged = before.intersect(now);
        let nowhere = Region::everything().minus(&before.union(now));
        let way = Way {
            policy_alone: true,
            ..way
        };
        for (same, mask) in [(&unchanged, Mask::Bypass), (&nowhere, Mask::Prefilter)] {
            self.compare(
                way,
                only(gate.entering()),
                Some(mask),
                &old.intersect(same),
                &new.intersect(same),
            );
        }
    }

    /// From beyond the uplink, and from the node, to workloads' own addresses.
    fn members_receive(&mut self) {
        let is_uplink_touched = self.passes.is_uplink_touched();
        for member in 0..self.pairs.members.len() {
            if !is_uplink_touched && !self.passes.is_touched(member, Direction::Ingress) {
                continue;
            }
            let mut points = self.points(member, Direction::Ingress);
            points.extend(Side::BOTH.map(|side| (side, Point::Uplink)));
            let firsts = self.passes.firsts(&points);
            let to = End::Member(member);
            let from_outside = self.found.len();
            for class in classes(&firsts) {
                let l4 = class.first;
                let regions = Side::BOTH.map(|side| {
                    let index = self.pairs.members[member].index[side as usize]?;
                    let view = self.passes.view(side)?;
                    let within = ways::families(view.addresses(index));
                    let reaching = view.reaching(index, l4, l4).intersect(&within);
                    let node = view.policy.node.addresses.iter().copied();
                    let pass = &view.at(Point::Ingress(index), l4).pass;
                    let mut families = 0;
                    for address in node.filter(|it| within.contains(*it)) {
                        families |= Families::from(pass.contains(address)) * bit_of(address);
                    }
                    Some((reaching, families))
                });
                let [old, new] = regions.map(Option::unwrap_or_default);
                self.compare(way(End::Strangers, to), class, None, &old.0, &new.0);
                self.compare_families(way(End::Node, to), class, old.1, new.1, 3);
            }
            self.fold_behind_gates(member, from_outside);
        }
    }

    /// Leaves out what reaches a workload directly, where that is the port behind a node
    /// port and nothing else: the node port's own changes say it.
    fn fold_behind_gates(&mut self, member: usize, from: usize) {
        let own: Vec<Unit> = self.found.drain(from..).collect();
        let is_alone = |unit: &Unit| {
            let like = own.iter().filter(|other| {
                (other.effect, other.way, &other.who) == (unit.effect, unit.way, &unit.who)
            });
            like.count() == 1
        };
        let mut kept = Vec::with_capacity(own.len());
        for unit in &own {
            let from_outside = matches!(unit.way.from, End::Strangers | End::KnownHosts);
            let said = from_outside && is_alone(unit) && self.is_behind_gate(member, unit);
            if !said {
                kept.push(unit.clone());
            }
        }
        self.found.extend(kept);
    }

    /// Whether all that the unit is about was compared behind a node port.
    fn is_behind_gate(&self, member: usize, unit: &Unit) -> bool {
        let of_gates = self.found.iter().filter(|other| {
            let behind = (other.effect, other.way.from, other.way.behind)
                == (unit.effect, unit.way.from, Some(member));
            behind && self.target(other, unit.effect.passing()) == Some(unit.l4)
        });
        let said = Region::union_of(of_gates.map(|other| &other.who));
        said.covers(&unit.who)
    }

    /// The class of ports that a unit of a node port is about, before the workload.
    fn target(&self, unit: &Unit, side: Side) -> Option<L4Class> {
        let (End::Gate(gate), Some(member)) = (unit.way.to, unit.way.behind) else {
            return None;
        };
        let gate = &self.pairs.gates[gate];
        let node_port = gate.of(side, self.passes.policy(side)?)?;
        let workload = self.pairs.members[member].index[side as usize]?;
        let mut backends = node_port.backends.iter();
        let backend = backends.find(|backend| backend.workload == workload)?;
        Some(only(gate.before(*backend)))
    }

    /// From beyond the uplink to the node itself, at ports that are no node ports.
    fn node_receives(&mut self) {
        if self.passes.views.iter().any(Option::is_none) {
            return;
        }
        let firsts = (self.passes).firsts(&Side::BOTH.map(|side| (side, Point::Uplink)));
        let firsts = self.around_gates(firsts);
        for class in classes(&firsts) {
            let is_gate = |gate: &Gate| gate.entering() == class.first;
            if self.pairs.gates.iter().any(is_gate) {
                continue;
            }
            let regions = Side::BOTH.map(|side| {
                let view = self.passes.view(side)?;
                let within = ways::families(&view.policy.node.addresses);
                let pass = &view.at(Point::Uplink, class.first).pass;
                Some(pass.intersect(&within))
            });
            let [old, new] = regions.map(Option::unwrap_or_default);
            self.compare(way(End::Strangers, End::Node), class, None, &old, &new);
        }
    }

    /// All that workloads send.
    fn members_send(&mut self) {
        let count = self.pairs.members.len();
        let into = (0..count).map(|it| self.passes.is_touched(it, Direction::Ingress));
        let into: Vec<bool> = into.collect();
        for from in 0..count {
            let out_of = self.passes.is_touched(from, Direction::Egress);
            for (to, into) in into.iter().enumerate() {
                if from != to && (out_of || *into) {
                    self.between(from, to);
                }
            }
            if out_of || into.iter().any(|into| *into) {
                self.member_calls_gates(from, out_of, &into);
            }
            if out_of {
                self.leaving(from);
            }
        }
    }

    fn between(&mut self, from: usize, to: usize) {
        let (egress, ingress) = (
            self.passes.table(from, Direction::Egress),
            self.passes.table(to, Direction::Ingress),
        );
        let mut firsts: Vec<L4> = [&egress.firsts[..], &ingress.firsts].concat();
        firsts.sort_by_key(|l4| place(*l4));
        firsts.dedup();
        let both = self.families_of(from, to);
        for class in classes(&firsts) {
            let l4 = class.first;
            let [old, new] =
                Side::BOTH.map(|side| egress.says(side, l4, to) & ingress.says(side, l4, from));
            let way = way(End::Member(from), End::Member(to));
            self.compare_families(way, class, old, new, both);
        }
    }

    /// From a workload to node ports; what it may do at the workload behind one as well
    /// is said there.
    fn member_calls_gates(&mut self, from: usize, out_of: bool, into: &[bool]) {
        for (index, gate) in self.pairs.gates.iter().enumerate() {
            // Where a connection is delivered: at the first backend.
            let behind = Side::BOTH.map(|side| {
                let node_port = gate.of(side, self.passes.policy(side)?)?;
                let backend = node_port.backends.first()?;
                Some((self.pairs.member(side, backend.workload), *backend))
            });
            let [Some(old_behind), Some(new_behind)] = behind else {
                // What a port that is on one side alone leads to is said there.
                continue;
            };
            if !(out_of || into[old_behind.0] || into[new_behind.0] || old_behind != new_behind) {
                continue;
            }
            let egress = self.passes.table(from, Direction::Egress);
            let mut says = [(0, 0); 2];
            for side in Side::BOTH {
                let (to, backend) = behind[side as usize].unwrap_or(new_behind);
                let ingress = self.passes.table(to, Direction::Ingress);
                let l4 = gate.before(backend);
                let at_node = self.sends_to_node(side, from, gate.entering());
                if self.is_on_host(side, backend) {
                    // It arrives at the node, where no policy is asked.
                    says[side as usize] = (at_node, 0);
                    continue;
                }
                let here = ingress.says(side, l4, from);
                says[side as usize] = (at_node & here, egress.says(side, l4, to) & here);
            }
            let [(old, old_direct), (new, new_direct)] = says;
            let newly = (new & !old) & !(new_direct & !old_direct);
            let no_longer = (old & !new) & !(old_direct & !new_direct);
            if from != new_behind.0 && old_behind.0 == new_behind.0 && newly | no_longer == 0 {
                continue;
            }
            let way = Way {
                behind: Some(new_behind.0),
                ..way(End::Member(from), End::Gate(index))
            };
            let other = match self.is_on_host(Side::New, new_behind.1) {
                true => from,
                false => new_behind.0,
            };
            let both = self.families_of(from, other);
            self.compare_families(way, only(gate.entering()), old, new, both);
        }
    }

    /// Whether the backend is in the node's network.
    fn is_on_host(&self, side: Side, backend: Backend) -> bool {
        (self.passes.policy(side)).is_some_and(|it| it.workloads[backend.workload].host_network)
    }

    /// In which families the workload may send this to the node.
    fn sends_to_node(&mut self, side: Side, from: usize, l4: L4) -> Families {
        let (Some(point), Some(view)) = (
            self.passes.point(side, from, Direction::Egress),
            self.passes.views[side as usize].as_mut(),
        ) else {
            return 0;
        };
        let node = &view.policy.node.addresses;
        let pass = &view.at(point, l4).pass;
        let reached = node.iter().filter(|address| pass.contains(**address));
        reached.fold(0, |families, address| families | bit_of(*address))
    }

    /// From a workload to the node itself, and beyond the uplink.
    fn leaving(&mut self, from: usize) {
        let points = self.points(from, Direction::Egress);
        let firsts = self.passes.firsts(&points);
        let firsts = self.around_gates(firsts);
        for class in classes(&firsts) {
            let regions = Side::BOTH.map(|side| {
                let point = self.passes.point(side, from, Direction::Egress)?;
                let within = ways::families(self.passes.addresses(side, from));
                let view = self.passes.view(side)?;
                Some(view.at(point, class.first).pass.intersect(&within))
            });
            let [old, new] = regions.map(Option::unwrap_or_default);
            let away = way(End::Member(from), End::Strangers);
            self.compare(away, class, None, &old, &new);
            let is_gate = |gate: &Gate| gate.entering() == class.first;
            if !self.pairs.gates.iter().any(is_gate) {
                let [old, new] = Side::BOTH.map(|side| self.sends_to_node(side, from, class.first));
                let to_node = way(End::Member(from), End::Node);
                self.compare_families(to_node, class, old, new, 3);
            }
        }
    }

    /// The firsts of classes, with those that node ports make: what is sent there is not
    /// for the node itself.
    fn around_gates(&self, mut firsts: Vec<L4>) -> Vec<L4> {
        for gate in &self.pairs.gates {
            let entering = gate.entering();
            firsts.extend([Some(entering), entering.next()].into_iter().flatten());
        }
        firsts.sort_by_key(|l4| place(*l4));
        firsts.dedup();
        firsts
    }

    fn points(&self, member: usize, direction: Direction) -> Vec<(Side, Point)> {
        let point = |side| Some((side, self.passes.point(side, member, direction)?));
        Side::BOTH.into_iter().filter_map(point).collect()
    }

    /// The families that both members have, wherever they are.
    fn families_of(&self, one: usize, other: usize) -> Families {
        let of = |member: usize| {
            let all = Side::BOTH.map(|side| self.passes.addresses(side, member));
            let all = all.into_iter().flatten();
            all.fold(0, |families, address| families | bit_of(*address))
        };
        of(one) & of(other)
    }

    /// Notes whom a way treats differently, strangers and known hosts each by
    /// themselves. The way is one of strangers.
    fn compare(&mut self, way: Way, l4: L4Class, masked: Option<Mask>, old: &Region, new: &Region) {
        if old == new || l4.first == L4::ForeignIcmp || is_port_zero(l4) {
            return;
        }
        let incoming = way.from == End::Strangers;
        let strangers = match incoming {
            true => &self.strangers.senders,
            false => &self.strangers.receivers,
        };
        for (effect, who) in [
            (Effect::Passes, new.minus(old)),
            (Effect::Drops, old.minus(new)),
        ] {
            for (end, among) in [
                (End::Strangers, strangers),
                (End::KnownHosts, &self.strangers.known),
            ] {
                let who = who.intersect(among);
                if who.is_empty() {
                    continue;
                }
                let way = match incoming {
                    true => Way { from: end, ..way },
                    false => Way { to: end, ..way },
                };
                self.found.push(Unit {
                    effect,
                    masked,
                    way,
                    l4,
                    who,
                    families: 0,
                    is_dual: true,
                });
            }
        }
    }

    fn compare_families(
        &mut self,
        way: Way,
        l4: L4Class,
        old: Families,
        new: Families,
        both: Families,
    ) {
        if l4.first == L4::ForeignIcmp || is_port_zero(l4) {
            return;
        }
        for (effect, families) in [(Effect::Passes, new & !old), (Effect::Drops, old & !new)] {
            if families != 0 {
                self.found.push(Unit {
                    effect,
                    masked: None,
                    way,
                    l4,
                    who: Region::empty(),
                    families,
                    is_dual: both == 3,
                });
            }
        }
    }
}

const fn way(from: End, to: End) -> Way {
    Way {
        from,
        to,
        behind: None,
        policy_alone: false,
    }
}

const fn only(l4: L4) -> L4Class {
    L4Class {
        first: l4,
        last: l4,
    }
}

fn bit_of(address: std::net::IpAddr) -> Families {
    bit(Family::of(address))
}

/// A class of port 0 alone, which nobody listens at.
fn is_port_zero(class: L4Class) -> bool {
    matches!((class.first, class.last), (L4::Ports(first), L4::Ports(last)) if first.port == 0 && last.port == 0)
}
