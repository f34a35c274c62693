use netverdict_abi::{Event, REASON_COUNT, Reason};
use netverdict_lab::wire::{Delivery, Returned, Tapped};
use netverdict_policy::frame::{Body, FrameSpec, probe_mac};
use netverdict_policy::journey::{Leg, Sender};
use netverdict_policy::port::ProtoPort;

use super::*;

const ID: ProbeId = ProbeId(5);
const FIRST: Place = Place::Workload(0);

/// Interfaces as a lab numbers them.
fn link(point: Point) -> u32 {
    [0, 1 << 24]
        .into_iter()
        .flat_map(|first| first..first + 200)
        .find(|link| point_of(point.hook(), *link) == Some(point))
        .expect("every hook has an interface")
}

fn case(points: &[Point], target: Target) -> Case {
    let leg = |point: &Point| Leg {
        point: *point,
        frame: FrameSpec {
            tags: Vec::new(),
            body: Body::Other { ethertype: 1 },
            truncate: None,
        },
    };
    Case {
        label: String::new(),
        journey: Journey {
            legs: points.iter().map(leg).collect(),
            target,
        },
    }
}

/// From outside to the first workload, through a node port.
fn to_workload() -> Case {
    let node_port: ProtoPort = "30007/tcp".parse().expect("a port");
    case(
        &[Point::Uplink, Point::Ingress(0)],
        Target::Workload {
            workload: 0,
            node_port: Some(node_port),
        },
    )
}

fn event(point: Point, reason: Reason) -> Event {
    Event {
        source_mac: probe_mac(ID),
        reason: reason as u8,
        generation: 0,
        tail: [0; 8],
        hook: point.hook() as u8,
        proposed: Event::NOT_PROPOSED,
        zero: [0; 2],
        proposed_rule: 0,
        rule: 0,
        frame_length: 60,
        ifindex: link(point),
        rx_queue: 0,
    }
}

/// Evidence of one probe: what the filter said, behind which first hooks it was
/// tapped, and where it arrived.
fn evidence(
    judged: &[(Point, Reason)],
    tapped: &[Point],
    places: &[Place],
    returned: usize,
) -> BatchEvidence {
    BatchEvidence {
        sent: 1,
        events: (judged.iter())
            .map(|(point, reason)| event(*point, *reason))
            .collect(),
        tapped: (tapped.iter())
            .map(|point| Tapped {
                id: Some(ID),
                point: *point,
                length: 60,
            })
            .collect(),
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
        counters: [[0; REASON_COUNT]; 3],
        proposed: [[0; REASON_COUNT]; 3],
        lost_events: 0,
        sentinel_seen: true,
    }
}

fn of_one() -> Sightings {
    Sightings::new(&[Frames {
        id: ID,
        legs: Vec::new(),
    }])
}

fn shot() -> Shot<'static> {
    Shot {
        id: ID,
        from: Sender::Outside,
        frame: &[],
    }
}

fn finding(case: &Case, evidence: &BatchEvidence) -> Result<Observation, String> {
    let mut sightings = of_one();
    sightings.add(&[shot()], false, evidence)?;
    sightings.finding(ID, case)
}

const UPLINK: Point = Point::Uplink;
const INGRESS: Point = Point::Ingress(0);

#[test]
fn traces_that_fit_together() {
    use Reason::{Impossible, NoPrefilter, PolicyAllow, PolicyDeny, PrefilterDeny};
    let passed = (UPLINK, NoPrefilter);
    let tap = &[UPLINK][..];
    for (name, judged, tapped, places, returned, seen, hooks) in [
        ("no trace", &[][..], &[][..], &[][..], 0, Seen::NotSeen, 0),
        (
            "dropped at the uplink",
            &[(UPLINK, PrefilterDeny)],
            &[],
            &[],
            0,
            Seen::Dropped,
            1,
        ),
        (
            "aborted",
            &[(UPLINK, Impossible)],
            &[],
            &[],
            0,
            Seen::Aborted,
            1,
        ),
        (
            "dropped before the workload",
            &[passed, (INGRESS, PolicyDeny)],
            tap,
            &[],
            0,
            Seen::Dropped,
            2,
        ),
        (
            "delivered",
            &[passed, (INGRESS, PolicyAllow)],
            tap,
            &[FIRST],
            0,
            Seen::Delivered,
            2,
        ),
        // Events of two links come in any order.
        (
            "delivered",
            &[(INGRESS, PolicyAllow), passed],
            tap,
            &[FIRST],
            0,
            Seen::Delivered,
            2,
        ),
        (
            "lost between",
            &[passed],
            tap,
            &[],
            0,
            Seen::PassedThenLost,
            1,
        ),
        (
            "elsewhere",
            &[passed],
            tap,
            &[Place::Node],
            0,
            Seen::PassedThenLost,
            1,
        ),
        (
            "no filter at all",
            &[],
            tap,
            &[FIRST],
            0,
            Seen::Delivered,
            0,
        ),
        (
            "no filter at the workload",
            &[passed],
            tap,
            &[FIRST],
            0,
            Seen::Delivered,
            1,
        ),
        ("answered", &[passed], tap, &[], 1, Seen::Rejected, 1),
    ] {
        let found = finding(&to_workload(), &evidence(judged, tapped, places, returned));
        let found = found.map(|observation| (observation.seen, observation.judged.len()));
        assert_eq!(found, Ok((seen, hooks)), "{name}");
    }
}

