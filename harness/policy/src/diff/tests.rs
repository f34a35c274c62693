//! Differences of drawn policies against brute force: the oracle, at every boundary,
//! with every class of ports, on every way.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netverdict_abi::Verdict;

use super::passes::place;
use super::{Change, Difference, Effect, End, Side, World, compare};
use crate::frame::FrameSpec;
use crate::generate::{self, Draw, another, edges, places, policy, topology};
use crate::image::MapImage;
use crate::journey::{Point, Sender, route};
use crate::meaning::{ImageReading, L4, PolicyReading, Question};
use crate::model::{Policy, Workload};
use crate::mutate::ways;
use crate::oracle::{self, Memory};
use crate::prefix::Family;
use crate::topology::TopologyPlan;

/// Pairs of policies that every run draws.
const DRAWS: u64 = 60;

/// Two worlds, and what they are said to differ in.
struct Drawn {
    policies: [Policy; 2],
    topologies: [TopologyPlan; 2],
    difference: Difference,
}

impl Drawn {
    fn of(old: Policy, new: Policy) -> Drawn {
        let policies = [old, new];
        let topologies = policies.each_ref().map(topology);
        let [old, new] = [0, 1].map(|side| {
            Some(World {
                policy: &policies[side],
                topology: &topologies[side],
            })
        });
        let difference = compare(old, new);
        Drawn {
            policies,
            topologies,
            difference,
        }
    }

    /// The index of a member on a side, and its address of the family.
    fn own(&self, side: Side, member: usize, family: Family) -> Option<(usize, IpAddr)> {
        let index = self.difference.pairs.members[member].index[side as usize]?;
        let workload: &Workload = &self.policies[side as usize].workloads[index];
        let mut own = workload.addresses.iter().copied();
        let address = own.find(|it| Family::of(*it) == family)?;
        (!workload.host_network).then_some((index, address))
    }

    fn node(&self, side: Side, family: Family) -> Option<IpAddr> {
        let mut all = self.policies[side as usize].node.addresses.iter().copied();
        all.find(|it| Family::of(*it) == family)
    }

    /// Whether the packet gets through by the oracle's word.
    fn passes(&self, side: Side, from: End, to: End, l4: L4, peer: IpAddr) -> bool {
        let family = Family::of(peer);
        let policy = &self.policies[side as usize];
        let sender = match from {
            End::Member(member) => self
                .own(side, member, family)
                .map(|(index, own)| (Sender::Workload(index), own)),
            _ => Some((Sender::Outside, peer)),
        };
        let destination = match to {
            End::Member(member) => self.own(side, member, family).map(|(_, own)| own),
            End::Node | End::Gate(_) => self.node(side, family),
            End::Strangers | End::KnownHosts => Some(peer),
        };
        let (Some((sender, source)), Some(destination)) = (sender, destination) else {
            return false;
        };
        let question = Question {
            point: Point::Uplink,
            l4,
        };
        let frame = FrameSpec::from(question.packet(source, destination));
        let journey = route(&self.topologies[side as usize], sender, frame);
        let decisions = oracle::travel(policy, &journey, &mut Memory::untracked());
        decisions.iter().all(|it| it.verdict() == Verdict::Pass)
    }

    fn said(&self, asked: &Asked) -> Vec<&Change> {
        let changes = self.difference.changes.iter();
        changes.filter(|change| asked.is_in(change)).collect()
    }
}

/// One packet.
#[derive(Clone, Copy, Debug)]
struct Asked {
    from: End,
    to: End,
    l4: L4,
    peer: IpAddr,
    effect: Effect,
}

impl Asked {
    fn is_in(&self, change: &Change) -> bool {
        let Asked {
            from, to, l4, peer, ..
        } = *self;
        let family = Family::of(peer);
        let of_address = change.addresses.is_empty() || change.addresses.contains(peer);
        let of_ports = change
            .ports
            .iter()
            .any(|class| (place(class.first)..=place(class.last)).contains(&place(l4)));
        (change.effect == self.effect && change.from.contains(&from) && change.to.contains(&to))
            && of_address
            && of_ports
            && change.family.is_none_or(|only| only == family)
    }
}

/// Everything that either policy tells apart, and what both do not.
fn asked_of(policies: &[Policy; 2]) -> Vec<L4> {
    let mut all: BTreeSet<L4> = BTreeSet::new();
    let nothing = MapImage::default();
    let image = ImageReading::new(&nothing);
    for policy in policies {
        let reading = PolicyReading::new(policy);
        let everybody = 0..policy.workloads.len();
        let points = everybody.flat_map(|it| [Point::Ingress(it), Point::Egress(it)]);
        for point in points.chain([Point::Uplink]) {
            for class in reading.classes(&image, point) {
                all.extend([class.first, class.last]);
            }
        }
    }
    let is_sent = |l4: &L4| match l4 {
        L4::Ports(port) => port.port > 0,
        L4::ForeignIcmp => false,
        L4::Icmp { .. } | L4::Other => true,
    };
    all.into_iter().filter(is_sent).collect()
}

