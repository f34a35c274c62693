use std::sync::Arc;

use netverdict_abi::Reason;
use netverdict_policy::diagnostic::{Location, SourceFile};
use netverdict_policy::frame::{Body, FrameSpec};
use netverdict_policy::image::{MapImage, RuleId};
use netverdict_policy::model::RuleRef;
use netverdict_policy::scenario::Undeliverable;

use super::*;
use crate::observation::Judged;

const ALLOW: RuleRef = RuleRef::Policy {
    policy: 0,
    rule: 0,
    entry: 0,
};
const OTHER: RuleRef = RuleRef::Policy {
    policy: 0,
    rule: 1,
    entry: 0,
};

/// A probe of one frame, meant for the node.
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
    let case = Case {
        label: String::new(),
        frame,
        target: Target::Node,
    };
    Probe {
        name: "a probe".to_owned(),
        expect,
        reason,
        cases: vec![case],
        expect_location: location.clone(),
        location,
    }
}

fn decision(reason: Reason, rules: &[RuleRef]) -> Decision {
    Decision {
        reason,
        rules: rules.to_vec(),
        stages: None,
    }
}

fn observed(seen: Seen, judged: Option<(Reason, u32)>, witness: Option<Witness>) -> Observation {
    let judged = judged.map(|(reason, rule)| Judged {
        reason,
        rule: RuleId(rule),
    });
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

#[test]
fn three_parties() {
    use Reason::{PolicyAllow, PolicyDefaultDeny, PolicyDeny, UnprotectedPort};
    let pass = || decision(PolicyAllow, &[ALLOW]);
    let drop = || decision(PolicyDeny, &[ALLOW]);
    let matches = Outcome::Match { redundant: false };
    let redundant = Outcome::Match { redundant: true };
    let policy = Outcome::Mismatch(Blame::Policy);
    let filter = Outcome::Mismatch(Blame::Filter);
    let arrives = Some(Witness::Arrives);
    for (name, expect, decision, seen, judged, witness, outcome) in [
        (
            "all pass",
            Expect::Pass,
            pass(),
            Seen::Delivered,
            Some((PolicyAllow, 1)),
            None,
            &matches,
        ),
        (
            "all drop",
            Expect::Drop,
            drop(),
            Seen::Dropped,
            Some((PolicyDeny, 1)),
            arrives,
            &matches,
        ),
        (
            "a drop that the stack repeats",
            Expect::Drop,
            drop(),
            Seen::Dropped,
            Some((PolicyDeny, 1)),
            Some(Witness::LostBehind),
            &redundant,
        ),
        (
            "open",
            Expect::Drop,
            pass(),
            Seen::Delivered,
            Some((PolicyAllow, 1)),
            None,
            &policy,
        ),
        (
            "open, lost",
            Expect::Drop,
            pass(),
            Seen::PassedThenLost,
            Some((PolicyAllow, 1)),
            None,
            &policy,
        ),
        (
            "shut",
            Expect::Pass,
            drop(),
            Seen::Dropped,
            Some((PolicyDeny, 1)),
            arrives,
            &policy,
        ),
        (
            "filter passes",
            Expect::Drop,
            drop(),
            Seen::Delivered,
            Some((UnprotectedPort, 0)),
            None,
            &filter,
        ),
        (
            "filter drops",
            Expect::Pass,
            pass(),
            Seen::Dropped,
            Some((PolicyDeny, 1)),
            arrives,
            &filter,
        ),
        (
            "filter as meant, policy not",
            Expect::Drop,
            pass(),
            Seen::Dropped,
            Some((PolicyDeny, 1)),
            arrives,
            &filter,
        ),
        (
            "another reason",
            Expect::Drop,
            drop(),
            Seen::Dropped,
            Some((PolicyDefaultDeny, 1)),
            arrives,
            &filter,
        ),
        (
            "another rule",
            Expect::Pass,
            pass(),
            Seen::Delivered,
            Some((PolicyAllow, 2)),
            None,
            &filter,
        ),
        (
            "no rule",
            Expect::Pass,
            pass(),
            Seen::Delivered,
            Some((PolicyAllow, 0)),
            None,
            &filter,
        ),
        (
            "an unknown rule",
            Expect::Pass,
            pass(),
            Seen::Delivered,
            Some((PolicyAllow, 9)),
            None,
            &filter,
        ),
        (
            "aborted",
            Expect::Drop,
            drop(),
            Seen::Aborted,
            Some((Reason::Impossible, 0)),
            arrives,
            &filter,
        ),
        (
            "passed, lost",
            Expect::Pass,
            pass(),
            Seen::PassedThenLost,
            Some((PolicyAllow, 1)),
            None,
            &Outcome::Mismatch(Blame::Delivery),
        ),
    ] {
        let probe = probe(expect, None);
        let observation = observed(seen, judged, witness);
        let found = compare(&probe, &probe.cases[0], &decision, &image(), &observation);
        assert_eq!(&found, outcome, "{name}");
    }
}

#[test]
fn absence_is_no_proof() {
    let drop = decision(Reason::PolicyDeny, &[ALLOW]);
    let said = Some((Reason::PolicyDeny, 1));
    for (name, seen, judged, witness, why) in [
        ("no trace", Seen::NotSeen, None, None, Inconclusive::NotSeen),
        (
            "behind, unjudged",
            Seen::Delivered,
            None,
            None,
            Inconclusive::Unjudged,
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
            Some(Witness::Vacuous),
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
fn the_author_may_ask_for_a_reason() {
    let drop = decision(Reason::PolicyDeny, &[ALLOW]);
    let seen = observed(
        Seen::Dropped,
        Some((Reason::PolicyDeny, 1)),
        Some(Witness::Arrives),
    );
    for (asked, outcome) in [
        (Reason::PolicyDeny, Outcome::Match { redundant: false }),
        (Reason::PolicyDefaultDeny, Outcome::Mismatch(Blame::Policy)),
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
    let pass = decision(Reason::LaterFragment, &[]);
    let mut probe = probe(Expect::Pass, None);
    probe.cases[0].target = Target::Undeliverable(Undeliverable::LoneFragment);
    for seen in [Seen::Passed, Seen::PassedThenLost] {
        let observation = observed(seen, Some((Reason::LaterFragment, 0)), None);
        let found = compare(&probe, &probe.cases[0], &pass, &image(), &observation);
        assert_eq!(found, Outcome::Match { redundant: false });
    }
}
