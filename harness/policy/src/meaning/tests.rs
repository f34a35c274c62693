//! What is said of all addresses, against what the oracle and the interpreter say of
//! one: at every boundary of what was drawn, and beside it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::*;
use crate::frame::{FrameSpec, ProbeId, build};
use crate::generate::{Draw, edges, places, policy};
use crate::image::{IdentityId, RuleId, Verdict};
use crate::lower::lower;
use crate::prefix::{Family, Prefix};
use crate::{interpret, oracle};

/// Policies that every run draws.
const DRAWS: u64 = 120;

fn points(policy: &Policy) -> Vec<Point> {
    let workloads = 0..policy.workloads.len();
    let theirs = workloads.flat_map(|index| [Point::Egress(index), Point::Ingress(index)]);
    [Point::Uplink].into_iter().chain(theirs).collect()
}

/// The plain packet that the question is about, with this peer; `None` where the
/// workload has no address of its family.
fn frame(policy: &Policy, question: &Question, peer: IpAddr) -> Option<FrameSpec> {
    let of_family = |addresses: &[IpAddr]| {
        let mut addresses = addresses.iter().copied();
        addresses.find(|own| own.is_ipv4() == peer.is_ipv4())
    };
    let own = match question.point {
        // Whom it is for does not matter there.
        Point::Uplink => of_family(&policy.node.addresses).unwrap_or(peer),
        Point::Ingress(index) | Point::Egress(index) => {
            of_family(&policy.workloads[index].addresses)?
        }
    };
    Some(question.packet(peer, own).into())
}

/// Addresses at which something may change: the ends of pieces of either chart, some
/// drawn edges of the policy's prefixes, and those who are there.
fn addresses(draw: &mut Draw, policy: &Policy, charts: [&Chart<Reason>; 2]) -> BTreeSet<IpAddr> {
    let mut all: BTreeSet<IpAddr> = places(policy).into_iter().collect();
    for (range, _) in charts.into_iter().flat_map(Chart::pieces) {
        all.extend([range.first, range.last]);
        all.extend(Prefix::host(range.first).before());
        all.extend(Prefix::host(range.last).after());
    }
    let edges = edges(policy);
    if !edges.is_empty() {
        all.extend((0..8).map(|_| *draw.one(&edges)));
    }
    all
}

/// Makes the image one that no policy compiles to: entries gone, turned round, and
/// where nothing is looked for below another.
fn spoil(draw: &mut Draw, image: &mut MapImage) {
    let mut turned = |verdict: &mut Verdict| {
        *verdict = match draw.below(5) {
            0 => Verdict::NoMatch,
            1 => Verdict::Allow(RuleId(1)),
            2 => Verdict::Deny(RuleId(1)),
            _ => *verdict,
        };
        !draw.once_in(5)
    };
    for prefilter in image.prefilters.values_mut() {
        prefilter.sources.retain(|_, verdict| turned(verdict));
    }
    for guard in &mut image.guards {
        guard.entries.retain(|_, verdict| turned(verdict));
    }
    image.identities.retain(|_, _| !draw.once_in(5));
    let somebody: Vec<IdentityId> = image.identities.values().copied().collect();
    for identity in image.identities.values_mut() {
        if draw.once_in(5) {
            *identity = *draw.one(&somebody);
        }
    }
}

#[test]
fn the_sets_say_of_each_address_what_the_judges_say_of_a_packet() {
    let mut seen = BTreeSet::new();
    for seed in 0..DRAWS {
        let mut draw = Draw::seeded(seed);
        let policy = policy(&mut draw);
        let mut image = lower(&policy).expect("the policy compiles");
        if draw.once_in(2) {
            spoil(&mut draw, &mut image);
        }
        let (by_policy, by_image) = (PolicyReading::new(&policy), ImageReading::new(&image));
        for point in points(&policy) {
            for class in classes(&policy, &image, point) {
                let l4 = if draw.once_in(2) {
                    class.first
                } else {
                    class.last
                };
                let question = Question { point, l4 };
                let (policies, images) = (by_policy.answer(&question), by_image.answer(&question));
                for peer in addresses(&mut draw, &policy, [&policies, &images]) {
                    let Some(frame) = frame(&policy, &question, peer) else {
                        continue;
                    };
                    let context = || format!("seed {seed}: {question:?} of {peer}\n{policy:#?}");
                    let mut memory = oracle::Memory::untracked();
                    let decided = oracle::judge(&policy, point, &frame, &mut memory).reason;
                    seen.insert(decided);
                    let expected = match decided {
                        // Nobody's hook.
                        Reason::ForeignSource | Reason::ForeignDestination => None,
                        reason => Some(reason),
                    };
                    assert_eq!(
                        policies.at(peer),
                        expected.as_ref(),
                        "policy: {}",
                        context()
                    );
                    let bytes = build(&frame, ProbeId(7), [2; 6]).expect("a frame with bytes");
                    let mut memory = interpret::Memory::untracked();
                    let judged = interpret::judge(&image, point, &bytes, &mut memory).reason;
                    let expected = expected.map(|_| judged);
                    assert_eq!(images.at(peer), expected.as_ref(), "image: {}", context());
                }
            }
        }
    }
    // What no policy here gives a plain packet that is asked about alone.
    let foreign = [Reason::ForeignSource, Reason::ForeignDestination];
    let policies: BTreeSet<Reason> = seen
        .into_iter()
        .filter(|it| !foreign.contains(it))
        .collect();
    assert_eq!(
        policies,
        BTreeSet::from([
            Reason::OtherProtocol,
            Reason::NoPrefilter,
            Reason::PrefilterAllow,
            Reason::PrefilterDefaultPass,
            Reason::PrefilterAllowBypass,
            Reason::PrefilterDefaultBypass,
            Reason::PrefilterDeny,
            Reason::PrefilterDefaultDrop,
            Reason::PolicyNotSelected,
            Reason::PolicyAllow,
            Reason::PolicyNoMatch,
            Reason::PolicyDeny,
            Reason::PolicyDefaultDeny,
        ])
    );
}