/// Holds every way from and to these addresses against the oracle; the number of
/// verdicts that changed.
fn hold(drawn: &Drawn, seed: u64) -> usize {
    let Drawn {
        policies,
        difference,
        ..
    } = drawn;
    let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
    for policy in policies {
        addresses.extend(places(policy));
        addresses.extend(edges(policy));
    }
    let everybody = policies.iter();
    let strangers = super::strangers::Strangers::new(everybody);
    let mut found = 0;
    let mut compare = |from: End, to: End, l4: L4, peer: IpAddr| {
        let [old, new] = Side::BOTH.map(|side| drawn.passes(side, from, to, l4, peer));
        let ask = |effect| Asked {
            from,
            to,
            l4,
            peer,
            effect,
        };
        // What is said of workloads is said of the families that they have.
        let has = |end: End| match end {
            End::Member(member) => {
                let family = Family::of(peer);
                (Side::BOTH.iter()).any(|side| drawn.own(*side, member, family).is_some())
            }
            _ => true,
        };
        if !has(from) || !has(to) {
            return;
        }
        for (effect, differs) in [(Effect::Passes, new && !old), (Effect::Drops, old && !new)] {
            let asked = ask(effect);
            let said = drawn.said(&asked);
            let open: Vec<_> = said.iter().filter(|it| it.masked.is_none()).collect();
            found += usize::from(differs);
            if !differs {
                assert!(
                    open.is_empty(),
                    "seed {seed}: {asked:?} does not differ: {open:#?}"
                );
                continue;
            }
            if open.is_empty() && !is_said_at_gate(drawn, &asked) {
                let changes = difference.changes.iter();
                let all: Vec<String> = changes
                    .map(|it| {
                        let (from, to, ports) = (&it.from, &it.to, &it.ports);
                        let (masked, who) = (it.masked, it.addresses.prefixes());
                        format!(
                            "{:?} {masked:?} {from:?} {to:?} {ports:?} {who:?}",
                            it.effect
                        )
                    })
                    .collect();
                panic!("seed {seed}: {asked:?} is not said: {all:#?}");
            }
        }
    };
    let members = 0..difference.pairs.members.len();
    let gates = 0..difference.pairs.gates.len();
    let asked = asked_of(policies);
    for l4 in &asked {
        let is_gate = |gate: usize| difference.pairs.gates[gate].entering() == *l4;
        for peer in addresses.iter().copied() {
            let from = match (
                strangers.senders.contains(peer),
                strangers.known.contains(peer),
            ) {
                (true, _) => Some(End::Strangers),
                // Some known hosts have addresses that nobody can send from.
                (_, true) if !ways::nobody(&policies[0]).contains(peer) => Some(End::KnownHosts),
                _ => None,
            };
            if let Some(from) = from {
                for to in members.clone() {
                    compare(from, End::Member(to), *l4, peer);
                }
                match gates.clone().find(|gate| is_gate(*gate)) {
                    Some(gate) => compare(from, End::Gate(gate), *l4, peer),
                    None => compare(from, End::Node, *l4, peer),
                }
            }
            let to = match (
                strangers.receivers.contains(peer),
                strangers.known.contains(peer),
            ) {
                (true, _) => Some(End::Strangers),
                (_, true) if !ways::nowhere().contains(peer) => Some(End::KnownHosts),
                _ => None,
            };
            if let Some(to) = to {
                members
                    .clone()
                    .for_each(|from| compare(End::Member(from), to, *l4, peer));
            }
        }
        // Of ends with addresses of their own, any address says the family.
        for family in Family::ALL {
            let peer = crate::prefix::Prefix::all(family).first();
            for from in members.clone() {
                for to in members.clone().filter(|to| *to != from) {
                    compare(End::Member(from), End::Member(to), *l4, peer);
                }
                match gates.clone().find(|gate| is_gate(*gate)) {
                    Some(gate) => compare(End::Member(from), End::Gate(gate), *l4, peer),
                    None => compare(End::Member(from), End::Node, *l4, peer),
                }
            }
        }
    }
    found
}

