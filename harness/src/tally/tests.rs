use super::*;
use crate::event::{Problem, SuiteId, Verdict};

fn verdict(outcome: ProbeOutcome) -> Event {
    let suite = SuiteId {
        scenario: "a.yaml".to_owned(),
        lane: "model",
        mode: None,
    };
    Event::Verdict(Verdict {
        suite,
        probe: "p".to_owned(),
        location: String::new(),
        outcome,
        skipped: None,
        cases: Vec::new(),
        places: Vec::new(),
        explanation: String::new(),
        rerun: String::new(),
        micros: 0,
    })
}

/// Any error counts for more than any mismatch, and that for more than green.
#[test]
fn the_worst_decides() {
    use ProbeOutcome::{
        DeliveryMismatch, Error, FilterMismatch, Match, PolicyMismatch, Reproduced, UnexpectedPass,
    };
    for (outcomes, exit) in [
        (&[Match, Reproduced][..], Exit::AsExpected),
        (&[Match, PolicyMismatch], Exit::Mismatch),
        (&[Match, FilterMismatch], Exit::Mismatch),
        (&[DeliveryMismatch, Match], Exit::Mismatch),
        (&[UnexpectedPass], Exit::Mismatch),
        (&[Match, Error], Exit::Inconclusive),
        (&[PolicyMismatch, Error], Exit::Inconclusive),
        // No probe at all is an error of its own.
        (&[], Exit::Inconclusive),
    ] {
        let events: Vec<Event> = outcomes.iter().copied().map(verdict).collect();
        let sum = tally(&events, false, Duration::ZERO);
        assert_eq!(sum.exit_code, exit.code(), "{outcomes:?}");
    }
}

#[test]
fn a_problem_and_an_interruption_are_inconclusive() {
    let green = verdict(ProbeOutcome::Match);
    let problem = Event::Problem(Problem {
        code: "harness-fault".to_owned(),
        file: None,
        text: String::new(),
    });
    let inconclusive = Exit::Inconclusive.code();
    let events = [green.clone(), problem];
    assert_eq!(
        tally(&events, false, Duration::ZERO).exit_code,
        inconclusive
    );
    assert_eq!(
        tally(&[green], true, Duration::ZERO).exit_code,
        inconclusive
    );
}
