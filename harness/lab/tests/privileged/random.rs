//! The programs and the interpreter on packets that were drawn at random, by test
//! run. That the interpreter and the oracle agree on such packets is the policy
//! crate's to show.

use std::collections::BTreeMap;
use std::net::IpAddr;

use libtest_mimic::Failed;
use netverdict_abi::{Event, Reason};
use netverdict_lab::filter::{Connections, Events, Filter, Install, Links};
use netverdict_policy::frame::{Body, ProbeId, build, id_of_tail};
use netverdict_policy::generate::{self, Draw};
use netverdict_policy::image::{ImageSizes, MapImage};
use netverdict_policy::journey::{Leg, Point};
use netverdict_policy::{interpret, lower};

use crate::Case;
use crate::given;

pub(crate) const CASES: &[Case] = &[
    ("programs_and_interpreter_agree_on_packets_alone", alone),
    (
        "programs_and_interpreter_agree_on_packets_in_sequence",
        in_sequence,
    ),
];

/// Policies drawn, and packets for each.
const POLICIES: u64 = 400;
const PACKETS: usize = 24;

fn alone() -> Result<(), Failed> {
    agree(false)
}

fn in_sequence() -> Result<(), Failed> {
    agree(true)
}

fn agree(track: bool) -> Result<(), Failed> {
    let room = ImageSizes {
        policy: 1 << 14,
        ..ImageSizes::default()
    };
    let mut filter = Filter::load(&given::object(), room)?;
    let mut judged = BTreeMap::new();
    for seed in 0..POLICIES {
        let mut draw = Draw::seeded(seed);
        let policy = generate::policy(&mut draw);
        let topology = generate::topology(&policy);
        let image = lower::lower(&policy).map_err(|problems| format!("{problems:?}"))?;
        let how = Install {
            events: Events::All,
            track,
            links: Links::Unchecked,
            connections: Connections::Forget,
        };
        filter.install(&image, how)?;
        let mut memory = match track {
            true => interpret::Memory::tracking(),
            false => interpret::Memory::untracked(),
        };
        let journeys = generate::sequence(&mut draw, &policy, &topology, PACKETS);
        for (number, journey) in (0..).zip(&journeys) {
            for leg in &journey.legs {
                if sends_for_another(&image, leg) {
                    break;
                }
                let frame = build(&leg.frame, ProbeId(number), [2, 0, 0, 0, 0, 1])
                    .map_err(|error| error.to_string())?;
                let kernel = judge(&mut filter, leg.point, &frame)?;
                let interpreter = interpret::judge(&image, leg.point, &frame, &mut memory);
                let expected = (interpreter.reason, interpreter.rule.0);
                assert_eq!(
                    (kernel.reason, kernel.rule),
                    expected,
                    "seed {seed}, packet {number}: {leg:?}"
                );
                *judged.entry(kernel.reason).or_insert(0) += 1;
                if kernel.reason.verdict() != netverdict_abi::Verdict::Pass {
                    break;
                }
            }
        }
    }
    assert!(judged.len() > 15, "all sorts of frames: {judged:?}");
    Ok(())
}

/// What the event of one frame said.
struct Said {
    reason: Reason,
    rule: u32,
}

fn judge(filter: &mut Filter, point: Point, frame: &[u8]) -> Result<Said, Failed> {
    let mut events: Vec<Event> = Vec::new();
    let action = filter.test_run(point.hook(), frame)?;
    filter.drain(|event| events.push(event));
    let [event] = events[..] else {
        return Err(format!("one event for one frame: {events:?}").into());
    };
    let reason = Reason::from_code(event.reason).ok_or("a reason")?;
    assert_eq!(event.hook, point.hook() as u8);
    assert_eq!(event.frame_length as usize, frame.len());
    assert_eq!(event.source_mac[..], frame[6..12]);
    let tail: [u8; 8] = frame.last_chunk().copied().unwrap_or_default();
    assert_eq!(event.tail, tail);
    assert_eq!(id_of_tail(event.tail), id_of_tail(tail));
    let passes = reason.verdict() == netverdict_abi::Verdict::Pass;
    assert_eq!(action, if passes { 2 } else { 1 }, "{reason:?}");
    Ok(Said {
        reason,
        rule: event.rule,
    })
}

/// Whether a workload sends under the address of another: a test run has no link
/// that would show it.
fn sends_for_another(image: &MapImage, leg: &Leg) -> bool {
    let (Point::Egress(sender), Body::Ip(packet)) = (leg.point, &leg.frame.body) else {
        return false;
    };
    let source: IpAddr = packet.source;
    (image.endpoints.get(&source)).is_some_and(|endpoint| endpoint.number as usize != sender)
}
