//! What is drawn has bytes, says the same again, and is not all alike.

use std::collections::BTreeSet;

use super::*;
use crate::frame::{Body, IcmpKind, IpPacket, ProbeId, Transport, build};
use crate::journey::Leg;
use crate::oracle::{Memory, travel};

#[test]
fn the_same_choices_give_the_same() {
    for seed in 0..50 {
        let mut draw = Draw::seeded(seed);
        let policy = super::policy(&mut draw);
        let journeys = sequence(&mut draw, &policy, &topology(&policy), 5);
        let mut again = Draw::replayed(draw.taken().to_vec());
        assert_eq!(super::policy(&mut again), policy);
        assert_eq!(
            sequence(&mut again, &policy, &topology(&policy), 5),
            journeys
        );
    }
}

#[test]
fn no_choices_give_the_simplest() {
    let mut draw = Draw::replayed(Vec::new());
    let policy = super::policy(&mut draw);
    assert_eq!(policy.workloads.len(), 1);
    assert!(policy.network_policies.is_empty() && policy.prefilters.is_empty());
    let (_, frame) = packet(&mut draw, &policy);
    assert!(build(&frame, ProbeId(0), [0; 6]).is_ok());
}

/// Every reason that a filter can give shows up: what is never drawn is never tried.
#[test]
fn every_reason_shows_up() {
    use netverdict_abi::{Reason, Verdict};
    let mut seen = BTreeSet::new();
    let mut proposed = BTreeSet::new();
    for seed in 0..900 {
        let mut draw = Draw::seeded(seed);
        let policy = super::policy(&mut draw);
        let mut memory = Memory::tracking();
        for journey in sequence(&mut draw, &policy, &topology(&policy), 24) {
            for leg in &journey.legs {
                assert!(build(&leg.frame, ProbeId(0), [0; 6]).is_ok(), "{leg:?}");
            }
            let decisions = travel(&policy, &journey, &mut memory);
            seen.extend(decisions.iter().map(|decision| decision.reason));
            proposed.extend((decisions.iter()).filter_map(|decision| {
                let proposed = decision.proposed.as_ref()?;
                Some((decision.verdict(), proposed.reason))
            }));
        }
    }
    let missing: Vec<Reason> = (Reason::ALL.iter().copied())
        .filter(|reason| !seen.contains(reason))
        .collect();
    // A node whose address is at a workload's hook, and states that only a filter
    // can be in.
    assert_eq!(
        missing,
        [
            Reason::PassAll,
            Reason::ForeignDestination,
            Reason::Impossible
        ]
    );
    // Whatever a policy can propose, where the frame passes and where it is dropped.
    let reasons = [
        Reason::PolicyNotSelected,
        Reason::PolicyAllow,
        Reason::PolicyDeny,
        Reason::PolicyDefaultDeny,
        Reason::PolicyNoMatch,
    ];
    let possible: BTreeSet<(Verdict, Reason)> = (reasons.into_iter())
        .flat_map(|reason| [(Verdict::Pass, reason), (Verdict::Drop, reason)])
        // Dropped by default now, it is not allowed by rules that nobody isolates by.
        .filter(|pair| *pair != (Verdict::Drop, Reason::PolicyNotSelected))
        .collect();
    let missing: Vec<_> = possible.difference(&proposed).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Errors about replies that nobody has sent yet: only their connection speaks for
/// them.
#[test]
fn errors_about_replies_show_up() {
    use netverdict_abi::{Hook, Reason};
    let quoted = |leg: &Leg| match &leg.frame.body {
        Body::Ip(IpPacket {
            transport: Transport::Icmp(IcmpKind::Error { about, .. }),
            ..
        }) => Some((about.source, about.destination)),
        _ => None,
    };
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        let mut draw = Draw::seeded(seed);
        let policy = super::policy(&mut draw);
        let mut memory = Memory::tracking();
        let mut ways = BTreeSet::new();
        for journey in sequence(&mut draw, &policy, &topology(&policy), 24) {
            for decision in travel(&policy, &journey, &mut memory) {
                let leg = (journey.legs.iter())
                    .find(|leg| leg.point == decision.point)
                    .expect("a leg of the journey");
                match quoted(leg) {
                    Some(way) if decision.reason == Reason::Related && !ways.contains(&way) => {
                        seen.insert(decision.point.hook());
                    }
                    _ => {}
                }
                if let Body::Ip(packet) = &leg.frame.body {
                    ways.insert((packet.source, packet.destination));
                }
            }
        }
    }
    assert_eq!(seen, [Hook::Egress, Hook::Ingress].into());
}
