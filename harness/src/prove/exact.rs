//! Packets whose reason and rule are looked at as well, one at a time.

use netverdict_abi::{Event, Verdict};
use netverdict_lab::filter::{EventReader, Events, Filter};
use netverdict_policy::frame::{Frame, FrameSpec, ProbeId, build};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret::{self, Judgement};
use netverdict_policy::journey::Point;
use netverdict_policy::oracle::Decision;

use super::party::ProveError;
use crate::lanes::accounting;
use crate::matrix::judge::verdict;
use crate::outcome::says_the_same;

/// What a party said of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// What it did.
    pub verdict: Verdict,
    /// Why, and by which rule; `None` if it did not say so, or in words that there are
    /// not.
    pub why: Option<Judgement>,
}

impl Said {
    /// Whether it did what the policy says, for its reason and by one of its rules.
    pub fn agrees(&self, decision: &Decision, image: &MapImage) -> bool {
        self.verdict == decision.verdict()
            && (self.why).is_some_and(|word| says_the_same(decision, word, image))
    }
}

/// A party that says why.
#[derive(Debug)]
pub enum Witness<'a> {
    /// The program in the kernel, set to report every frame.
    Kernel {
        /// The filter.
        filter: &'a mut Filter,
        /// Its reports.
        events: EventReader,
        /// The next frame's number.
        next: u32,
    },
    /// The interpreter.
    Model {
        /// Of this image.
        image: &'a MapImage,
        /// What it remembers of flows.
        memory: interpret::Memory,
    },
}

impl<'a> Witness<'a> {
    /// The program in the kernel.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn kernel(filter: &'a mut Filter) -> Result<Witness<'a>, ProveError> {
        filter.report(Events::All)?;
        filter.forget()?;
        Ok(Witness::Kernel {
            events: filter.events(),
            filter,
            next: 1,
        })
    }

    /// The interpreter.
    pub fn model(image: &'a MapImage) -> Witness<'a> {
        Witness::Model {
            image,
            memory: interpret::Memory::untracked(),
        }
    }

    /// Forgets which flows bypass the policy.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn forget(&mut self) -> Result<(), ProveError> {
        match self {
            Witness::Kernel { filter, .. } => filter.forget()?,
            Witness::Model { memory, .. } => *memory = interpret::Memory::untracked(),
        }
        Ok(())
    }

    /// Builds the packet and tries it; the frame comes with what was said of it.
    ///
    /// # Errors
    /// Where it has no bytes, or the kernel refuses.
    pub fn judge(&mut self, point: Point, spec: &FrameSpec) -> Result<(Said, Frame), ProveError> {
        match self {
            Witness::Kernel {
                filter,
                events,
                next,
            } => {
                let id = ProbeId(*next);
                *next = next.wrapping_add(1);
                let frame = build(spec, id, [0; 6])?;
                events.drain(|_| {});
                let action = filter.test_run(point.hook(), &frame)?;
                let verdict = verdict(point, action)?;
                let mut reported: Vec<Event> = Vec::with_capacity(1);
                events.drain(|event| reported.push(event));
                let why = match &reported[..] {
                    [event] => why(point, id, event),
                    _ => None,
                };
                Ok((Said { verdict, why }, frame))
            }
            Witness::Model { image, memory } => {
                let frame = build(spec, ProbeId(1), [0; 6])?;
                let judgement = interpret::judge(image, point, &frame, memory);
                let said = Said {
                    verdict: judgement.reason.verdict(),
                    why: Some(judgement),
                };
                Ok((said, frame))
            }
        }
    }
}

/// What the event of this very frame says.
fn why(point: Point, id: ProbeId, event: &Event) -> Option<Judgement> {
    let account = accounting::read(event).ok()?;
    let of_this = account.probe == Some(id) && account.hook == point.hook();
    of_this.then_some(Judgement {
        reason: account.reason,
        rule: account.rule,
        proposed: account.proposed,
    })
}
