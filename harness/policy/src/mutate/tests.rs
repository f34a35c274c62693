//! Mutants of drawn policies, against brute force: the oracle, at every boundary, with
//! every class of ports, on every way.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::ControlFlow;

use netverdict_abi::Verdict;

use super::change::Change;
use super::difference::{Difference, differences};
use super::ways::{View, Way};
use crate::frame::FrameSpec;
use crate::generate::{Draw, edges, places, policy, topology};
use crate::image::MapImage;
use crate::journey::{Point, Sender, Target, route};
use crate::meaning::{ImageReading, L4, PolicyReading, Question};
use crate::model::Policy;
use crate::oracle::{self, Memory};
use crate::topology::TopologyPlan;

/// Policies that every run draws.
const DRAWS: u64 = 25;

/// Mutants of each that are held against brute force.
const MUTANTS: usize = 12;

/// A plain first packet of this kind.
fn plain(source: IpAddr, destination: IpAddr, l4: L4) -> FrameSpec {
    let question = Question {
        point: Point::Uplink,
        l4,
    };
    question.packet(source, destination).into()
}

/// Whether it gets where it is meant to; `None` if no host stack would let it, whatever
/// the filter says.
fn arrives(
    policy: &Policy,
    topology: &TopologyPlan,
    sender: Sender,
    frame: FrameSpec,
) -> Option<bool> {
    let journey = route(topology, sender, frame);
    if let Target::Undeliverable(_) = journey.target {
        return None;
    }
    let decisions = oracle::travel(policy, &journey, &mut Memory::untracked());
    Some(decisions.last().map(oracle::Decision::verdict) == Some(Verdict::Pass))
}

/// The same network, once for each of the backends of its services.
fn topologies(policy: &Policy) -> Vec<TopologyPlan> {
    let most = policy
        .node_ports
        .iter()
        .map(|service| service.backends.len());
    (0..most.max().unwrap_or(1))
        .map(|index| {
            let mut topology = topology(policy);
            for (forward, service) in topology.forwards.iter_mut().zip(&policy.node_ports) {
                let backend = service.backends[index.min(service.backends.len() - 1)];
                forward.workload = backend.workload;
                forward.target_port = backend.port;
            }
            topology
        })
        .collect()
}

/// Every class of what is sent, by the whole of two policies.
fn kinds(policies: [&Policy; 2]) -> BTreeSet<L4> {
    let nothing = MapImage::default();
    let image = ImageReading::new(&nothing);
    let mut kinds = BTreeSet::new();
    for policy in policies {
        let reading = PolicyReading::new(policy);
        let mut points = vec![Point::Uplink];
        for workload in 0..policy.workloads.len() {
            points.extend([Point::Ingress(workload), Point::Egress(workload)]);
        }
        for point in points {
            kinds.extend(
                reading
                    .classes(&image, point)
                    .into_iter()
                    .map(|it| it.first),
            );
        }
    }
    kinds
}

/// A packet that one policy lets arrive and the other does not, found by trying.
fn by_force(one: &Policy, other: &Policy) -> Option<String> {
    let mut addresses: BTreeSet<IpAddr> = places(one).into_iter().collect();
    addresses.extend(edges(one));
    addresses.extend(edges(other));
    let own: Vec<IpAddr> = one.node.addresses.clone();
    let kinds = kinds([one, other]);
    let inside = |index: &usize| !one.workloads[*index].host_network;
    let workloads: Vec<usize> = (0..one.workloads.len()).filter(inside).collect();
    let everybody = || {
        workloads
            .iter()
            .flat_map(|index| &one.workloads[*index].addresses)
    };
    for (number, topology) in topologies(one).iter().enumerate() {
        let differs = |sender: Sender, source: IpAddr, destination: IpAddr, l4: L4| {
            let judged = |policy| {
                let frame = plain(source, destination, l4);
                arrives(policy, topology, sender, frame)
            };
            source.is_ipv4() == destination.is_ipv4() && judged(one) != judged(other)
        };
        for &l4 in &kinds {
            for &source in &addresses {
                for destination in own.iter().chain(everybody()).copied() {
                    if differs(Sender::Outside, source, destination, l4) {
                        return Some(format!("{number}: {source} to {destination} {l4:?}"));
                    }
                }
            }
            for &from in &workloads {
                for &source in &one.workloads[from].addresses {
                    for &destination in addresses.iter().filter(|it| **it != source) {
                        if one.workloads[from].addresses.contains(&destination) {
                            continue;
                        }
                        if differs(Sender::Workload(from), source, destination, l4) {
                            return Some(format!("{number}: {source} to {destination} {l4:?}"));
                        }
                    }
                }
            }
            for &to in &workloads {
                for (node, own) in pairs(&own, &one.workloads[to].addresses) {
                    if at_ingress(one, to, node, own, l4) != at_ingress(other, to, node, own, l4) {
                        return Some(format!("the node to {own} {l4:?}"));
                    }
                }
            }
        }
    }
    None
}

