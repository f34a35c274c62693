use std::sync::Arc;

use netverdict_abi::Reason;
use netverdict_policy::diagnostic::{Location, SourceFile};
use netverdict_policy::frame::{Body, FrameSpec};
use netverdict_policy::image::{MapImage, RuleId};
use netverdict_policy::journey::{Journey, Leg, Point};
use netverdict_policy::model::RuleRef;
use netverdict_policy::oracle::Proposed;
use netverdict_policy::scenario::{Expect, OfPolicy, Undeliverable};

use super::*;

const ALLOW: RuleRef = RuleRef::Policy {
    policy: 0,
    rule: 0,
    peer: 0,
};
const OTHER: RuleRef = RuleRef::Policy {
    policy: 0,
    rule: 1,
    peer: 0,
};

const POINTS: [Point; 2] = [Point::Uplink, Point::Ingress(0)];

/// A probe of one frame, by the uplink to a workload.
fn probe(expect: Expect, reason: Option<Reason>) -> Probe {
    let file = Arc::new(SourceFile {
        path: "a.yaml".to_owned(),
        text: String::new(),
    });
    let location = Location::new(&file, 0, 0);
    let frame = FrameSpec {
        tags: Vec::new(),
        body: Body::Other { ethertype: 0x88b6 },
        truncate: None,
    };
    let leg = |point| Leg {
        point,
        frame: frame.clone(),
    };
    let case = Case {
        label: String::new(),
        journey: Journey {
            legs: POINTS.map(leg).into(),
            target: Target::Workload {
                workload: 0,
                node_port: None,
            },
        },
    };
    Probe {
        name: "a probe".to_owned(),
        expect,
        reason,
        of_policy: OfPolicy::InForce,
        proposed: None,
        cases: vec![case],
        sequence: None,
        expect_location: location.clone(),
        location,
    }
}

fn decision(point: Point, reason: Reason, rules: &[RuleRef]) -> Decision {
    Decision {
        point,
        reason,
        rules: rules.to_vec(),
        proposed: None,
        stage: None,
    }
}

/// The uplink lets it on, and the workload's hook says this.
fn behind_the_uplink(reason: Reason, rule: RuleRef) -> Vec<Decision> {
    vec![
        decision(POINTS[0], Reason::NoPrefilter, &[]),
        decision(POINTS[1], reason, &[rule]),
    ]
}

fn observed(seen: Seen, said: &[(Reason, u32)], witness: Option<Witness>) -> Observation {
    let judged = (said.iter().zip(POINTS))
        .map(|((reason, rule), point)| Judged {
            point,
            reason: *reason,
            rule: RuleId(*rule),
            proposed: None,
        })
        .collect();
    Observation {
        seen,
        judged,
        witness,
    }
}

fn image() -> MapImage {
    MapImage {
        rules: vec![ALLOW, OTHER],
        ..MapImage::default()
    }
}

const ON: (Reason, u32) = (Reason::NoPrefilter, 0);

