//! A finding as a scenario: red as long as it is one, green once it is mended.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netverdict_abi::Verdict;
use netverdict_policy::frame::{IpPacket, Transport};
use netverdict_policy::generate;
use netverdict_policy::journey::{Journey, Sender};
use netverdict_policy::model::Policy;
use netverdict_policy::oracle::{Memory, travel};
use netverdict_policy::port::Protocol;
use netverdict_policy::prefix::Family;
use netverdict_policy::scenario::{Connections, Expect};
use netverdict_policy::topology::TopologyPlan;
use netverdict_policy::write::{self, Draft, DraftProbe, DraftStep, Unwritable, Written};

use crate::fuzz::case::{Packet, Twist, Update};
use crate::fuzz::check::{Shown, passes};
use crate::fuzz::{Finding, Property};

/// The scenario of a finding.
///
/// # Errors
/// What no YAML says: bytes that are no frame of a probe.
pub(super) fn scenario(finding: &Finding) -> Result<Written, Unwritable> {
    let case = &finding.case;
    let (policy, packets) = match (&case.twist, &finding.failure.shown) {
        (Twist::Damaged(_), _) => {
            return Err(Unwritable {
                what: "the finding".to_owned(),
                why: "its frames are damaged".to_owned(),
            });
        }
        (Twist::Updated { updates, .. }, _) => return updated(finding, updates),
        (Twist::None | Twist::Changed(_), Shown::Differ { policy, .. }) => {
            (case.policies().swap_remove(*policy), &case.packets[..])
        }
        (Twist::None | Twist::Changed(_), Shown::Changed { packet, .. }) => {
            // Nothing is remembered from one to the next, or all before it matters.
            let first = if case.tracked { 0 } else { *packet };
            let policies = case.policies();
            let changed = policies.last().unwrap_or(&case.policy).clone();
            (changed, &case.packets[first..=*packet])
        }
        (Twist::None | Twist::Changed(_), Shown::Panicked(_)) => {
            (case.policy.clone(), &case.packets[..])
        }
    };
    let demanded = match &finding.failure.shown {
        Shown::Changed { before, .. } => Some(expected(passes(before))),
        Shown::Differ { .. } | Shown::Panicked(_) => None,
    };
    written(finding, &policy, packets, demanded)
}

/// `demanded` of the last packet; what the oracle says of the others.
fn written(
    finding: &Finding,
    policy: &Policy,
    packets: &[Packet],
    demanded: Option<Expect>,
) -> Result<Written, Unwritable> {
    let topology = generate::topology(policy);
    let tracked = finding.case.tracked;
    let journeys = journeys(packets, &topology);
    let mut memory = memory(tracked);
    let mut expects = expectations(policy, &journeys, &mut memory, tracked);
    if let (Some(demanded), Some(last)) = (demanded, expects.last_mut()) {
        *last = demanded;
    }
    let names = names("packet", journeys.len());
    write::scenario(&Draft {
        file: &finding.name(),
        name: title(finding.property),
        why: &why(finding),
        tags: &["regression"],
        xfail: None,
        policy,
        topology: &topology,
        probes: drafts(&names, &journeys, &expects, tracked),
        before_steps: Vec::new(),
        steps: Vec::new(),
    })
}