fn pairs(these: &[IpAddr], those: &[IpAddr]) -> Vec<(IpAddr, IpAddr)> {
    let of_family = |one: IpAddr| those.iter().filter(move |it| it.is_ipv4() == one.is_ipv4());
    (these.iter())
        .flat_map(|one| of_family(*one).map(move |other| (*one, *other)))
        .collect()
}

fn at_ingress(policy: &Policy, to: usize, source: IpAddr, own: IpAddr, l4: L4) -> Verdict {
    let frame = plain(source, own, l4);
    oracle::judge(policy, Point::Ingress(to), &frame, &mut Memory::untracked()).verdict()
}

/// Whether the oracle sees the difference, at an address of it.
fn is_seen(one: &Policy, other: &Policy, difference: &Difference) -> bool {
    let Difference {
        way,
        l4,
        who,
        passes,
    } = difference;
    let who = who.ranges().next().expect("not empty").first;
    let of_family = |addresses: &[IpAddr]| {
        let mut addresses = addresses.iter().copied();
        addresses.find(|it| it.is_ipv4() == who.is_ipv4())
    };
    let own = |workload: usize| of_family(&one.workloads[workload].addresses).expect("it has one");
    let node = of_family(&one.node.addresses);
    let said = |number: usize, sender, source, destination| {
        let topology = &topologies(one)[number];
        let judged = |policy| arrives(policy, topology, sender, plain(source, destination, *l4));
        (judged(one), judged(other)) == (Some(*passes), Some(!*passes))
    };
    match *way {
        Way::NodePort { backend, .. } => {
            said(backend, Sender::Outside, who, node.expect("it has one"))
        }
        Way::Node => said(0, Sender::Outside, who, node.expect("it has one")),
        Way::Direct { to } => said(0, Sender::Outside, who, own(to)),
        Way::Between { from, to } => said(0, Sender::Workload(from), who, own(to)),
        Way::NodePortFromInside { from, .. } => {
            said(0, Sender::Workload(from), who, node.expect("it has one"))
        }
        Way::Leaving { from } => said(0, Sender::Workload(from), own(from), who),
        Way::FromNode { to } => {
            let pass = |policy| at_ingress(policy, to, who, own(to), *l4) == Verdict::Pass;
            let by_uplink = said(0, Sender::Outside, who, own(to))
                || (0..topologies(one).len())
                    .any(|number| said(number, Sender::Outside, who, node.expect("it has one")));
            pass(one) == *passes && pass(other) != *passes || by_uplink
        }
    }
}

#[test]
fn sets_find_what_brute_force_finds_and_nothing_else() {
    let (mut same, mut different) = (0, 0);
    for seed in 0..DRAWS {
        let mut draw = Draw::seeded(seed);
        let original = policy(&mut draw);
        let changes: Vec<Change> = Change::all(&original).collect();
        for _ in 0..MUTANTS.min(changes.len()) {
            // given
            let change = *draw.one(&changes);
            let mut changed = original.clone();
            if change.make(&mut changed).is_none() {
                continue;
            }
            // when
            let mut found = Vec::new();
            let (mut one, mut other) = (View::new(&original), View::new(&changed));
            let _ = differences(&mut one, &mut other, |difference| {
                found.push(difference);
                match found.len() {
                    8 => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            });
            // then
            for difference in &found {
                assert!(
                    is_seen(&original, &changed, difference),
                    "seed {seed}, {change:?}: the oracle does not see {difference:?}"
                );
            }
            if found.is_empty() {
                same += 1;
                let seen = by_force(&original, &changed);
                assert_eq!(seen, None, "seed {seed}, {change:?}");
            } else {
                different += 1;
            }
        }
    }
    assert!(same > 25 && different > 25, "{same} same, {different} not");
}