/// Whether a change at a node port says it: of strangers at the port behind it, or of a
/// workload that may now do the same at the workload behind it.
fn is_said_at_gate(drawn: &Drawn, asked: &Asked) -> bool {
    let Drawn {
        policies,
        difference,
        ..
    } = drawn;
    let side = asked.effect.passing();
    let policy = &policies[side as usize];
    let gates = difference.pairs.gates.iter().enumerate();
    for (index, gate) in gates {
        let Some(node_port) = gate.of(side, policy) else {
            continue;
        };
        for backend in &node_port.backends {
            let behind = difference.pairs.member(side, backend.workload);
            let (to, l4) = (End::Gate(index), gate.before(*backend));
            let other = match asked.to {
                End::Member(member) if member == behind && asked.l4 == l4 => Asked {
                    to,
                    l4: gate.entering(),
                    ..*asked
                },
                End::Gate(gate) if gate == index => Asked {
                    to: End::Member(behind),
                    l4,
                    ..*asked
                },
                _ => continue,
            };
            if !drawn.said(&other).is_empty() {
                return true;
            }
        }
    }
    false
}

fn changed(draw: &mut Draw, policy: &Policy, seed: u64) -> Policy {
    match seed % 4 {
        0 => generate::Change::allow(draw, policy).of(policy),
        1 => generate::Change::deny(draw, policy).of(policy),
        2 => {
            let change = generate::Change::allow(draw, policy);
            let once = change.of(policy).unwrap_or_else(|| policy.clone());
            generate::Change::deny(draw, &once).of(&once)
        }
        _ => Some(another(draw, policy)),
    }
    .unwrap_or_else(|| policy.clone())
}

#[test]
fn what_changed_is_said_and_nothing_else() {
    let mut found = 0;
    for seed in 0..DRAWS {
        let mut draw = Draw::seeded(seed);
        let old = policy(&mut draw);
        let new = changed(&mut draw, &old, seed);
        found += hold(&Drawn::of(old, new), seed);
    }
    assert!(found > 1_000, "only {found} verdicts changed");
}

/// The same where somebody is added in front of others, whose addresses are then those
/// of their neighbours, and who have other indices.
#[test]
fn workloads_are_themselves_whatever_their_addresses() {
    let mut found = 0;
    for seed in 0..DRAWS {
        let mut draw = Draw::seeded(seed);
        let new = policy(&mut draw);
        let mut old = new.clone();
        let addresses: Vec<_> = old
            .workloads
            .iter()
            .map(|it| (it.addresses.clone(), it.host_network))
            .collect();
        let own: Vec<usize> = (0..addresses.len())
            .filter(|it| !addresses[*it].1)
            .collect();
        let (Some(first), true) = (own.first(), own.len() > 1) else {
            continue;
        };
        // Each has the address of the one before it.
        for pair in own.windows(2) {
            old.workloads[pair[1]].addresses = addresses[pair[0]].0.clone();
        }
        old.workloads[*first].addresses = addresses[own[own.len() - 1]].0.clone();
        for workload in &mut old.workloads {
            workload.known_addresses.clear();
        }
        let mut new = new;
        for workload in &mut new.workloads {
            workload.known_addresses.clear();
        }
        let drawn = Drawn::of(old, new);
        let of_same_families = own.iter().all(|it| {
            let families = |all: &[IpAddr]| {
                all.iter()
                    .map(|it| Family::of(*it))
                    .collect::<BTreeSet<_>>()
            };
            let [old, new] = drawn.policies.each_ref();
            families(&old.workloads[*it].addresses) == families(&new.workloads[*it].addresses)
        });
        if of_same_families {
            let changes = &drawn.difference.changes;
            assert!(changes.is_empty(), "seed {seed}: {changes:#?}");
            found += 1;
        }
        hold(&drawn, seed);
    }
    assert!(found > 5, "only {found} clusters were the same");
}

/// A world against nothing: whatever passes in it is said, one way or the other.
#[test]
fn a_world_on_one_side_alone_is_all_new() {
    for seed in 0..10 {
        let policy = policy(&mut Draw::seeded(seed));
        let topology = topology(&policy);
        let world = World {
            policy: &policy,
            topology: &topology,
        };
        let added = compare(None, Some(world)).changes;
        let gone = compare(Some(world), None).changes;
        assert!(
            added
                .iter()
                .all(|it| it.effect == Effect::Passes && it.masked.is_none())
        );
        assert!(
            gone.iter()
                .all(|it| it.effect == Effect::Drops && it.masked.is_none())
        );
        assert_eq!(added.len(), gone.len(), "seed {seed}");
        let nothing = compare(Some(world), Some(world)).changes;
        assert_eq!(nothing, []);
    }
}