#[test]
fn each_target_is_a_place() {
    let egress = Point::Egress(1);
    let address = "203.0.113.1".parse().expect("an address");
    for (target, place) in [
        (Target::Node, Place::Node),
        (Target::Outside(address), Place::Outside),
    ] {
        let case = case(&[egress], target);
        for (arrives, seen) in [
            (place, Seen::Delivered),
            (Place::Workload(3), Seen::PassedThenLost),
        ] {
            let judged = [(egress, Reason::PolicyAllow)];
            let found = finding(&case, &evidence(&judged, &[egress], &[arrives], 0));
            assert_eq!(
                found.map(|found| found.seen),
                Ok(seen),
                "{:?}",
                case.journey.target
            );
        }
    }
}

#[test]
fn traces_that_contradict_each_other() {
    use Reason::{NoPrefilter, PolicyAllow, PolicyDeny, PrefilterDeny};
    let passed = (UPLINK, NoPrefilter);
    let allowed = (INGRESS, PolicyAllow);
    let tap = &[UPLINK][..];
    for (name, judged, tapped, places) in [
        ("passed, and not behind", &[passed][..], &[][..], &[][..]),
        ("let in, and not behind", &[passed, allowed], tap, &[]),
        (
            "dropped, and behind",
            &[(UPLINK, PrefilterDeny)],
            tap,
            &[FIRST],
        ),
        (
            "dropped before the workload, and in it",
            &[passed, (INGRESS, PolicyDeny)],
            tap,
            &[FIRST],
        ),
        ("judged twice", &[passed, passed], tap, &[]),
        ("judged at the second hook alone", &[allowed], tap, &[FIRST]),
        (
            "judged before another workload",
            &[passed, (Point::Ingress(1), PolicyAllow)],
            tap,
            &[],
        ),
        (
            "behind twice",
            &[passed, allowed],
            &[UPLINK, UPLINK],
            &[FIRST],
        ),
        (
            "behind another's hook",
            &[passed, allowed],
            &[Point::Egress(0)],
            &[FIRST],
        ),
        (
            "arrived twice",
            &[passed, allowed],
            tap,
            &[FIRST, Place::Node],
        ),
    ] {
        assert!(
            finding(&to_workload(), &evidence(judged, tapped, places, 0)).is_err(),
            "{name}"
        );
    }
}

#[test]
fn a_malformed_frame_may_be_lost_before_the_tap() {
    let malformed = case(&[UPLINK], Target::Undeliverable(Undeliverable::Malformed));
    let passed = evidence(&[(UPLINK, Reason::PassAll)], &[], &[], 0);
    let seen = finding(&malformed, &passed).map(|observation| observation.seen);
    assert_eq!(seen, Ok(Seen::PassedThenLost));
}

/// A router believes the length in the header, and the id was behind it.
#[test]
fn what_is_left_of_a_frame_without_its_id_is_no_evidence_of_another() {
    let malformed = case(&[UPLINK], Target::Undeliverable(Undeliverable::Malformed));
    let mut cut = evidence(
        &[(UPLINK, Reason::PassAll), (INGRESS, Reason::PassAll)],
        &[UPLINK],
        &[],
        0,
    );
    cut.events[1].source_mac = [2, 0, 0, 0, 0, 1];
    for (alone, fits) in [(true, true), (false, false)] {
        let mut sightings = of_one();
        let added = sightings.add(&[shot()], alone, &cut);
        assert_eq!(added.is_ok(), fits);
        if fits {
            let seen = sightings.finding(ID, &malformed).map(|found| found.seen);
            assert_eq!(seen, Ok(Seen::Passed));
        }
    }
}

#[test]
fn a_probe_that_was_not_sent_is_no_evidence() {
    let other = Frames {
        id: ProbeId(9),
        legs: Vec::new(),
    };
    let mut sightings = Sightings::new(&[other]);
    for evidence in [
        evidence(&[(UPLINK, Reason::NoPrefilter)], &[], &[], 0),
        evidence(&[], &[UPLINK], &[], 0),
        evidence(&[], &[], &[FIRST], 0),
    ] {
        assert!(sightings.add(&[], false, &evidence).is_err());
    }
}
