//! Who says what the oracle says, and who does not: all agreement rests on that.

use netverdict_abi::Reason;
use netverdict_policy::journey::Point;
use netverdict_policy::model::RuleRef;
use netverdict_policy::oracle::{Decision, Proposed, Said};

const FIRST: RuleRef = RuleRef::DefaultDeny { policy: 0 };
const SECOND: RuleRef = RuleRef::DefaultDeny { policy: 1 };
const OTHER: RuleRef = RuleRef::DefaultDeny { policy: 2 };

fn decision(rules: &[RuleRef], proposed: Option<Proposed>) -> Decision {
    Decision {
        point: Point::Ingress(0),
        reason: Reason::PolicyNoMatch,
        rules: rules.to_vec(),
        proposed,
        stage: None,
    }
}

const fn said(reason: Reason, rule: Option<RuleRef>) -> Said {
    Said { reason, rule }
}

#[test]
fn a_party_names_the_reason_and_one_of_the_rules() {
    let by_rules = decision(&[FIRST, SECOND], None);
    for (rule, agrees) in [
        (Some(FIRST), true),
        (Some(SECOND), true),
        (Some(OTHER), false),
        (None, false),
    ] {
        let same = said(Reason::PolicyNoMatch, rule);
        assert_eq!(by_rules.is_said_by(same, None), agrees, "{rule:?}");
        let other = said(Reason::PolicyDefaultDeny, rule);
        assert!(!by_rules.is_said_by(other, None), "{rule:?}");
    }
    let by_none = decision(&[], None);
    assert!(by_none.is_said_by(said(Reason::PolicyNoMatch, None), None));
    assert!(!by_none.is_said_by(said(Reason::PolicyNoMatch, Some(FIRST)), None));
    assert!(!by_none.is_said_by(said(Reason::PolicyAllow, None), None));
}

#[test]
fn what_is_proposed_is_said_as_well() {
    let proposed = Proposed {
        reason: Reason::PolicyDeny,
        rules: vec![SECOND],
    };
    let both = decision(&[FIRST], Some(proposed));
    let decided = said(Reason::PolicyNoMatch, Some(FIRST));
    let right = said(Reason::PolicyDeny, Some(SECOND));
    assert!(both.is_said_by(decided, Some(right)));
    for wrong in [
        None,
        Some(said(Reason::PolicyAllow, Some(SECOND))),
        Some(said(Reason::PolicyDeny, Some(FIRST))),
        Some(said(Reason::PolicyDeny, None)),
    ] {
        assert!(!both.is_said_by(decided, wrong), "{wrong:?}");
    }
    // One that is right about what is proposed may be wrong about what decides.
    assert!(!both.is_said_by(said(Reason::PolicyAllow, Some(FIRST)), Some(right)));
    assert!(!decision(&[FIRST], None).is_said_by(decided, Some(right)));
}
