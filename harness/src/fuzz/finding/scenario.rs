//! A finding as a scenario: red as long as it is one, green once it is mended.

use netverdict_abi::Verdict;
use netverdict_policy::generate;
use netverdict_policy::journey::Journey;
use netverdict_policy::model::Policy;
use netverdict_policy::oracle::{Memory, travel};
use netverdict_policy::scenario::Expect;
use netverdict_policy::write::{self, Draft, DraftProbe, Unwritable};

use crate::fuzz::case::{Packet, Twist};
use crate::fuzz::check::{Shown, passes};
use crate::fuzz::{Finding, Property};

/// The scenario file of a finding.
///
/// # Errors
/// What no YAML says: bytes that are no frame of a probe, and policies that follow each
/// other.
pub(super) fn scenario(finding: &Finding) -> Result<String, Unwritable> {
    let case = &finding.case;
    let cannot = |why: &str| Unwritable {
        what: "the finding".to_owned(),
        why: why.to_owned(),
    };
    let (policy, packets) = match (&case.twist, &finding.failure.shown) {
        (Twist::Damaged(_), _) => return Err(cannot("its frames are damaged")),
        (Twist::Updated { .. }, _) => return Err(cannot("several policies follow each other")),
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
) -> Result<String, Unwritable> {
    let topology = generate::topology(policy);
    let journeys: Vec<Journey> = (packets.iter())
        .map(|packet| packet.journey(&topology))
        .collect();
    let tracked = finding.case.tracked;
    let mut memory = match tracked {
        true => Memory::tracking(),
        false => Memory::untracked(),
    };
    let mut probes = Vec::with_capacity(journeys.len());
    for (index, journey) in journeys.iter().enumerate() {
        if !tracked {
            memory = Memory::untracked();
        }
        let decisions = travel(policy, journey, &mut memory);
        let by_oracle = decisions
            .last()
            .is_none_or(|decision| decision.verdict() == Verdict::Pass);
        let expect = match demanded {
            Some(demanded) if index + 1 == journeys.len() => demanded,
            Some(_) | None => expected(by_oracle),
        };
        probes.push(DraftProbe {
            name: "",
            journey,
            expect,
            reason: None,
            sequence: tracked.then_some(0),
        });
    }
    let names: Vec<String> = (1..=probes.len()).map(|n| format!("packet-{n}")).collect();
    for (probe, name) in probes.iter_mut().zip(&names) {
        probe.name = name;
    }
    let why = format!(
        "found by netverdict fuzz --seed {} in case {}: {}",
        finding.seed,
        finding.number,
        finding.words().join("; ")
    );
    write::scenario(&Draft {
        name: title(finding.property),
        why: &why,
        tags: &["regression"],
        xfail: None,
        policy,
        topology: &topology,
        probes,
    })
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