/// Ports between two that are told apart.
fn within(class: L4Class) -> Vec<L4> {
    match (class.first, class.last) {
        (L4::Ports(first), L4::Ports(last)) => {
            let middle = first.port + (last.port - first.port) / 2;
            let l4 = |port| L4::Ports(ProtoPort { port, ..first });
            vec![l4(first.port), l4(middle), l4(last.port)]
        }
        (L4::Icmp { kind: first }, L4::Icmp { kind: last }) => {
            let kinds = [first, first + (last - first) / 2, last];
            kinds.map(|kind| L4::Icmp { kind }).to_vec()
        }
        (one, other) => vec![one, other],
    }
}

#[test]
fn nothing_tells_the_ports_of_a_class_apart_and_no_port_is_left_out() {
    for seed in 0..DRAWS {
        let policy = policy(&mut Draw::seeded(seed));
        let image = lower(&policy).expect("the policy compiles");
        let (by_policy, by_image) = (PolicyReading::new(&policy), ImageReading::new(&image));
        for point in points(&policy) {
            let classes = classes(&policy, &image, point);
            for class in &classes {
                let said = |l4| {
                    let question = Question { point, l4 };
                    (by_policy.answer(&question), by_image.answer(&question))
                };
                let first = said(class.first);
                for l4 in within(*class) {
                    assert_eq!(said(l4), first, "seed {seed}: {point:?}, {class:?}, {l4:?}");
                }
            }
            let sizes = classes.iter().map(|class| match (class.first, class.last) {
                (L4::Ports(first), L4::Ports(last)) => u32::from(last.port - first.port) + 1,
                (L4::Icmp { kind: first }, L4::Icmp { kind: last }) => u32::from(last - first) + 1,
                _ => 1,
            });
            assert_eq!(
                sizes.sum::<u32>(),
                3 * 65_536 + 256 + 2,
                "seed {seed}: {point:?}"
            );
        }
    }
}

/// Over both hooks, with what the uplink remembers.
#[test]
fn a_way_through_a_node_port_is_decided_where_the_oracle_says() {
    let mut seen = BTreeSet::new();
    for seed in 0..DRAWS {
        let mut draw = Draw::seeded(seed);
        let policy = policy(&mut draw);
        for node_port in &policy.node_ports {
            for backend in &node_port.backends {
                let through = through_node_port(&policy, node_port, backend);
                let workload = &policy.workloads[backend.workload];
                for peer in addresses(&mut draw, &policy, [&through, &through]) {
                    let at = |point, port| {
                        let port = ProtoPort {
                            port,
                            protocol: node_port.node_port.protocol,
                        };
                        let l4 = L4::Ports(port);
                        (point, frame(&policy, &Question { point, l4 }, peer))
                    };
                    let mut legs = vec![at(Point::Uplink, node_port.node_port.port)];
                    if !workload.host_network {
                        legs.push(at(Point::Ingress(backend.workload), backend.port));
                    }
                    let mut memory = oracle::Memory::tracking();
                    let mut expected = None;
                    for (point, frame) in legs {
                        expected = frame
                            .map(|frame| oracle::judge(&policy, point, &frame, &mut memory).reason);
                        if expected.is_some_and(|it| it.verdict() != netverdict_abi::Verdict::Pass)
                        {
                            break;
                        }
                    }
                    let has_family =
                        (workload.addresses.iter()).any(|own| Family::of(*own) == Family::of(peer));
                    let expected = expected.filter(|_| has_family);
                    assert_eq!(
                        through.at(peer),
                        expected.as_ref(),
                        "seed {seed}: {node_port:?}, {backend:?}, from {peer}\n{policy:#?}"
                    );
                    seen.extend(expected);
                }
            }
        }
    }
    for reason in [
        Reason::Bypassed,
        Reason::PrefilterDefaultDrop,
        Reason::PolicyAllow,
        Reason::PolicyDeny,
    ] {
        assert!(seen.contains(&reason), "{reason:?} is never tried");
    }
}