/// Policies that follow each other, as steps; what is sent under the last of them once
/// everything was forgotten, behind the last step.
fn updated(finding: &Finding, updates: &[Update]) -> Result<Written, Unwritable> {
    let case = &finding.case;
    let topology = generate::topology(&case.policy);
    let mut memory = Memory::tracking();
    let mut before = Vec::new();
    let mut steps = Vec::with_capacity(updates.len());
    for (index, update) in updates.iter().enumerate() {
        let next = updates.get(index + 1);
        let (packets, connections) = match next {
            Some(next) => (&next.packets, update.connections),
            None if case.packets.is_empty() => (&case.packets, update.connections),
            None => (&case.packets, Connections::Forget),
        };
        if index == 0 {
            let journeys = journeys(&update.packets, &topology);
            let expects = expectations(&case.policy, &journeys, &mut memory, true);
            before = vec![(names("before", journeys.len()), journeys, expects)];
        }
        memory.policy_replaced(connections);
        let journeys = journeys(packets, &topology);
        let expects = expectations(&update.policy, &journeys, &mut memory, true);
        let names = names(&format!("step-{}-packet", index + 1), journeys.len());
        steps.push((connections, &update.policy, names, journeys, expects));
    }
    let traffic: Vec<Journey> = (topology.node.first())
        .map(|node| passer_by(*node).journey(&topology))
        .into_iter()
        .collect();
    let expects = expectations(&case.policy, &traffic, &mut Memory::untracked(), false);
    let names = names("traffic", traffic.len());
    write::scenario(&Draft {
        file: &finding.name(),
        name: title(finding.property),
        why: &why(finding),
        tags: &["regression"],
        xfail: None,
        policy: &case.policy,
        topology: &topology,
        probes: drafts(&names, &traffic, &expects, false),
        before_steps: (before.iter())
            .flat_map(|(names, journeys, expects)| drafts(names, journeys, expects, true))
            .collect(),
        steps: (steps.iter())
            .map(
                |(connections, policy, names, journeys, expects)| DraftStep {
                    connections: *connections,
                    policy,
                    probes: drafts(names, journeys, expects, true),
                },
            )
            .collect(),
    })
}

/// What is sent over and over while the policies change: something has to be.
fn passer_by(node: IpAddr) -> Packet {
    let source = match Family::of(node) {
        Family::V4 => Ipv4Addr::new(198, 51, 100, 7).into(),
        Family::V6 => Ipv6Addr::new(0x2001, 0xdb8, 0xbad, 0, 0, 0, 0, 7).into(),
    };
    let transport = Transport::opening(Protocol::Tcp, 40000, 30007);
    Packet {
        sender: Sender::Outside,
        frame: IpPacket::plain(source, node, transport).into(),
    }
}

fn journeys(packets: &[Packet], topology: &TopologyPlan) -> Vec<Journey> {
    (packets.iter())
        .map(|packet| packet.journey(topology))
        .collect()
}

fn memory(tracked: bool) -> Memory {
    match tracked {
        true => Memory::tracking(),
        false => Memory::untracked(),
    }
}

/// What the oracle says of each, one after the other or, untracked, each by itself.
fn expectations(
    policy: &Policy,
    journeys: &[Journey],
    memory: &mut Memory,
    tracked: bool,
) -> Vec<Expect> {
    (journeys.iter())
        .map(|journey| {
            if !tracked {
                *memory = Memory::untracked();
            }
            let decisions = travel(policy, journey, memory);
            let last = decisions.last();
            expected(last.is_none_or(|decision| decision.verdict() == Verdict::Pass))
        })
        .collect()
}

/// `packet-1` and so on.
fn names(of: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("{of}-{number}")).collect()
}

fn drafts<'a>(
    names: &'a [String],
    journeys: &'a [Journey],
    expects: &[Expect],
    in_order: bool,
) -> Vec<DraftProbe<'a>> {
    (names.iter().zip(journeys).zip(expects))
        .map(|((name, journey), expect)| DraftProbe {
            name,
            journey,
            expect: *expect,
            reason: None,
            sequence: in_order.then_some(0),
        })
        .collect()
}

fn why(finding: &Finding) -> String {
    format!(
        "found by netverdict fuzz --seed {} in case {}: {}",
        finding.seed,
        finding.number,
        finding.words().join("; ")
    )
}

fn expected(passes: bool) -> Expect {
    match passes {
        true => Expect::Pass,
        false => Expect::Drop,
    }
}

/// A scenario's name: what holds once the finding is mended.
fn title(property: Property) -> &'static str {
    match property {
        Property::Agreement => "policy, map image and filter say the same",
        Property::DenyNeverWidens => "more that is denied lets nothing through",
        Property::AllowNeverNarrows => "more that is allowed stops nothing",
        Property::OrderDoesNotMatter => "the order of rules does not matter",
        Property::HalvesAreTheWhole => "two halves are their prefix",
        Property::AggregationChangesNothing => "fewer prefixes of the same addresses are the same",
        Property::UpdateEqualsFreshLoad => "a policy that follows others is what it is by itself",
        Property::DamagedFrames => "damaged frames are judged as they should be",
    }
}

#[cfg(test)]
mod tests;
