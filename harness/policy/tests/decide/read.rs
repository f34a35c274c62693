//! What is read of a frame's bytes is judged as the bytes are: the oracle, which is
//! given what [`read`] describes, and the interpreter, which has a parser of its own,
//! must agree on the frames that we make, and on what becomes of them by accident.

use netverdict_abi::Verdict;
use netverdict_policy::frame::{FrameSpec, ProbeId, Unreadable, build, describe, read};
use netverdict_policy::generate::{Draw, packet, policy, sequence, topology};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret;
use netverdict_policy::journey::{Point, route};
use netverdict_policy::lower::lower;
use netverdict_policy::model::Policy;
use netverdict_policy::oracle::{self, Decision};

use crate::agreement::check;

/// Both parties, given nothing but bytes.
struct Readers<'a> {
    policy: &'a Policy,
    image: MapImage,
    oracle: oracle::Memory,
    interpreter: interpret::Memory,
}

impl<'a> Readers<'a> {
    fn tracking(policy: &'a Policy) -> Readers<'a> {
        Readers {
            policy,
            image: lower(policy).expect("the policy compiles"),
            oracle: oracle::Memory::tracking(),
            interpreter: interpret::Memory::tracking(),
        }
    }

    /// The oracle's word on what is read, which is the interpreter's on the bytes;
    /// `None` if nothing is read.
    fn judge(&mut self, point: Point, bytes: &[u8]) -> Result<Option<Decision>, String> {
        let spec = match read(bytes) {
            Ok(spec) => spec,
            Err(Unreadable::BehindFragmentHeader(_)) => return Ok(None),
            Err(error) => return Err(format!("{error}: {bytes:02x?}")),
        };
        let decision = oracle::judge(self.policy, point, &spec, &mut self.oracle);
        let judgement = interpret::judge(&self.image, point, bytes, &mut self.interpreter);
        let same_rule = match self.image.rule(judgement.rule) {
            Some(rule) => decision.rules.contains(&rule),
            None => decision.rules.is_empty(),
        };
        if judgement.reason != decision.reason || !same_rule {
            let described = describe(&spec);
            return Err(format!(
                "at {point:?}: {described}\n{spec:?}\n{bytes:02x?}\noracle {decision:?}\nimage \
                 {judgement:?}"
            ));
        }
        Ok(Some(decision))
    }
}

fn bytes_of(spec: &FrameSpec, id: u32) -> Vec<u8> {
    build(spec, ProbeId(id), [2, 0, 0, 0, 0, 1]).expect("the frame has bytes")
}

#[test]
fn what_is_read_of_a_drawn_frame_is_judged_as_the_frame_is() {
    check(1500, |draw| {
        let policy = policy(draw);
        let mut readers = Readers::tracking(&policy);
        let mut memory = oracle::Memory::tracking();
        let journeys = sequence(draw, &policy, &topology(&policy), 16);
        for (journey, id) in journeys.into_iter().zip(0x0700_4000..) {
            for leg in &journey.legs {
                let said = readers.judge(leg.point, &bytes_of(&leg.frame, id))?;
                let right = oracle::judge(&policy, leg.point, &leg.frame, &mut memory);
                let described = describe(&leg.frame);
                if said.as_ref() != Some(&right) {
                    return Err(format!("{described}\nread {said:?}\nright {right:?}"));
                }
                if right.verdict() != Verdict::Pass {
                    break;
                }
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_read_of_a_damaged_frame_is_judged_as_its_bytes_are() {
    check(3000, |draw| {
        let policy = policy(draw);
        let topology = topology(&policy);
        let mut readers = Readers::tracking(&policy);
        for id in 0..24 {
            let (sender, spec) = packet(draw, &policy);
            let mut bytes = bytes_of(&spec, id);
            damage(draw, &mut bytes);
            let journey = route(&topology, sender, spec);
            for leg in &journey.legs {
                readers.judge(leg.point, &bytes)?;
            }
        }
        Ok(())
    });
}

/// Bits that flip, bytes that change for such as mean something in a header, ends
/// that are cut off, and padding.
fn damage(draw: &mut Draw, bytes: &mut Vec<u8>) {
    for _ in 0..1 + draw.below(4) {
        let at = match draw.once_in(3) {
            true => draw.below(bytes.len()),
            // Headers are where mistakes are.
            false => 12 + draw.below(bytes.len().min(96) - 12),
        };
        match draw.below(6) {
            0 | 1 => bytes[at] ^= 1 << draw.below(8),
            2 => {
                bytes[at] = *draw.one(&[
                    0, 1, 4, 5, 6, 8, 17, 43, 44, 51, 58, 59, 60, 132, 135, 139, 140, 0x45, 0x4f,
                    0x60, 0x81, 0xff,
                ]);
            }
            3 => {
                let word = *draw.one(&[0x0800_u16, 0x86dd, 0x8100, 0x88a8, 0x2000, 0x0001, 40]);
                let at = (at & !1).min(bytes.len() - 2);
                bytes[at..at + 2].copy_from_slice(&word.to_be_bytes());
            }
            4 => bytes.truncate(at.max(14)),
            _ => bytes.extend(vec![0; draw.below(9)]),
        }
    }
}

/// What is read has bytes again, which are judged alike.
#[test]
fn what_is_read_can_be_made_again() {
    check(1500, |draw| {
        let policy = policy(draw);
        let mut readers = Readers::tracking(&policy);
        let mut again = Readers::tracking(&policy);
        for id in 0..12 {
            let (_, spec) = packet(draw, &policy);
            let mut bytes = bytes_of(&spec, id);
            damage(draw, &mut bytes);
            let Ok(spec) = read(&bytes) else {
                continue;
            };
            let made = build(&spec, ProbeId(id), [2, 0, 0, 0, 0, 1])
                .map_err(|error| format!("{error}: {spec:?}\n{bytes:02x?}"))?;
            let (said, right) = (
                again.judge(Point::Uplink, &made)?,
                readers.judge(Point::Uplink, &bytes)?,
            );
            if said != right || describe(&spec).is_empty() {
                return Err(format!("{spec:?}\nmade again {said:?}\nread {right:?}"));
            }
        }
        Ok(())
    });
}
