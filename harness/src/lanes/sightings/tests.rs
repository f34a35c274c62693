use netverdict_abi::{Event, REASON_COUNT, Reason};
use netverdict_lab::wire::{Delivery, Returned, Tapped};
use netverdict_policy::frame::{Body, FrameSpec, probe_mac};

use super::*;

const ID: ProbeId = ProbeId(5);
const WORKLOAD: Place = Place::Workload(0);

fn case(target: Target) -> Case {
    let frame = FrameSpec {
        tags: Vec::new(),
        body: Body::Other { ethertype: 1 },
        truncate: None,
    };
    Case {
        label: String::new(),
        frame,
        target,
    }
}

fn to_workload() -> Case {
    let node_port = "30007/tcp".parse().expect("a port");
    case(Target::Workload {
        workload: 0,
        node_port,
    })
}

/// Evidence of one probe, judged, tapped and delivered so often.
fn evidence(judged: &[Reason], tapped: usize, places: &[Place], returned: usize) -> BatchEvidence {
    let event = |reason: &Reason| Event {
        source_mac: probe_mac(ID),
        reason: *reason as u8,
        generation: 0,
        rule: 0,
        frame_length: 60,
        ifindex: 1,
        rx_queue: 0,
    };
    BatchEvidence {
        sent: 1,
        events: judged.iter().map(event).collect(),
        tapped: vec![
            Tapped {
                id: Some(ID),
                length: 60
            };
            tapped
        ],
        delivered: places
            .iter()
            .map(|place| Delivery {
                id: ID,
                place: *place,
            })
            .collect(),
        returned: vec![
            Returned {
                length: 60,
                head: Vec::new()
            };
            returned
        ],
        counters: [0; REASON_COUNT],
        lost_events: 0,
        sentinel_seen: true,
    }
}

fn finding(case: &Case, evidence: &BatchEvidence) -> Finding {
    let mut sightings = Sightings::new(&[(ID, Vec::new())]);
    sightings.add(&[(ID, &[])], evidence)?;
    sightings.finding(ID, case)
}

#[test]
fn traces_that_fit_together() {
    use Reason::{Impossible, PolicyAllow, PolicyDeny};
    for (name, judged, tapped, places, returned, seen) in [
        ("no trace", &[][..], 0, &[][..], 0, Seen::NotSeen),
        ("dropped", &[PolicyDeny], 0, &[], 0, Seen::Dropped),
        ("aborted", &[Impossible], 0, &[], 0, Seen::Aborted),
        (
            "delivered",
            &[PolicyAllow],
            1,
            &[WORKLOAD],
            0,
            Seen::Delivered,
        ),
        ("lost", &[PolicyAllow], 1, &[], 0, Seen::PassedThenLost),
        (
            "elsewhere",
            &[PolicyAllow],
            1,
            &[Place::Node],
            0,
            Seen::PassedThenLost,
        ),
        ("no filter there", &[], 1, &[WORKLOAD], 0, Seen::Delivered),
        ("answered", &[PolicyAllow], 1, &[], 1, Seen::Rejected),
    ] {
        let found = finding(&to_workload(), &evidence(judged, tapped, places, returned));
        assert_eq!(
            found.map(|observation| observation.seen),
            Ok(seen),
            "{name}"
        );
    }
}

#[test]
fn traces_that_contradict_each_other() {
    use Reason::{PolicyAllow, PolicyDeny};
    for (name, judged, tapped, places) in [
        ("passed, and not behind", &[PolicyAllow][..], 0, &[][..]),
        ("dropped, and behind", &[PolicyDeny], 1, &[WORKLOAD]),
        ("judged twice", &[PolicyAllow, PolicyAllow], 1, &[WORKLOAD]),
        ("behind twice", &[PolicyAllow], 2, &[WORKLOAD]),
        ("arrived twice", &[PolicyAllow], 1, &[WORKLOAD, Place::Node]),
    ] {
        assert!(
            finding(&to_workload(), &evidence(judged, tapped, places, 0)).is_err(),
            "{name}"
        );
    }
}

#[test]
fn a_malformed_frame_may_be_lost_before_the_tap() {
    let malformed = case(Target::Undeliverable(Undeliverable::Malformed));
    let passed = evidence(&[Reason::PassAll], 0, &[], 0);
    let seen = finding(&malformed, &passed).map(|observation| observation.seen);
    assert_eq!(seen, Ok(Seen::PassedThenLost));
}

#[test]
fn a_probe_that_was_not_sent_is_no_evidence() {
    let mut sightings = Sightings::new(&[(ProbeId(9), Vec::new())]);
    assert!(
        sightings
            .add(&[], &evidence(&[Reason::PolicyAllow], 0, &[], 0))
            .is_err()
    );
    assert!(sightings.add(&[], &evidence(&[], 1, &[], 0)).is_err());
}