#[test]
fn three_parties() {
    use Reason::{PolicyAllow, PolicyDeny, PolicyNoMatch, PolicyNotSelected, PrefilterDeny};
    let pass = || behind_the_uplink(PolicyAllow, ALLOW);
    let drop = || behind_the_uplink(PolicyDeny, ALLOW);
    let at_uplink = || vec![decision(POINTS[0], PrefilterDeny, &[OTHER])];
    let matches = Outcome::Match { redundant: false };
    let redundant = Outcome::Match { redundant: true };
    let policy = Outcome::Mismatch(Blame::Policy);
    let filter = Outcome::Mismatch(Blame::Filter);
    let delivery = Outcome::Mismatch(Blame::Delivery);
    let arrives = Some(Witness::Arrives);
    let (meant_in, meant_out) = (Expect::Pass, Expect::Drop);
    for (name, expect, decisions, seen, said, witness, outcome) in [
        (
            "all pass",
            meant_in,
            pass(),
            Seen::Delivered,
            &[ON, (PolicyAllow, 1)][..],
            None,
            &matches,
        ),
        (
            "all drop",
            meant_out,
            drop(),
            Seen::Dropped,
            &[ON, (PolicyDeny, 1)],
            arrives,
            &matches,
        ),
        (
            "all drop at the uplink",
            meant_out,
            at_uplink(),
            Seen::Dropped,
            &[(PrefilterDeny, 2)],
            arrives,
            &matches,
        ),
        (
            "a drop that the stack repeats",
            meant_out,
            drop(),
            Seen::Dropped,
            &[ON, (PolicyDeny, 1)],
            Some(Witness::LostBehind),
            &redundant,
        ),
        (
            "open",
            meant_out,
            pass(),
            Seen::Delivered,
            &[ON, (PolicyAllow, 1)],
            None,
            &policy,
        ),
        (
            "open, lost",
            meant_out,
            pass(),
            Seen::PassedThenLost,
            &[ON, (PolicyAllow, 1)],
            None,
            &policy,
        ),
        (
            "shut",
            meant_in,
            drop(),
            Seen::Dropped,
            &[ON, (PolicyDeny, 1)],
            arrives,
            &policy,
        ),
        (
            "filter passes",
            meant_out,
            drop(),
            Seen::Delivered,
            &[ON, (PolicyNotSelected, 0)],
            None,
            &filter,
        ),
        (
            "filter drops",
            meant_in,
            pass(),
            Seen::Dropped,
            &[ON, (PolicyDeny, 1)],
            arrives,
            &filter,
        ),
        (
            "filter drops at the uplink",
            meant_out,
            drop(),
            Seen::Dropped,
            &[(PrefilterDeny, 2)],
            arrives,
            &filter,
        ),
        (
            "filter passes at the uplink",
            meant_out,
            at_uplink(),
            Seen::Dropped,
            &[ON, (PolicyDeny, 1)],
            arrives,
            &filter,
        ),
        (
            "another reason on the way",
            meant_in,
            pass(),
            Seen::Delivered,
            &[(Reason::OtherProtocol, 0), (PolicyAllow, 1)],
            None,
            &filter,
        ),
        (
            "filter as meant, policy not",
            meant_out,
            pass(),
            Seen::Dropped,
            &[ON, (PolicyDeny, 1)],
            arrives,
            &filter,
        ),
        (
            "another reason",
            meant_out,
            drop(),
            Seen::Dropped,
            &[ON, (PolicyNoMatch, 1)],
            arrives,
            &filter,
        ),
        (
            "another rule",
            meant_in,
            pass(),
            Seen::Delivered,
            &[ON, (PolicyAllow, 2)],
            None,
            &filter,
        ),
        (
            "no rule",
            meant_in,
            pass(),
            Seen::Delivered,
            &[ON, (PolicyAllow, 0)],
            None,
            &filter,
        ),
        (
            "an unknown rule",
            meant_in,
            pass(),
            Seen::Delivered,
            &[ON, (PolicyAllow, 9)],
            None,
            &filter,
        ),
        (
            "aborted",
            meant_out,
            drop(),
            Seen::Aborted,
            &[ON, (Reason::Impossible, 0)],
            arrives,
            &filter,
        ),
        (
            "passed, lost",
            meant_in,
            pass(),
            Seen::PassedThenLost,
            &[ON, (PolicyAllow, 1)],
            None,
            &delivery,
        ),
        (
            "lost between the hooks",
            meant_in,
            pass(),
            Seen::PassedThenLost,
            &[ON],
            None,
            &delivery,
        ),
    ] {
        let probe = probe(expect, None);
        let observation = observed(seen, said, witness);
        let found = compare(&probe, &probe.cases[0], &decisions, &image(), &observation);
        assert_eq!(&found, outcome, "{name}");
    }
}

#[test]
fn absence_is_no_proof() {
    let drop = behind_the_uplink(Reason::PolicyDeny, ALLOW);
    let said = &[ON, (Reason::PolicyDeny, 1)][..];
    let vacuous = Some(Witness::Vacuous);
    for (name, seen, judged, witness, why) in [
        (
            "no trace",
            Seen::NotSeen,
            &[][..],
            None,
            Inconclusive::NotSeen,
        ),
        (
            "behind, unjudged",
            Seen::Delivered,
            &[],
            None,
            Inconclusive::Unjudged,
        ),
        (
            "in the workload, unjudged there",
            Seen::Delivered,
            &[ON],
            None,
            Inconclusive::Unjudged,
        ),
        (
            "lost on the way to the hook that drops it",
            Seen::PassedThenLost,
            &[ON],
            None,
            Inconclusive::Lost,
        ),
        (
            "answered",
            Seen::Rejected,
            said,
            None,
            Inconclusive::Rejected,
        ),
        (
            "no witness",
            Seen::Dropped,
            said,
            vacuous,
            Inconclusive::Vacuous,
        ),
    ] {
        for expect in [Expect::Pass, Expect::Drop] {
            let probe = probe(expect, None);
            let observation = observed(seen, judged, witness);
            let found = compare(&probe, &probe.cases[0], &drop, &image(), &observation);
            assert_eq!(found, Outcome::Error(why), "{name}");
        }
    }
}

#[test]
fn the_author_may_ask_for_the_reason_of_the_hook_that_decides() {
    let drop = behind_the_uplink(Reason::PolicyDeny, ALLOW);
    let seen = observed(
        Seen::Dropped,
        &[ON, (Reason::PolicyDeny, 1)],
        Some(Witness::Arrives),
    );
    for (asked, outcome) in [
        (Reason::PolicyDeny, Outcome::Match { redundant: false }),
        (Reason::PolicyNoMatch, Outcome::Mismatch(Blame::Policy)),
        (Reason::NoPrefilter, Outcome::Mismatch(Blame::Policy)),
    ] {
        let probe = probe(Expect::Drop, Some(asked));
        assert_eq!(
            compare(&probe, &probe.cases[0], &drop, &image(), &seen),
            outcome
        );
    }
}

#[test]
fn what_a_host_cannot_deliver_needs_not_arrive() {
    let pass = [decision(POINTS[0], Reason::NoPrefilter, &[])];
    let mut probe = probe(Expect::Pass, None);
    probe.cases[0].journey.legs.truncate(1);
    probe.cases[0].journey.target = Target::Undeliverable(Undeliverable::LoneFragment);
    for seen in [Seen::Passed, Seen::PassedThenLost] {
        let observation = observed(seen, &[ON], None);
        let found = compare(&probe, &probe.cases[0], &pass, &image(), &observation);
        assert_eq!(found, Outcome::Match { redundant: false });
    }
}

/// A decision that proposes something else.
fn proposing(reason: Reason, proposed: Reason) -> Decision {
    Decision {
        proposed: Some(Proposed {
            reason: proposed,
            rules: Vec::new(),
        }),
        ..decision(POINTS[1], reason, &[])
    }
}

#[test]
fn what_would_be_is_said_by_the_first_hook_that_would_not_pass_it() {
    let uplink = decision(POINTS[0], Reason::NoPrefilter, &[]);
    let dropped = decision(POINTS[0], Reason::PrefilterDeny, &[]);
    let (pass, drop) = (Reason::PolicyAllow, Reason::PolicyNoMatch);
    for (decisions, expected) in [
        (vec![uplink.clone()], Reason::NoPrefilter),
        (vec![dropped], Reason::PrefilterDeny),
        (vec![uplink.clone(), proposing(pass, drop)], drop),
        (vec![uplink.clone(), proposing(drop, pass)], pass),
        (vec![proposing(pass, drop), proposing(pass, pass)], drop),
    ] {
        assert_eq!(would_be(&decisions), expected, "{decisions:?}");
    }
}

#[test]
fn a_filter_that_proposes_otherwise_is_wrong() {
    let (pass, drop) = (Reason::PolicyNotSelected, Reason::PolicyNoMatch);
    let right = proposing(pass, drop);
    let said = |proposed: Option<Reason>| Judgement {
        reason: pass,
        rule: RuleId::NONE,
        proposed: proposed.map(|reason| Proposal {
            reason,
            rule: RuleId::NONE,
        }),
    };
    for (word, agrees) in [
        (said(Some(drop)), true),
        (said(Some(pass)), false),
        (said(None), false),
    ] {
        assert_eq!(says_the_same(&right, word, &image()), agrees, "{word:?}");
    }
    let nothing = decision(POINTS[1], pass, &[]);
    assert!(!says_the_same(&nothing, said(Some(drop)), &image()));
}
